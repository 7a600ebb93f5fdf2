"""Features that stand in the place of frames, where the pictures are not there."""

import os
import weakref
from collections.abc import Callable, Sequence

import numpy as np

from vadjax.data.frames.on_demand import Frames
from vadjax.errors import UserError


class FeatureRows(Frames):
    """The rows of one clip in the place of its frames; there is no picture to be read.

    Args:
        num_rows: how many.
        read: returns them, float [t, d] or [t, crops, d]; called when they are first asked for.
        files: that they are read from.
    """

    pictures = False

    def __init__(
        self,
        num_rows: int,
        read: Callable[[], np.ndarray],
        *,
        files: Sequence[str | os.PathLike] = (),
    ):
        super().__init__(num_rows, size=(0, 0), files=files)
        self._make = read
        self._kept: Callable[[], np.ndarray | None] = lambda: None

    @property
    def rows(self) -> np.ndarray:
        """Features [t, d] or [t, crops, d], memory-mapped where the file allows it.

        What had to be computed, such as the mean of crops, is kept for as long as somebody uses it.

        Raises:
            UserError: the files have changed since they were measured.
        """
        if (kept := self._kept()) is not None:
            return kept
        rows = self._make()
        if len(rows) != len(self):
            raise UserError(
                f"{self.files[0]} holds {len(rows)} rows and had {len(self)}: it was changed "
                "while it was used; run again."
            )
        self._kept = (lambda: rows) if hasattr(rows, "_mmap") else weakref.ref(rows)
        return rows

    @property
    def channels(self) -> int:
        """None: there are no pictures."""
        return 0

    def _read(self, index: int) -> np.ndarray:
        raise UserError(f"{self.files[0]} holds features; there is no picture of frame {index}.")
