"""The largest usual value at each place, from counts that are added frame by frame."""

import cv2
import numpy as np

BINS = 256
QUANTILE = 0.999  # of the frames at a place
_LOW, _HIGH = 1e-2, 1e2  # of the values that are told apart, in the cue's unit
_AROUND = (3, 7)  # cells, rows and columns, that a place shares its values with
_FLOOR = 0.5  # of the largest place's value, the least of any place


class Counts:
    """How often each value was seen at each cell, on a logarithmic scale.

    Args:
        grid: rows and columns.
    """

    def __init__(self, grid: tuple[int, int]):
        self.counts = np.zeros((BINS, *grid), np.int64)
        self._cells = np.indices(grid)

    def add(self, values: np.ndarray) -> None:
        """Count the values of one frame, float [h, w], at least 0."""
        share = np.log(np.maximum(values, _LOW) / _LOW) / np.log(_HIGH / _LOW)
        index = np.ceil(share * (BINS - 1)).astype(int).clip(0, BINS - 1)
        self.counts[index, self._cells[0], self._cells[1]] += 1


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
    values = (_LOW * (_HIGH / _LOW) ** (index / (BINS - 1))).astype(np.float32)
    values[index == 0] = 0.0
    values = cv2.GaussianBlur(cv2.dilate(values, np.ones(_AROUND)), (0, 0), 1.5)
    return np.maximum(values, max(_FLOOR * float(values.max()), _LOW))
