"""Look of what moves: how far its embedding is from those of all normal bodies."""

from collections.abc import Sequence

import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import Camera, CausalMean, CueState, Follower, Frames, paint
from vadjax.detectors.scene.exemplars import Exemplars, nearest

MEAN_S = 0.8  # seconds over which maps are averaged
NUM_EXEMPLARS = 6000
NUM_COMPONENTS = 64
_LEAST = 1e-3  # of the largest deviation, which every component has at least
_BASE = 0.05  # quantile of normal distances that cells without a body have


class Look:
    """Distance to the nearest normal body, in whitened principal components."""

    name = "look"

    def fit(self, clips: Sequence[Frames], camera: Camera) -> CueState:
        """Whiten, and keep exemplars; see `cue.Cue.fit`.

        Args:
            clips: normal clips.
            camera: that they are of.

        Returns:
            mean float32 [d], axes float32 [d, k], kept float32 [n, k], source int64 [n, 4] (number
            of the clip, frame, x and y of each), base, radius.
        """
        mean, axes = _whitening(clips)
        exemplars = Exemplars(
            np.zeros((0, axes.shape[1]), np.float32), np.zeros((0, 4), np.int64)
        )
        away: list[np.ndarray] = []
        for number, frames in enumerate(clips):
            for index, bodies in enumerate(frames()):
                vectors = (bodies.looks - mean) @ axes
                if index % 16 == 8 and len(exemplars.kept) and len(vectors):
                    away.append(nearest(exemplars.kept, vectors)[0])  # before they are kept
                if index % 2 == 0:  # neighbours look alike
                    place = bodies.centres.astype(np.int64)
                    known = np.tile([[number, index]], (len(place), 1))
                    exemplars.add(vectors, np.hstack([known, place]), limit=NUM_EXEMPLARS)
        base = float(np.quantile(np.concatenate(away), _BASE)) if away else 0.0
        return {
            "mean": mean,
            "axes": axes,
            "kept": exemplars.kept,
            "source": exemplars.source,
            "base": base,
            "radius": exemplars.radius,
        }

    def follow(self, state: CueState, camera: Camera) -> Follower:
        """Begin a video; see `cue.Cue.follow`.

        Args:
            state: what `fit` returned.
            camera: that the video is of.

        Returns:
            Gives the distance to the nearest exemplar.
        """
        return _Looks(state, camera)

    def say(self, state: CueState, camera: Camera, cell: tuple[int, int], value: float) -> str:
        """See `cue.Cue.say`.

        Args:
            state: what `fit` returned.
            camera: that the video is of.
            cell: row and column.
            value: of the map there.

        Returns:
            The sentence.
        """
        usual = max(state["base"], 1e-6)
        return (
            "looks unlike all that was seen: its nearest known picture is "
            f"{value / usual:.1f} times as far as is usual"
        )


class _Looks:
    def __init__(self, state: CueState, camera: Camera):
        self._state = state
        self._mean = CausalMean(camera.frames(MEAN_S))

    def update(self, bodies: Bodies) -> np.ndarray:
        state, away = self._state, np.zeros(len(bodies), np.float32)
        if len(bodies) and len(state["kept"]):
            away = nearest(state["kept"], (bodies.looks - state["mean"]) @ state["axes"])[0]
        return self._mean.update(paint(bodies, away, state["base"]))


def _whitening(clips: Sequence[Frames]) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean [d] and the axes [d, k], each divided by its deviation."""
    count, total, squares = 0, np.zeros(0), np.zeros((0, 0))
    for frames in clips:
        for bodies in frames():
            looks = bodies.looks.astype(np.float64)
            if not total.size:
                total, squares = np.zeros(looks.shape[1]), np.zeros((looks.shape[1],) * 2)
            count += len(looks)
            total, squares = total + looks.sum(0), squares + looks.T @ looks
    mean = total / max(count, 1)
    covariance = squares / max(count, 1) - np.outer(mean, mean)
    sizes, axes = np.linalg.eigh(covariance)
    deviation = np.sqrt(np.maximum(sizes[::-1], 0))[:NUM_COMPONENTS]
    scale = deviation + _LEAST * deviation[:1] + 1e-12
    return mean.astype(np.float32), (axes[:, ::-1][:, :NUM_COMPONENTS] / scale).astype(np.float32)
