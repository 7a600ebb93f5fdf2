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
from vadjax.scoring.first_frames import repeated_windows
from vadjax.scoring.score_fn import score_rows


@functools.lru_cache(maxsize=16)  # streams of one detector share a compiled program
def make_window_fn(
    model: Any, objective: Any, *, num_scored: int, inside: bool = False
) -> Callable:
    """Compile the scoring of single windows.

    Args:
        model: what `models.create` returned.
        objective: what `objectives.create` returned.
        num_scored: rows of a window that get a score, the last ones.
        inside: each of them by the rows before it, of a model with `every_row`.

    Returns:
        A function (variables, windows [1, t, ...]) -> scores float32 [1, num_scored].
    """

    def score(variables: Any, windows: jax.Array) -> jax.Array:
        outputs, _ = model.apply(variables, windows.astype(jnp.float32), num_outputs=num_scored)
        if inside:
            return score_rows(objective.frame_score, outputs, windows[:, -num_scored:])
        return objective.frame_score(outputs, windows[:, -num_scored:])

    return jax.jit(score)


class WindowStream:
    """Scores the frames of one video as they come; see `contract.Stream`.

    With score.aggregate=last a frame's score is that of the window that ends there, at once; with
    mean and max it waits for the last window that scores the frame. The first frames, at which no
    whole window ends, are scored by shorter ones (`scoring/first_frames.py`); with
    score.first_frames=fill they have no score, and a predictor has none for the very first.

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
        row = self._read(frame)["features"]
        assert row is not None  # features have a row for every frame
        self._rows.append(self._trained.standardizer.apply(row[None])[0])
        self._waiting.append((self._count, time))
        if len(self._rows) == self._detector.span:
            for back, score in enumerate(self._window_scores()[::-1]):
                self._scores[self._count - back * self._dilation].append(float(score))
        elif (early := self._first_score()) is not None:
            self._scores[self._count].append(early)
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

    def _first_score(self) -> float | None:
        """Return the score of a frame before the end of the first window; None where it is filled.

        The rows so far are all kept; what is missing at the end of the window is repeated, and is
        not read by what is scored.
        """
        rows, frame = list(self._rows), self._count
        model = self._detector.model(rows[0].shape)
        first, objective = self._detector.first_frames(model), self._detector.objective
        cut = {"length": self._length, "dilation": self._dilation}
        if frame < first.filled:
            return None
        if frame < first.repeated:
            index = repeated_windows(np.array([frame]), **cut)[0]
            window = np.stack([rows[i] for i in index])[None]
            score = make_window_fn(model, objective, num_scored=self._scored)
            return float(np.asarray(score(self._trained.variables, window))[0, -1])
        if not first.inside:
            return None
        own = rows[frame % self._dilation :: self._dilation]
        window = np.stack([*own, *[own[-1]] * (self._length - len(own))])[None]
        score = make_window_fn(model, objective, num_scored=first.inside, inside=True)
        at = len(own) - 1 - (self._length - first.inside)
        return float(np.asarray(score(self._trained.variables, window))[0, at])

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
