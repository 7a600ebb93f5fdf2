"""The plan of a sweep: its runs, and the groups of runs that train as one population."""

import dataclasses
import inspect
import itertools
import pathlib
from collections.abc import Callable, Mapping, Sequence

from ml_collections import ConfigDict

from vadjax import config as configs
from vadjax.config import user_code
from vadjax.detectors import inputs_of
from vadjax.errors import UserError

# Arrays in the training state: runs that differ in these alone share one compiled program.
TRACED_KEYS = ("seed", "train.learning_rate", "train.weight_decay", "model.dropout")
INPUT_SECTIONS = ("dataset", "features", "window")
MAIN_KEYS = ("dataset.name", "dataset.protocol", "features.backbone", "model.name")
SHORT = {
    "train.learning_rate": "lr",
    "train.weight_decay": "wd",
    "features.backbone": "backbone",
    "detector.name": "detector",
}
ALIASES = {**configs.ABBREVIATIONS, "train.lr": "train.learning_rate"}
EXAMPLES = {
    "sweep": "one that calls add(seed=0, ...) for each run, as configs/sweeps/synthetic_rates.py",
    "space": "one that calls add('train.learning_rate', low=1e-4, high=1e-2, log=True) for each "
    "axis, as configs/sweeps/synthetic_search.py",
}


@dataclasses.dataclass(frozen=True)
class Spec:
    """One run of a sweep.

    Attributes:
        name: of its folder: a number, and the values that differ between the runs.
        values: config keys and their values, as the sweep function added them.
        config: validated.
    """

    name: str
    values: Mapping[str, object]
    config: ConfigDict

    @property
    def shape_key(self) -> str:
        """A fingerprint that is equal for runs that can train in one population."""
        flat = configs.flatten(self.config.to_dict())
        key = {k: v for k, v in flat.items() if k not in TRACED_KEYS}
        # Without dropout the model is compiled without it.
        return configs.fingerprint({**key, "drops": flat["model.dropout"] > 0})

    @property
    def input_key(self) -> str:
        """A fingerprint that is equal for runs that share data, features and baselines."""
        config = self.config.to_dict()
        inputs = list(inputs_of(self.config))
        return configs.fingerprint({"inputs": inputs} | {n: config[n] for n in INPUT_SECTIONS})


def load_function(file: str | pathlib.Path, name: str = "sweep") -> Callable:
    """Return the function `sweep(add)` or `space(add)` of a config file.

    Args:
        file: a Python file.
        name: the function's name.

    Returns:
        The function.

    Raises:
        UserError: the file is not a Python file or has no such function.
    """
    module = user_code.load(file, "sweep_config")
    if not callable(getattr(module, name, None)):
        raise UserError(f"{file} has no function {name}(add); write {EXAMPLES[name]} does.")
    return getattr(module, name)


def read_sweep(sweep: Callable, base: ConfigDict, argument: str = "") -> list[Spec]:
    """Return the runs that `sweep(add)` adds to the config `base`.

    Args:
        sweep: calls `add` once for each run, with config keys as keywords, dotted ones through
            `**{"train.learning_rate": 1e-3}`; the short forms of `ALIASES` are accepted too. A
            function of two parameters, `sweep(add, arg)`, also gets `argument`.
        base: the config that the runs change; it is not modified.
        argument: the text after the colon of --config.

    Returns:
        The runs in their order; runs that are added twice count once.

    Raises:
        UserError: no run is added, a key is unknown, or a config is not valid; lists all faults.
    """
    known = configs.flatten(base.to_dict())
    added: list[dict] = []

    def add(**values) -> None:
        values = configs.upgrade({ALIASES.get(key, key): value for key, value in values.items()})
        for key in values:
            if key not in known:
                raise configs.unknown_key(key, known)
        if values not in added:
            added.append(values)

    with user_code.guarded(inspect.getsourcefile(sweep) or "the sweep"):
        sweep(*(add, argument)[: len(inspect.signature(sweep).parameters)])
    if not added:
        raise UserError("the sweep is empty: its function never called add(); is an axis empty?")
    varied = varied_keys(added)
    specs, faults = [], []
    for number, values in enumerate(added):
        config = base.copy_and_resolve_references()
        try:
            config.update_from_flattened_dict(values)
            specs.append(Spec(_name(number, values, varied), values, configs.validate(config)))
        except (UserError, TypeError, ValueError) as error:
            faults.append(f"run {number} ({values}): {error}")
    if faults:
        shown = faults[:5] + ([f"and {len(faults) - 5} more"] if len(faults) > 5 else [])
        raise UserError("the sweep has runs that are not valid:\n  " + "\n  ".join(shown))
    return specs


def group_by_shape(specs: Sequence[Spec]) -> list[list[Spec]]:
    """Return the groups of runs that share a compiled program, in the order of their first runs."""
    by_shape: dict[str, list[Spec]] = {}
    for spec in specs:
        by_shape.setdefault(spec.shape_key, []).append(spec)
    return list(by_shape.values())


def varied_keys(added: Sequence[Mapping]) -> list[str]:
    """Return the keys that have more than one value, in their first order."""
    keys = dict.fromkeys(itertools.chain.from_iterable(added))
    return [k for k in keys if len({repr(values.get(k)) for values in added}) > 1]


def describe_groups(groups: Sequence[Sequence[Spec]]) -> list[str]:
    """Return a line for each group: its data, protocol, backbone, model, and what differs."""
    firsts = [group[0] for group in groups]
    keys = dict.fromkeys(key for spec in firsts for key in spec.values)
    differing = [
        key
        for key in keys
        if key not in (*TRACED_KEYS, *MAIN_KEYS)
        and len({repr(spec.values.get(key)) for spec in firsts}) > 1
    ]
    lines = []
    for group, spec in zip(groups, firsts, strict=True):
        flat = configs.flatten(spec.config.to_dict())
        words = [str(flat[key]) for key in MAIN_KEYS]
        words += [f"{key}={flat[key]}" for key in differing]
        lines.append(f"{len(group)} x {', '.join(words)}")
    return lines


def _name(number: int, values: Mapping, varied: Sequence[str]) -> str:
    """Name a run's folder.

    >>> _name(3, {"seed": 1, "train.learning_rate": 0.001}, ["seed", "train.learning_rate"])
    '0003-seed=1-lr=0.001'
    """
    parts = [f"{number:04d}"]
    for key in varied:
        if key in values:
            value = values[key]
            text = "x".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
            parts.append(f"{SHORT.get(key, key.rpartition('.')[2])}={text}")
    return "-".join(parts).replace("/", "_")[:120]
