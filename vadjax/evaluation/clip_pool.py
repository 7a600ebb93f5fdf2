"""Scores of clips, sorted once: quantiles of any draw of the clips, and with one left out.

Clips are redrawn hundreds of times, and left out one by one each time. Sorting what was drawn would
cost the number of draws times the number of clips times all frames; here a draw costs one pass over
the frames, and leaving a clip out a binary search in it.
"""

from collections.abc import Callable, Sequence

import numpy as np


class ClipPool:
    """The scores of clips in one sorted array.

    Attributes:
        values: float64 [n], all scores, ascending.
        clip: int [n], the clip of each.
        lengths: int [k], scores of each clip; every clip has one.
        maxima: float64 [k], the largest of each clip.
    """

    def __init__(self, clips: Sequence[np.ndarray]) -> None:
        """Sort the scores.

        Args:
            clips: float [t] of each clip, t at least 1.
        """
        self.lengths = np.array([len(clip) for clip in clips], np.int64)
        flat = np.concatenate([np.asarray(clip, np.float64) for clip in clips])
        order = np.argsort(flat, kind="stable")
        self.values = flat[order]
        self.clip = np.repeat(np.arange(len(clips)), self.lengths)[order]
        self.maxima = np.array([np.max(clip) for clip in clips], np.float64)
        # Where the scores of each clip stand, clip by clip, ascending.
        self._places = np.argsort(self.clip, kind="stable")
        self._starts = np.cumsum(self.lengths) - self.lengths

    def draw(self, counts: np.ndarray) -> "Draw":
        """Return a draw of the clips.

        Args:
            counts: int [k], how often each clip is drawn; not 0 of all.
        """
        return Draw(self, counts)

    def shares_from(self, value: float) -> np.ndarray:
        """Return the share of each clip's scores that are at or above a value, float64 [k]."""
        above = self.clip[np.searchsorted(self.values, value, side="left") :]
        return np.bincount(above, minlength=len(self.lengths)) / self.lengths

    def count_up_to(self, cumulative: np.ndarray, ranks: np.ndarray) -> np.ndarray:
        """Return how many scores of each clip stand before a rank of what is left without them.

        Args:
            cumulative: int [n], scores that are drawn, up to each place of the pool.
            ranks: int [k], from 0, among the scores without one copy of the clip.

        Returns:
            int [k].
        """
        low, high = np.zeros_like(self.lengths), self.lengths.copy()
        while (open_ := low < high).any():
            middle = (low + high) // 2
            place = self._places[self._starts + np.minimum(middle, self.lengths - 1)]
            before = open_ & (cumulative[place] - (middle + 1) <= ranks)
            low = np.where(before, middle + 1, low)
            high = np.where(open_ & ~before, middle, high)
        return low


class Draw:
    """Clips of a pool, each as often as it was drawn."""

    def __init__(self, pool: ClipPool, counts: np.ndarray) -> None:
        self._pool, self._cumulative = pool, np.cumsum(counts[pool.clip])
        self.size = int(self._cumulative[-1])

    def at(self, ranks: np.ndarray) -> np.ndarray:
        """Return the scores of ranks, from 0, ascending."""
        place = np.searchsorted(self._cumulative, np.asarray(ranks) + 1, side="left")
        return self._pool.values[place]

    def below(self, values: np.ndarray) -> np.ndarray:
        """Return how many scores are less than each value, int."""
        place = np.searchsorted(self._pool.values, values, side="left")
        return np.append(0, self._cumulative)[place]

    def quantile(self, share: float) -> float:
        """Return what `numpy.quantile` gives of the drawn scores."""
        (value,) = _between(self.at, np.array([self.size]), share)
        return float(value)

    def quantiles_without(self, share: float) -> np.ndarray:
        """Return the quantile of all that was drawn but one copy of each clip.

        Args:
            share: in [0, 1].

        Returns:
            float64 [k]; of a clip that was not drawn it means nothing. More than one clip must
            have been drawn.
        """

        def at(ranks: np.ndarray) -> np.ndarray:
            removed = self._pool.count_up_to(self._cumulative, ranks)
            return self.at(np.minimum(ranks + removed, self.size - 1))

        return _between(at, self.size - self._pool.lengths, share)


def _between(at: Callable[[np.ndarray], np.ndarray], sizes: np.ndarray, share: float) -> np.ndarray:
    """Interpolate between two ranks, as `numpy.quantile` rounds it."""
    virtual = (sizes - 1) * share
    first = np.clip(np.floor(virtual).astype(np.int64), 0, None)
    low, high = at(first), at(np.clip(np.minimum(first + 1, sizes - 1), 0, None))
    part, step = virtual - first, high - low
    return np.where(part >= 0.5, high - step * (1 - part), low + step * part)
