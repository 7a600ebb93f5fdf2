"""Scores of a stream by a model of bags: a snippet at a time."""

import numpy as np

from vadjax.detectors.bag_model import BagModel
from vadjax.detectors.contract import FrameScore, State


class BagStream:
    """Collects the rows of a snippet, and scores its frames when it is whole.

    Args:
        detector: with a frontend.
        state: what its `fit` returned.
    """

    def __init__(self, detector: BagModel, state: State):
        self._detector, self._state = detector, state
        self._read = detector.frontend.reader("features")
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
        return self.close() if len(self._rows) == self._detector.config.window.length else []

    def close(self) -> list[FrameScore]:
        """Return the scores of the frames that wait."""
        if not self._rows:
            return []
        rows = np.stack(self._rows).mean(0, keepdims=True)
        score = float(self._detector.scores(self._state, rows)[0])
        first, times = self._count, self._times
        self._count += len(times)
        self._rows, self._times = [], []
        return [FrameScore(first + i, time, score) for i, time in enumerate(times)]
