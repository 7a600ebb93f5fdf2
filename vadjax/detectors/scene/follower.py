"""One video through all cues, frame by frame: scores, maps and the surprise of each cue."""

from collections.abc import Mapping

import cv2
import numpy as np

from vadjax.data.scored_video import Finding
from vadjax.detectors.contract import FrameScore, State
from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import MOVING, Camera, Moving
from vadjax.detectors.scene.cues import CUES
from vadjax.features.scene.reference import CELL, Reference
from vadjax.scoring.fusion import Surprise

WAYS = (  # from the right, clockwise, as the picture shows it
    *("to the right", "to the right and down", "down", "to the left and down"),
    *("to the left", "to the left and up", "up", "to the right and up"),
)
_NEAR = 4.0  # cells within which a body is that of a cell
_WIDTH = 0.6  # of a box, in heights
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
        self._camera, self._count = camera, 0
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
        total = np.stack([*maps.values()]).sum(0, np.float32)
        self._count += 1
        parts = {name: float(values.max()) for name, values in maps.items()}
        return FrameScore(self._count - 1, None, float(total.max()), total, parts)

    def finding(self, number: int) -> Finding:
        """Say what the strongest cue saw where the sum of the last frame's maps is largest.

        Args:
            number: of the frame.

        Returns:
            The finding; its box is as large as a body there.
        """
        total = np.stack([*self._maps.values()]).sum(0)
        row, column = np.unravel_index(int(total.argmax()), total.shape)
        cue = max(self._maps, key=lambda name: self._maps[name][row, column])
        around = np.s_[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        near = np.full_like(total, -np.inf)
        near[around] = self._raw[cue][around]  # the cell that the dilated value came from
        cell = np.unravel_index(int(near.argmax()), total.shape)
        place = int(cell[0]), int(cell[1])
        said = self._followers[cue].say(place, float(self._raw[cue][place]), self._moving(place))
        box = self._box(place)
        return Finding(number, cue, said.text, box, said.value, said.usual, said.unit)

    def _moving(self, cell: tuple[int, int]) -> Moving | None:
        """Say how the nearest body moves; None where none is near."""
        nearest, away = (None, np.inf) if self._bodies is None else self._bodies.nearest(cell)
        if self._bodies is None or nearest is None or away > _NEAR:
            return None
        x, y = self._bodies.velocity[nearest].tolist()
        speed = float(np.hypot(x, y))
        way = WAYS[round(np.arctan2(y, x) / (np.pi / 4)) % len(WAYS)]
        return Moving(way if speed >= MOVING else "", speed)

    def _box(self, cell: tuple[int, int]) -> tuple[int, int, int, int]:
        """Return left, top, width, height in pixels of the frame of a body at a cell."""
        reference = self._camera.reference
        scale = np.array(reference.frame_shape) / reference.shape
        size = float(reference.cell_body[cell[0]]) * scale * (1.0, _WIDTH)
        corner = (np.array(cell) + 0.5) * CELL * scale - size / 2
        low = np.clip(corner, 0, np.array(reference.frame_shape) - 1)
        high = np.clip(corner + size, low + 1, reference.frame_shape)
        (top, left), (height, width) = np.rint(low).astype(int), np.rint(high - low).astype(int)
        return int(left), int(top), int(width), int(height)


def camera_of(state: State, fps: float | None) -> Camera:
    """Return the camera of a state, for a video.

    Args:
        state: what `Scene.fit` returned.
        fps: of the video, frames a second; None takes that of training.

    Returns:
        The camera.
    """
    return Camera(Reference.from_arrays(state["reference"]), fps or state["fps"])
