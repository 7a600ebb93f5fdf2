"""The maps of a video while they are made: filled a batch at a time, and scaled."""

import numpy as np

from vadjax.data.arrays.new_array import New
from vadjax.data.arrays.row_view import BLOCK_BYTES, release


class Filling:
    """The maps of one video; a batch is fetched when the next one is launched.

    Args:
        new: makes the array.
    """

    def __init__(self, new: New):
        self._new, self.batches = new, 0
        self._maps: np.ndarray | None = None
        self._launched: tuple | None = None

    def add(self, launched, start: int, total: int) -> None:
        """Take a batch of maps on their way, [b, h, w].

        Args:
            launched: the batch.
            start: frame of the segment that is its first; below 0 where it begins before.
            total: frames of the segment.
        """
        if self._maps is None:
            self._maps = self._new((total, *launched.shape[1:]))
        self.whole()
        self._launched = launched, start
        self.batches += 1

    def whole(self) -> np.ndarray:
        """Fetch what is on its way; return the maps, [t, h, w]."""
        assert self._maps is not None  # a batch was added
        if self._launched is not None:
            part, start = np.asarray(self._launched[0]), self._launched[1]
            low, high = max(start, 0), min(start + len(part), len(self._maps))
            if low < high:
                self._maps[low:high] = part[low - start : high - start]
            release(self._maps)
            self._launched = None
        return self._maps


def scale(maps: np.ndarray, scores: np.ndarray) -> None:
    """Scale maps in place, a stretch at a time; see `scaled`.

    Args:
        maps: float32 [t, h, w].
        scores: float [t].
    """
    step = max(1, BLOCK_BYTES // max(1, maps[:1].nbytes))
    for start in range(0, len(maps), step):
        at = slice(start, start + step)
        maps[at] = scaled(maps[at], scores[at])
        release(maps)


def scaled(maps: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Scale maps [t, h, w] so that each one's mean is its score [t]; maps of zeros stay zeros.

    A class activation map says in which proportions, the score says how much: what a place holds
    is its share of the score. One map is then to another as the frames' scores are.

    Args:
        maps: float [t, h, w], at least 0.
        scores: float [t].

    Returns:
        float32 [t, h, w].
    """
    mean = maps.mean((1, 2), dtype=np.float64)
    factor = np.divide(scores, mean, out=np.zeros_like(mean), where=mean > 0)
    return (maps * factor[:, None, None]).astype(np.float32)
