"""Reconstruct the last row of a window, which the model may read with the rows before it."""

import dataclasses
from typing import Any

from vadjax.models.objectives.squared_error import SquaredError, fields


@dataclasses.dataclass(frozen=True)
class ReconstructLast(SquaredError):
    """The model rebuilds the window's last row; its error is the score, without look-ahead."""

    name = "reconstruct_last"


def build(config: Any) -> ReconstructLast:
    """Build it from the config section `objective`."""
    return ReconstructLast(**fields(config))
