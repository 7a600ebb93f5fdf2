"""Keys and values of a config that have another name today: old ones are accepted with one line."""

import functools
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

# Key -> {old value: new value}; and old key -> new key.
VALUES: dict[str, dict[object, str]] = {
    "model.name": {"place_scanner": "unet_segmenter", "motion_scanner": "appearance_to_flow"},
}
KEYS: dict[str, str] = {}
# Keys that older runs did not have and whose default is not what those did: what they did.
BEFORE: dict[str, object] = {
    "features.aspect": "checkpoint",
    "score.first_frames": "fill",
    "evaluate.cross_fit": 0,
}


def upgrade(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return flat keys and values by today's names; each old name is reported once.

    >>> upgrade({"seed": 0, "model.name": "unet_segmenter"})
    {'seed': 0, 'model.name': 'unet_segmenter'}
    """
    today = {}
    for key, value in flat.items():
        if (new_key := KEYS.get(key, key)) != key:
            _report(key, new_key)
        names = VALUES.get(new_key, {})
        new_value = names.get(value, value) if isinstance(value, str) else value
        if new_value is not value:
            _report(f"{new_key}={value}", f"{new_key}={new_value}")
        today[new_key] = new_value
    return today


def upgrade_arguments(arguments: Sequence[str]) -> list[str]:
    """Return command-line arguments with today's keys in --config.KEY=VALUE and --config.KEY."""
    return [re.sub(r"^(--(?:no)?config\.)([\w.]+)", _new_key, text) for text in arguments]


def first_names(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return flat keys and values by their oldest names, of which the hash of a run is made."""
    old_keys = {new: old for old, new in reversed(KEYS.items())}
    first = {}
    for key, value in flat.items():
        names = {new: old for old, new in VALUES.get(key, {}).items()}
        first[old_keys.get(key, key)] = names.get(value, value) if isinstance(value, str) else value
    return first


def _new_key(match: re.Match) -> str:
    if match[2] in KEYS:
        _report(match[2], KEYS[match[2]])
    return match[1] + KEYS.get(match[2], match[2])


@functools.cache  # a table of a thousand old runs says it once
def _report(old: str, new: str) -> None:
    print(f"vadjax: {old} is called {new} now; the old name is accepted.", file=sys.stderr)
