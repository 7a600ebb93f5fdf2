"""Direction by place: whereto what moves here moves, by a histogram of ways."""

from collections.abc import Sequence

import cv2
import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import (
    MOVING,
    WAYS,
    Camera,
    CausalMean,
    CueState,
    Learner,
    Lesson,
    Moving,
    Saying,
)
from vadjax.detectors.scene.lessons import summed

MEAN_S = 0.3  # seconds over which flow is averaged
UNIT = "% of what moves here"
_PRIOR = 0.1  # share of foreground that counts as standing still, so that specks do not move
_LEAST = 0.1  # share of foreground from which on a cell has a way
_FRAMES = 5.0  # in which each way counts as seen everywhere: where little was, none is rare
_AROUND = (2.5, 1.0)  # cells, across and down, over which a place shares its ways with others
_BESIDE = 0.9  # of a way counts for its neighbours too: they are not told apart so sharply


class _Ways:
    """Ways at each cell, and how rare they are there."""

    def __init__(self, camera: Camera):
        self._mean, self._begun = CausalMean(camera.frames(MEAN_S)), False
        self._scale = camera.fps / camera.reference.cell_body[:, None]

    def update(self, bodies: Bodies) -> np.ndarray:
        """Return the number of the way in `WAYS` at each cell, int [h, w]; -1: nothing moves."""
        if not self._begun:  # the first frame has no flow
            self._begun = True
            return np.full(bodies.cells.shape[:2], -1)
        x, y, share = np.moveaxis(self._mean.update(bodies.cells[..., :3]), -1, 0)
        moves = (np.hypot(x, y) / (share + _PRIOR) * self._scale >= MOVING) & (share >= _LEAST)
        way = np.rint(np.arctan2(y, x) / (np.pi / 4)).astype(int) % len(WAYS)
        return np.where(moves, way, -1)


class _Counting:
    """Counts ways by cell; see `cue.Learner`."""

    def __init__(self, camera: Camera):
        self._ways = _Ways(camera)
        self._counts = np.zeros((len(WAYS), *camera.reference.grid), np.int32)

    def update(self, bodies: Bodies) -> None:
        found = self._ways.update(bodies)
        at = np.nonzero(found >= 0)
        self._counts[found[at], *at] += 1

    def lesson(self) -> Lesson:
        return {"ways": self._counts}


class _Directions:
    """Gives minus the logarithm (base 10) of the share of a way at its place; 0: nothing moves."""

    def __init__(self, state: CueState, camera: Camera):
        self._shares, self._ways = shares_of(state["ways"]), _Ways(camera)
        self._counts = _shared(state["ways"])
        self._seen = np.zeros(0)

    def update(self, bodies: Bodies) -> np.ndarray:
        self._seen = self._ways.update(bodies)
        own = np.take_along_axis(self._shares, np.maximum(self._seen, 0)[None], 0)[0]
        return np.where(self._seen >= 0, -np.log10(own), 0.0).astype(np.float32)

    def say(self, cell: tuple[int, int], value: float, moving: Moving | None) -> Saying:
        # Told as a person would count: ways beside and `_FRAMES` are for the score alone.
        counts, way = self._counts[:, *cell], int(self._seen[cell])
        seen = counts.sum()
        here = 100 * counts / max(seen, 1.0)
        most = int(here.argmax())
        if way < 0:
            return Saying("nothing moves", 0.0, float(here[most]), UNIT)
        text = f"moves {WAYS[way]}; hardly anything was seen to move at this place"
        if seen >= 1:
            text = (
                f"moves {WAYS[way]}, as {round(here[way], 1):g} % of what was seen to move at this "
                f"place did; {here[most]:.0f} % moved {WAYS[most]}"
            )
        return Saying(text, float(here[way]), float(here[most]), UNIT)


class Direction:
    """How rare the way is in which something moves at its place: the wrong way."""

    name = "direction"
    memory_s = MEAN_S
    follow = _Directions

    def learner(self, camera: Camera) -> Learner:
        """Count ways at each cell; see `cue.Cue.learner`."""
        return _Counting(camera)

    def fit(self, lessons: Sequence[Lesson], camera: Camera) -> CueState:
        """Add the counts; see `cue.Cue.fit`.

        Args:
            lessons: ways int32 [8, h, w] of each clip.
            camera: that the clips are of.

        Returns:
            ways int32 [8, h, w], how often each of `cue.WAYS` was seen at each cell.
        """
        return {"ways": summed(lessons, "ways")}

    def extend(self, state: CueState, lesson: Lesson, *, number: int, camera: Camera) -> CueState:
        """Add the counts of one more clip; see `cue.Extendable.extend`.

        Args:
            state: what `fit` returned.
            lesson: ways of the clip.
            number: not used.
            camera: that the clips are of.

        Returns:
            As `fit` of all clips.
        """
        return self.fit([state, lesson], camera)


def shares_of(ways: np.ndarray) -> np.ndarray:
    """Return the share of each way at each place.

    Args:
        ways: int [8, h, w], how often each was seen.

    Returns:
        float64 [8, h, w], shared with the places and ways beside; they add up to 1.
    """
    near = _shared(ways)
    near = near + _BESIDE * (np.roll(near, 1, axis=0) + np.roll(near, -1, axis=0))
    near += _FRAMES
    return near / near.sum(0)


def _shared(ways: np.ndarray) -> np.ndarray:
    """Return counts [8, h, w] shared with the places around, float64."""
    across, down = _AROUND
    return np.stack(
        [
            cv2.GaussianBlur(each.astype(np.float64), (0, 0), sigmaX=across, sigmaY=down)
            for each in ways
        ]
    )
