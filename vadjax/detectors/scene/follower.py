"""One video through all cues, frame by frame: scores, maps and the surprise of each cue."""

from collections.abc import Mapping

import cv2
import numpy as np

from vadjax.data.scored_video import Finding
from vadjax.detectors.abilities import Kept
from vadjax.detectors.contract import FrameScore, State
from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import Camera
from vadjax.detectors.scene.cues import CUES
from vadjax.detectors.scene.exemplar_pictures import ExemplarPictures
from vadjax.detectors.scene.finding import Finder
from vadjax.detectors.scene.fused import RULE, fused
from vadjax.errors import UserError
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
        self._finder = Finder(camera, self._followers, ExemplarPictures.of_state(state))
        self._count = 0
        self._raw: Mapping[str, np.ndarray] = {}
        self._maps: Mapping[str, np.ndarray] = {}
        self._bodies: Bodies | None = None

    def update(self, bodies: Bodies) -> FrameScore:
        """Score the next frame."""
        self._bodies = bodies
        self._raw = {name: one.update(bodies) for name, one in self._followers.items()}
        self._maps = maps = {
            name: self._surprise[name](cv2.dilate(values, _AROUND))
            for name, values in self._raw.items()
        }
        total = fused(maps)
        self._count += 1
        parts = {name: float(values.max()) for name, values in maps.items()}
        return FrameScore(self._count - 1, None, float(total.max()), total, parts)

    @property
    def raw(self) -> Mapping[str, np.ndarray]:
        """The map of each cue in the last frame, float32 [h, w] in its own unit, by name."""
        return self._raw

    @property
    def maps(self) -> Mapping[str, np.ndarray]:
        """The surprise of each cue in the last frame, float32 [h, w] by name."""
        return self._maps

    def finding(self, number: int, kept: Kept | None = None) -> Finding:
        """Say what was seen in the last frame; see `finding.Finder`.

        Args:
            number: of the frame.
            kept: what counts of its map; None: all.

        Returns:
            The finding.
        """
        assert self._bodies is not None  # there was a frame
        return self._finder(number, self._maps, self._raw, self._bodies, kept)


def camera_of(state: State, fps: float | None) -> Camera:
    """Return the camera of a state, for a video.

    Args:
        state: what `Scene.fit` returned.
        fps: of the video, frames a second; None takes that of training.

    Returns:
        The camera.

    Raises:
        UserError: the state is of an older vadjax, with another rule.
    """
    if state.get("rule") != RULE:
        raise UserError(
            "this detector was trained by an older vadjax, whose scores and threshold were others: "
            "train anew, with another --workdir."
        )
    return Camera(Reference.from_arrays(state["reference"]), fps or state["fps"])
