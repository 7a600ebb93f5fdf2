"""Scores of a stream by a model of bags: a snippet at a time."""

from collections.abc import Callable

import numpy as np

from vadjax.detectors.contract import FrameScore
from vadjax.detectors.frontend import Reader


class BagStream:
    """Collects the rows of a snippet, and scores its frames when it is whole.

    Args:
        read: frame -> the row of "features", see `Frontend.reader`.
        length: rows of a snippet.
        score: instances [n, ...] -> scores [n].
    """

    def __init__(self, read: Reader, length: int, score: Callable[[np.ndarray], np.ndarray]):
        self._read, self._length, self._score = read, length, score
        self._rows: list[np.ndarray] = []
        self._times: list[float | None] = []
        self._count = 0

    def update(self, frame: np.ndarray, time: float | None = None) -> list[FrameScore]:
        """Take the next frame; see `contract.Stream`.

        Args:
            frame: uint8 [h, w, 3] RGB, or [h, w] grey.
            time: timestamp in seconds.

        Returns:
            The scores of a snippet's frames with its last one; none before.
        """
        row = self._read(frame)["features"]
        assert row is not None  # features have a row for every frame
        self._rows.append(np.asarray(row, np.float32))
        self._times.append(time)
        return self.close() if len(self._rows) == self._length else []

    def close(self) -> list[FrameScore]:
        """Return the scores of the frames that wait."""
        if not self._rows:
            return []
        rows = np.stack(self._rows).mean(0, keepdims=True)
        score = float(self._score(rows)[0])
        first, times = self._count, self._times
        self._count += len(times)
        self._rows, self._times = [], []
        return [FrameScore(first + i, time, score) for i, time in enumerate(times)]
