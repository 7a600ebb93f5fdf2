"""What is kept of each decoded picture, in a few bytes."""

from array import array

import numpy as np

from vadjax.data.decoding.decode import Picture
from vadjax.data.frames.timing import UNKNOWN


class Seen:
    """The pictures of one pass over a video file, in order.

    Attributes:
      damaged: numbers of those within which the decoder has met errors.
      sizes: (number of the first picture, its height and width) wherever the size changes.
    """

    def __init__(self) -> None:
        self._ticks = array("q")
        self.damaged = array("q")
        self.sizes: list[tuple[int, tuple[int, int]]] = []

    def __len__(self) -> int:
        return len(self._ticks)

    def add(self, picture: Picture) -> None:
        """Note the next picture."""
        if picture.is_damaged:
            self.damaged.append(len(self))
        if not self.sizes or self.sizes[-1][1] != picture.size:
            self.sizes.append((len(self), picture.size))
        self._ticks.append(UNKNOWN if picture.ticks is None else picture.ticks)

    @property
    def ticks(self) -> np.ndarray:
        """Presentation times int64 [n], `timing.UNKNOWN` where the file gives none."""
        return np.array(self._ticks, np.int64)
