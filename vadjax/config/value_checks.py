"""What each value of a config has to be: of the default's type, finite, and not below 0."""

import math
from collections.abc import Mapping
from typing import Any

# What a random key, and a size on a device, can be; and the largest power of ten in float32.
LARGEST: dict[type, float] = {int: 2**31 - 1, float: 1e38}
_SIGNED = ("evaluate.threshold_value",)  # scores may be negative
_WORDS = {bool: "True or False", int: "a whole number", float: "a number", str: "text"}


def faults_of_values(flat: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    """Return which values are of another kind than their default, or no sensible number.

    Args:
        flat: the config.
        defaults: the same keys with their defaults.

    Returns:
        A sentence for each fault.
    """
    missing = [key for key in defaults if key not in flat]
    if missing:
        some = ", ".join(missing[:3]) + ", ..." * (len(missing) > 3)
        return [
            f"{len(missing)} keys are missing ({some}): let get_config start from "
            "vadjax.config.default_config()."
        ]
    return [
        f"{key} is {shown(flat[key])}; {why}."
        for key, default in defaults.items()
        if (why := _fault(flat[key], default))
    ]


def negatives(flat: Mapping[str, Any]) -> dict[str, str]:
    """Return which numbers are below 0: key -> a sentence."""
    return {
        key: f"{key} is {value}; it must be 0 or more."
        for key, value in flat.items()
        if isinstance(value, (int, float)) and value < 0 and key not in _SIGNED
    }


def shown(value: object) -> str:
    """Return a value for a message, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:60]}..."


def _fault(value: Any, default: Any) -> str:
    """Return what a value has to be, or "" where it is that."""
    if isinstance(default, tuple):
        if not isinstance(value, (tuple, list)):
            return "it must be a tuple of whole numbers such as (64,)"
        wrong = [each for each in value if _fault(each, default[0])]
        if not wrong:
            return ""
        return f"{shown(wrong[0])} in it must be {_WORDS[type(default[0])]}"
    if default is None:  # a number that may be left out
        return "" if value is None else _fault(value, 0.0)
    kind = type(default)
    fits = {
        bool: isinstance(value, bool),
        int: isinstance(value, int) and not isinstance(value, bool),
        float: isinstance(value, (int, float)) and not isinstance(value, bool),
        str: isinstance(value, str),
    }[kind]
    if not fits:
        return f"it must be {_WORDS[kind]}"
    if kind is str:
        return "it must be one line of text" if set(value) & set("\0\n\r") else ""
    if kind is bool:
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return "it must be a finite number"
    return f"it must be at most {LARGEST[kind]}" if value > LARGEST[kind] else ""
