"""Speed by place: how fast what moves is, relative to the fastest usual speed there."""

from collections.abc import Sequence

import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import (
    SPEED_UNIT,
    Camera,
    CausalMean,
    CueState,
    Learner,
    Lesson,
    Moving,
    Saying,
    in_words,
)
from vadjax.detectors.scene.densities import CountedCue
from vadjax.detectors.scene.lessons import summed
from vadjax.detectors.scene.place_rarity import rare_cells
from vadjax.detectors.scene.usual import Counting, usual

MEAN_S = 0.8  # seconds over which flow is averaged
_PRIOR = 0.1  # share of foreground that counts as standing still, so that specks are not fast


class _Speeds:
    """Speed in heights of a body a second, over the usual maximum; or how rare it is."""

    def __init__(self, state: CueState, camera: Camera):
        self._limit = state.get("usual", 1.0)  # there is none yet while it learns
        self._rarity, self._camera = state.get("rarity"), camera
        self._mean = CausalMean(camera.frames(MEAN_S))
        by_limit = self._limit if self._rarity is None else 1.0
        self._scale = camera.fps / camera.reference.cell_body[:, None] / by_limit
        self._begun, self._seen = False, np.zeros(0)

    def update(self, bodies: Bodies) -> np.ndarray:
        if not self._begun:  # the first frame has no flow, which would count as standing still
            self._begun = True
            return np.zeros(bodies.cells.shape[:2], np.float32)
        x, y, share = np.moveaxis(self._mean.update(bodies.cells[..., :3]), -1, 0)
        self._seen = (np.hypot(x, y) / (share + _PRIOR) * self._scale).astype(np.float32)
        if self._rarity is None:
            return self._seen
        return rare_cells(self._rarity, self._seen, self._camera)

    def say(self, cell: tuple[int, int], value: float, moving: Moving | None) -> Saying:
        limit = float(self._limit[cell])
        value = value * limit if self._rarity is None else float(self._seen[cell])
        seen, most = in_words(value, limit)
        way = f" {moving.way}" if moving is not None and moving.way else ""
        text = (
            f"moves{way} at {seen} {SPEED_UNIT}; nearly everything (99.9 %) that was seen to move "
            f"at this place stayed below {most}"
        )
        return Saying(text, value, limit, SPEED_UNIT)


class Speed(CountedCue):
    """Mean flow of the foreground in a box nearly as large as a body, over the usual maximum.

    With `mulde`: how rare it is at its place.
    """

    name = "speed"
    memory_s = MEAN_S
    follow = _Speeds

    def learner(self, camera: Camera) -> Learner:
        """Count values at each cell; see `cue.Cue.learner`."""
        return Counting(camera.reference.grid, _Speeds({}, camera).update)

    def plain(self, lessons: Sequence[Lesson], camera: Camera) -> CueState:
        """Add the counts; see `DensityCue.plain`.

        Args:
            lessons: counts int32 [bins, h, w] of each clip.
            camera: that the clips are of.

        Returns:
            counts int32 [bins, h, w], and the usual maximum float32 [h, w], heights a second.
        """
        counts = summed(lessons, "counts")
        return {"counts": counts, "usual": usual(counts)}
