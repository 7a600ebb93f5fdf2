"""Predict the last row of a window from the rows before it."""

import dataclasses
from typing import Any

from vadjax.models.objectives.squared_error import SquaredError, fields


@dataclasses.dataclass(frozen=True)
class Predict(SquaredError):
    """The model predicts rows from the rows before them; the last row's error is the score."""

    name = "predict"


def build(config: Any) -> Predict:
    """Build it from the config section `objective`."""
    return Predict(**fields(config))
