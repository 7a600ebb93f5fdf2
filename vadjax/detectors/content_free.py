"""Scores that look at no picture: what every detector has to beat.

On some data sets they reach .75 (docs/protocols.md): where in a clip anomalies happen is no
accident.
"""

import zlib

import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.contract import ClipDetector, FrameScore, State, Stream
from vadjax.errors import UserError


class Random(ClipDetector):
    """Uniform random numbers, a function of the seed and the clip's name alone."""

    name = "random"

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """Draw a number in [0, 1) for each unit; see `Detector.score`.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record.
        """
        return clip.scored(_generator(state, clip.id).random(len(clip.last_rows), np.float32))

    def stream(self, state: State, clip_id: str = "") -> Stream:
        """Draw a number for each frame.

        Args:
            state: what `fit` returned.
            clip_id: name of the clip.

        Returns:
            The stream.
        """
        return _RandomStream(_generator(state, clip_id))


class _RandomStream:
    def __init__(self, generator: np.random.Generator):
        self._generator, self._count = generator, 0

    def update(self, frame: np.ndarray, time: float | None = None) -> list[FrameScore]:
        score = float(self._generator.random(1, np.float32)[0])
        self._count += 1
        return [FrameScore(self._count - 1, time, score)]

    def close(self) -> list[FrameScore]:
        return []


def _generator(state: State, clip_id: str) -> np.random.Generator:
    return np.random.default_rng([state["seed"], zlib.crc32(clip_id.encode())])


class _Positional(ClipDetector):
    """A score by the position in the clip alone, which needs the clip's length."""

    delay = None

    def stream(self, state: State) -> Stream:
        """Refuse: the clip's length is not known before its end.

        Raises:
            UserError: always.
        """
        raise UserError(
            f"detector {self.name!r} needs the length of the whole video and cannot score a stream."
        )


class FrameIndex(_Positional):
    """The share of the clip that has passed."""

    name = "frame_index"

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """Score frames by i / length; see `Detector.score`.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record.
        """
        return clip.scored((np.arange(len(clip)) / max(len(clip), 1)).astype(np.float32))


class ClipCentre(_Positional):
    """Minus the distance from the clip's centre, in clip lengths."""

    name = "clip_centre"

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """Score frames by -|i - centre| / length; see `Detector.score`.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record.
        """
        length = max(len(clip), 1)
        passed, centre = np.arange(len(clip)) / length, (len(clip) - 1) / 2 / length
        return clip.scored(-np.abs(passed - centre).astype(np.float32))
