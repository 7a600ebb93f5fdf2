"""Rows of a clip that is changed: of a long video no changed copy is held, only what is read."""

from collections.abc import Callable
from typing import overload

import numpy as np

Look = Callable[[np.ndarray], np.ndarray]


class ChangedRows:
    """The rows of a clip that plays faster or backwards, and looks different.

    Args:
        rows: `content.ROW` [t] of the clip.
        look: makes rows [n] of rows [n], frame by frame.
        every: of the clip's frames the nearest to each `every`th is kept, 1 or more.
        backwards: the last frame comes first.
        part: of the frames that there are then.
    """

    def __init__(
        self,
        rows: np.ndarray,
        look: Look,
        *,
        every: float = 1.0,
        backwards: bool = False,
        part: range | None = None,
    ):
        self._rows, self._look, self._every, self._backwards = rows, look, every, backwards
        kept = int(np.ceil((len(rows) - 0.5) / every)) if len(rows) else 0
        self._part = range(kept) if part is None else part

    def __len__(self) -> int:
        return len(self._part)

    @overload
    def __getitem__(self, at: slice) -> "ChangedRows": ...

    @overload
    def __getitem__(self, at: np.ndarray) -> np.ndarray: ...

    def __getitem__(self, at: slice | np.ndarray) -> "ChangedRows | np.ndarray":
        """Return other changed rows of a slice without step; rows `content.ROW` [n] of int [n]."""
        if isinstance(at, slice):
            return ChangedRows(
                self._rows,
                self._look,
                every=self._every,
                backwards=self._backwards,
                part=self._part[at],
            )
        frames = np.round((self._part.start + at) * self._every).astype(np.int64)
        if self._backwards:
            frames = len(self._rows) - 1 - frames
        return self._look(self._rows[frames])


Rows = np.ndarray | ChangedRows
