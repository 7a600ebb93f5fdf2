"""The check of metrics.json against its schema.

Version 1. Keys may be added within a version; renaming one or changing a meaning makes a new one.
What is undefined is null, with a reason at its dotted path (or that of a part it is in) in
`reasons`; items of a list share the path `name[]`. `remarks` explains, by the same paths,
values that need it.
"""

import functools
import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import fastjsonschema
import jsonschema

from vadjax.errors import UserError
from vadjax.evaluation.schema_tables import FREE, SCHEMA, VERSION

_READ = (
    *("dataset", "protocol", "detector", "warnings", "lookahead_frames", "seeds", "threshold"),
    *("videos", "frame", "accounting", "baselines", "environment", "reasons"),
)
RENAMED = {"stamps": "warnings"}  # older key -> today's
RENAMED_EVENTS = {
    "detected": "touched",
    "detection_rate": "touched_rate",
    "median_delay_detected_frames": "median_delay_touched_frames",
}
RENAMED_BASELINES = {"motion_difference": "frame_difference", "motion_flow": "flow_box"}


def _items(
    checker: jsonschema.protocols.Validator, schema: Mapping, values: list, whole: Mapping
) -> Iterator[jsonschema.ValidationError]:
    """Check a list's items; a list of numbers, as curves are, at once."""
    if not isinstance(values, list):
        return  # its type is a fault of its own
    kind, low, high = (schema.get(key) for key in ("type", "minimum", "maximum"))
    if kind == "number" and not set(schema) - {"type", "minimum", "maximum"}:
        plain = values and {type(value) for value in values} <= {int, float}
        if plain and (low is None or min(values) >= low) and (high is None or max(values) <= high):
            return
    yield from _STANDARD.VALIDATORS["items"](checker, schema, values, whole)


@functools.cache
def _compiled(*, of_values: bool) -> Callable[[Any], Any]:
    """Compile the schema; jsonschema, which names all faults, is slow.

    Args:
        of_values: without which keys there may be and have to be.
    """

    def part(schema: Any, names: bool = False) -> Any:
        """Copy a schema, or what `names` lead to; the library knows its words, not its draft."""
        if not isinstance(schema, Mapping):
            return schema
        return {
            key: part(value, key == "properties" and not names)
            for key, value in schema.items()
            if names or not (key == "$schema" or (of_values and _of_keys(key, value)))
        }

    return fastjsonschema.compile(part(SCHEMA), use_default=False, use_formats=False)


def _of_keys(word: str, value: Any) -> bool:
    """Return whether a word of a schema says which keys there may be, or have to be."""
    return word == "required" or (word == "additionalProperties" and value is False)


def _fits(plain: Any, *, of_values: bool = False) -> bool:
    """Return whether plain JSON types are as the schema has them."""
    try:
        _compiled(of_values=of_values)(plain)
    except fastjsonschema.JsonSchemaValueException:
        return False
    return True


_STANDARD = jsonschema.Draft202012Validator
_CHECKER = jsonschema.validators.extend(_STANDARD, {"items": _items})(SCHEMA)


def validate(metrics: Mapping) -> dict:
    """Check a metrics dict against the schema.

    Returns:
        The same as plain JSON types, as it reads back from the file.

    Raises:
        UserError: lists every fault with its path: schema, a number that is not finite, a value
            that JSON cannot hold, a null without a reason.
    """
    faults, reasons = [], metrics.get("reasons") or {}
    for path, value in _leaves(metrics, ""):
        if isinstance(value, float) and not math.isfinite(value):
            faults.append(f"{path} is {value}; what is undefined is null")
        elif not isinstance(value, (str, int, float, type(None))):
            faults.append(f"{path} is of type {type(value).__name__}, which JSON cannot hold")
        elif value is None and not any(reasons.get(p) or p in FREE for p in _ancestors(path)):
            faults.append(f"{path} is null without a reason")
    plain: dict = {}
    if not faults:
        plain = json.loads(json.dumps(metrics))
        if _fits(plain):
            return plain
        faults = [f"{error.json_path[2:]} {error.message}" for error in _CHECKER.iter_errors(plain)]
    if faults:
        shown = "\n  ".join(dict.fromkeys(faults))
        raise UserError(f"metrics are not as schema version {VERSION} has them:\n  {shown}")
    return plain


def faults_of_saved(metrics: Mapping) -> list[str]:
    """Return what is wrong with a metrics.json that was read back, after `upgrade`.

    Keys that are unknown or missing are no faults: another version may have added them. Those
    that pages and `detect` read have to be there.
    """
    missing = [f"{key} is missing" for key in _READ if key not in metrics]
    threshold = metrics.get("threshold")
    if isinstance(threshold, Mapping):
        missing += [f"threshold.{k} is missing" for k in ("rule", "values") if k not in threshold]
    return missing + wrong_values(metrics)


def wrong_values(metrics: Mapping) -> list[str]:
    """Return which values are of another kind than the schema says."""
    if _fits(metrics, of_values=True):
        return []
    return [
        f"{error.json_path[2:] or 'it'}: {error.message[:120]}"
        for error in _CHECKER.iter_errors(metrics)
        if not _of_keys(error.validator, error.validator_value)
    ]


def upgrade(metrics: Mapping) -> dict:
    """Return the dict of an older metrics.json under today's keys; every reader calls this."""
    today = {RENAMED.get(key, key): value for key, value in metrics.items()}
    for part in ("baselines", "baseline_titles"):
        if isinstance(named := today.get(part), Mapping):
            today[part] = {RENAMED_BASELINES.get(name, name): named[name] for name in named}
    threshold = today.get("threshold")
    if isinstance(threshold, Mapping) and isinstance(events := threshold.get("events"), Mapping):
        named = {RENAMED_EVENTS.get(name, name): events[name] for name in events}
        today["threshold"] = threshold = {**threshold, "events": named}
    if isinstance(threshold, Mapping) and "specificity" not in threshold:
        wrong = threshold.get("false_positive_rate")
        if isinstance(wrong, (int, float)):
            today["threshold"] = {**threshold, "specificity": 1 - wrong}
    for part in ("reasons", "remarks"):
        if isinstance(by_path := today.get(part), Mapping):
            today[part] = {_renamed_path(path): by_path[path] for path in by_path}
    return today


def _renamed_path(path: str) -> str:
    """Return today's form of a dotted path that starts at the top."""
    first, *rest = path.split(".")
    if first in ("baselines", "baseline_titles") and rest:
        rest[0] = RENAMED_BASELINES.get(rest[0], rest[0])
    if first == "threshold" and rest[:1] == ["events"]:
        rest = [RENAMED_EVENTS.get(name, name) for name in rest]
    return ".".join([RENAMED.get(first, first), *rest])


def null_paths(metrics: Mapping) -> set[str]:
    """Return the dotted paths of all nulls."""
    return {path for path, value in _leaves(metrics, "") if value is None}


def _leaves(tree: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield (dotted path, value) of everything that is neither a mapping nor a list.

    Of a list of numbers, as curves are, only those that are not finite.
    """
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(tree, (list, tuple)):
        if {type(value) for value in tree} <= {int, float}:
            tree = [value for value in tree if not math.isfinite(value)]
        for value in tree:
            yield from _leaves(value, f"{path}[]")
    else:
        yield path, tree


def _ancestors(path: str) -> Iterator[str]:
    """Yield `path` and every part it is in, e.g. videos[].auc, videos[], videos."""
    while path:
        yield path
        if path.endswith("[]"):
            path = path[:-2]
        else:
            path = path.rpartition(".")[0]
