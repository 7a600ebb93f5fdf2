"""Windows over a ring buffer of rows: one video scored frame by frame."""

import collections
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.detectors.contract import FrameScore
from vadjax.detectors.window_state import Trained


@functools.lru_cache(maxsize=16)  # streams of one detector share a compiled program
def make_window_fn(model: Any, objective: Any, *, num_scored: int) -> Callable:
    """Compile the scoring of single windows.

    Args:
        model: what `models.create` returned.
        objective: what `objectives.create` returned.
        num_scored: rows of a window that get a score, the last ones.

    Returns:
        A function (variables, windows [1, t, ...]) -> scores float32 [1, num_scored].
    """

    def score(variables: Any, windows: jax.Array) -> jax.Array:
        outputs, _ = model.apply(variables, windows.astype(jnp.float32), num_outputs=num_scored)
        return objective.frame_score(outputs, windows[:, -num_scored:])

    return jax.jit(score)


class WindowStream:
    """Scores the frames of one video as they come; see `contract.Stream`.

    With score.aggregate=last a frame's score is that of the window that ends there, at once; with
    mean and max it waits for the last window that scores the frame. The first frames, at which no
    window ends, have no score.

    Args:
        detector: the `WindowModel` that was trained.
        trained: its variables and standardisation.
    """

    def __init__(self, detector: Any, trained: Trained):
        config = detector.config
        self._detector, self._trained = detector, trained
        self._read = detector.frontend.reader("features")
        self._rows: collections.deque = collections.deque(maxlen=detector.span)
        self._length, self._dilation = config.window.length, config.window.dilation
        self._aggregate = config.score.aggregate
        scored = detector.objective.num_scored(self._length)
        self._num_scored = 1 if self._aggregate == "last" else scored
        self._scored = scored
        self._waiting: collections.deque[tuple[int, float | None]] = collections.deque()
        self._scores: dict[int, list[float]] = collections.defaultdict(list)
        self._count = 0

    def update(self, frame: np.ndarray, time: float | None = None) -> list[FrameScore]:
        """Take the next frame.

        Args:
            frame: uint8 [h, w, 3] RGB, or [h, w] grey.
            time: timestamp in seconds.

        Returns:
            The scores that are final now.
        """
        row = self._read(frame)
        assert row is not None  # features have a row for every frame
        self._rows.append(self._trained.standardizer.apply(row[None])[0])
        self._waiting.append((self._count, time))
        if len(self._rows) == self._detector.span:
            for back, score in enumerate(self._window_scores()[::-1]):
                self._scores[self._count - back * self._dilation].append(float(score))
        self._count += 1
        delay = (self._num_scored - 1) * self._dilation
        return self._final(self._count - delay)

    def close(self) -> list[FrameScore]:
        """Return the scores of the frames that waited for later ones."""
        return self._final(self._count)

    def _window_scores(self) -> np.ndarray:
        """Return the scores of the last `num_scored` rows of the newest window."""
        window = np.stack(list(self._rows)[:: self._dilation])[None]  # [1, t, ...]
        model = self._detector.model(window.shape[2:])
        score = make_window_fn(model, self._detector.objective, num_scored=self._scored)
        return np.asarray(score(self._trained.variables, window))[0, -self._num_scored :]

    def _final(self, stop: int) -> list[FrameScore]:
        """Return the frames before `stop` that wait, with their scores."""
        final = []
        while self._waiting and self._waiting[0][0] < stop:
            index, time = self._waiting.popleft()
            found = self._scores.pop(index, None)
            final.append(FrameScore(index, time, self._combine(found) if found else None))
        return final

    def _combine(self, scores: list[float]) -> float:
        return max(scores) if self._aggregate == "max" else sum(scores) / len(scores)
