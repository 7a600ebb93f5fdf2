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
        value = text if kind is str else ast.literal_eval(text)
        config.update_from_flattened_dict({key: value})
    except (ValueError, SyntaxError, TypeError, OverflowError, MemoryError, RecursionError):
        raise UserError(f"config argument {shown(part)}: {key} wants a {kind.__name__}") from None
    if key == "features.backbone" and not backbones.takes_any_size(text):
        config.features.height = config.features.width = 0
