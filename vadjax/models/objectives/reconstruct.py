"""Reconstruct the rows of a window."""

import dataclasses
from typing import Any

from vadjax.models.objectives.squared_error import SquaredError, fields


@dataclasses.dataclass(frozen=True)
class Reconstruct(SquaredError):
    """The model reconstructs the rows of the window; each row's error is its score."""

    name = "reconstruct"

    def num_scored(self, t: int) -> int:
        """All rows."""
        return t

    def lookahead(self, t: int, bidirectional: bool) -> int:
        """Return for how many later frames the score of a frame waits.

        Args:
            t: rows of a window.
            bidirectional: not used.

        Returns:
            Frames: the rest of the window that the frame opens.
        """
        return t - 1


def build(config: Any) -> Reconstruct:
    """Build it from the config section `objective`."""
    return Reconstruct(**fields(config))
