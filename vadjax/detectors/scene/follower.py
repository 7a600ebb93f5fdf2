"""One video through all cues, frame by frame: scores, maps and the surprise of each cue."""

from collections.abc import Mapping

import cv2
import numpy as np

from vadjax.detectors.contract import FrameScore, State
from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import Camera
from vadjax.detectors.scene.cues import CUES
from vadjax.features.scene.reference import Reference
from vadjax.scoring.fusion import Surprise

_AROUND = np.ones((3, 3), np.uint8)  # cells: cues need not agree about a place to a cell


class SceneFollower:
    """Scores one video frame by frame from its rows.

    Args:
        state: what `Scene.fit` returned.
        camera: see `camera_of`.
    """

    def __init__(self, state: State, camera: Camera):
        self._followers = {n: CUES[n]().follow(s, camera) for n, s in state["cues"].items()}
        self._surprise = {n: Surprise(**s) for n, s in state["surprise"].items()}
        self._count = 0
        self.raw: Mapping[str, np.ndarray] = {}

    def update(self, bodies: Bodies) -> FrameScore:
        """Score the next frame."""
        self.raw = {name: one.update(bodies) for name, one in self._followers.items()}
        maps = {
            name: self._surprise[name](cv2.dilate(values, _AROUND))
            for name, values in self.raw.items()
        }
        total = np.stack([*maps.values()]).sum(0, np.float32)
        self._count += 1
        parts = {name: float(values.max()) for name, values in maps.items()}
        return FrameScore(self._count - 1, None, float(total.max()), total, parts)


def camera_of(state: State, fps: float | None) -> Camera:
    """Return the camera of a state, for a video.

    Args:
        state: what `Scene.fit` returned.
        fps: of the video, frames a second; None takes that of training.

    Returns:
        The camera.
    """
    return Camera(Reference.from_arrays(state["reference"]), fps or state["fps"])
