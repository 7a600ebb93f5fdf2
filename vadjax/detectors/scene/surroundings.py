"""Sums of a measure over the surroundings of each cell, as large as some bodies there."""

import numpy as np

from vadjax.features.scene.reference import CELL, Reference


class Surroundings:
    """Sums maps over squares.

    Args:
        reference: of the camera; a body has another height in each row.
        side: of the square, in heights of a body.
    """

    def __init__(self, reference: Reference, side: float):
        height, width = reference.grid
        self.cells = side * reference.cell_body / CELL  # side of the square by row, in cells
        half = np.maximum(np.rint((self.cells - 1) / 2), 0).astype(int)
        rows, columns = np.arange(height), np.arange(width)
        self._top = np.maximum(rows - half, 0)
        self._bottom = np.minimum(rows + half + 1, height)
        self._left = np.maximum(columns - half[:, None], 0)  # [h, w]
        self._right = np.minimum(columns + half[:, None] + 1, width)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Sum a map over the square around each cell; what lies outside the frame counts as 0.

        Args:
            values: float [h, w].

        Returns:
            float64 [h, w].
        """
        total = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
        total[1:, 1:] = np.cumsum(np.cumsum(values, axis=0, dtype=np.float64), axis=1)
        rows = total[self._bottom] - total[self._top]  # [h, w + 1]
        return np.take_along_axis(rows, self._right, 1) - np.take_along_axis(rows, self._left, 1)
