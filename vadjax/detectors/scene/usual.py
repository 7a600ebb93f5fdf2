"""The largest usual value at each place, from counts that are added frame by frame."""

from collections.abc import Callable

import cv2
import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import Lesson

BINS = 256
QUANTILE = 0.999  # of the frames at a place
LOWEST, _HIGH = 1e-2, 1e2  # of the values that are told apart, in the cue's unit
_AROUND = (3, 7)  # cells, rows and columns, that a place shares its values with
_FLOOR = 0.5  # of the largest place's value, the least of any place


class Counts:
    """How often each value was seen at each cell, on a logarithmic scale.

    Args:
        grid: rows and columns.
    """

    def __init__(self, grid: tuple[int, int]):
        self.counts = np.zeros((BINS, *grid), np.int32)
        self._cells = np.indices(grid)

    def add(self, values: np.ndarray) -> None:
        """Count the values of one frame, float [h, w], at least 0."""
        share = np.log(np.maximum(values, LOWEST) / LOWEST) / np.log(_HIGH / LOWEST)
        index = np.ceil(share * (BINS - 1)).astype(int).clip(0, BINS - 1)
        self.counts[index, self._cells[0], self._cells[1]] += 1


class Counting:
    """Counts a measure of each frame of a clip; see `cue.Learner`.

    Args:
        grid: rows and columns.
        measure: frame -> float [h, w], at least 0.
    """

    def __init__(self, grid: tuple[int, int], measure: Callable[[Bodies], np.ndarray]):
        self._counts, self._measure = Counts(grid), measure

    def update(self, bodies: Bodies) -> None:
        """Take the next frame."""
        self._counts.add(self._measure(bodies))

    def lesson(self) -> Lesson:
        """Return counts int32 [bins, h, w]."""
        return {"counts": self._counts.counts}


def usual(counts: np.ndarray) -> np.ndarray:
    """Estimate the largest usual value at each place.

    Args:
        counts: int [BINS, h, w], of normal frames.

    Returns:
        float32 [h, w] above 0: the quantile `QUANTILE`, the largest of the places around, smoothed,
        and at least half of the largest: where little was seen, little would be usual.
    """
    total = np.maximum(counts.sum(0), 1)
    index = (np.cumsum(counts, axis=0) < QUANTILE * total).sum(0).clip(max=BINS - 1)
    values = bounds()[index].astype(np.float32)
    values[index == 0] = 0.0
    values = cv2.GaussianBlur(cv2.dilate(values, np.ones(_AROUND)), (0, 0), 1.5)
    return np.maximum(values, max(_FLOOR * float(values.max()), LOWEST))


def share_above(counts: np.ndarray, value: float) -> float:
    """Return how much of all that was counted lies above a value.

    Args:
        counts: int [BINS, h, w].
        value: in the cue's unit.

    Returns:
        A share in [0, 1].
    """
    return float(counts[bounds() > value].sum() / max(int(counts.sum()), 1))


def bounds() -> np.ndarray:
    """Return the most that each bin holds, float64 [BINS], in the cue's unit."""
    return LOWEST * (_HIGH / LOWEST) ** (np.arange(BINS) / (BINS - 1))
