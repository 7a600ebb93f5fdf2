"""Assignments as text, such as what follows the colon of --config=FILE:KEY=VALUE."""

import ast
import re

from ml_collections import ConfigDict

from vadjax import backbones
from vadjax.config import renamed
from vadjax.config.defaults import flatten
from vadjax.config.meanings import unknown_key
from vadjax.config.value_checks import shown
from vadjax.errors import UserError

ABBREVIATIONS = {"backbone": "features.backbone", "detector": "detector.name"}


def with_argument(config: ConfigDict, argument: str) -> ConfigDict:
    """Apply what follows the colon of --config=FILE:ARGUMENT; return `config`.

    Args:
        config: changed in place.
        argument: assignments as `assign` takes them, with commas between them.

    Returns:
        `config`.

    Raises:
        UserError: no key=value, an unknown key, a value of another type.
    """
    for part in filter(None, re.split(r",(?![^(]*\))", argument)):  # no commas in parentheses
        assign(config, part)
    return config


def names_quoted(text: str, default: object) -> str:
    """Quote the names of a list of names, which a person writes without quotes.

    >>> names_quoted("speed,look", ("speed", "look", "course", "still"))
    "('speed', 'look')"

    Args:
        text: value of a key, as typed.
        default: of the key.

    Returns:
        The value as Python writes it; what is no list of names, or has quotes, as it was.
    """
    if not isinstance(default, tuple) or not all(isinstance(each, str) for each in default):
        return text
    if not default or "'" in text or '"' in text:
        return text
    names = (name.strip() for name in text.strip().strip("()").split(","))
    return repr(tuple(name for name in names if name))


def assign(config: ConfigDict, part: str) -> None:
    """Set one key of `config` from text.

    Args:
        config: changed in place.
        part: "key=value": the key as in the config, dotted, or one of `ABBREVIATIONS`; the value
            as Python writes it, strings without quotes. A backbone that takes its own input size
            alone gets that.

    Raises:
        UserError: no key=value, an unknown key, a value of another type.
    """
    known = flatten(config.to_dict())
    key, equals, text = part.partition("=")
    if not equals:
        raise UserError(
            f"config argument {shown(part)} is no key=value; write, for instance, "
            "--config=configs/ped2_lstm.py:backbone=resnet50"
        )
    [key] = renamed.upgrade({ABBREVIATIONS.get(key, key): None})
    if key not in known:
        raise unknown_key(key, known)
    kind = type(known[key])
    try:
        value = text if kind is str else ast.literal_eval(names_quoted(text, known[key]))
        config.update_from_flattened_dict({key: value})
    except (ValueError, SyntaxError, TypeError, OverflowError, MemoryError, RecursionError):
        raise UserError(f"config argument {shown(part)}: {key} wants a {kind.__name__}") from None
    if key == "features.backbone" and not backbones.takes_any_size(text):
        config.features.height = config.features.width = 0
