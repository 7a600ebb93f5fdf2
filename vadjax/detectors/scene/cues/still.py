"""Standing still by place: for how long what is no background has not moved there."""

from collections.abc import Sequence

import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import Camera, CueState, Learner, Lesson, Moving, Saying, in_words
from vadjax.detectors.scene.densities import CountedCue
from vadjax.detectors.scene.lessons import summed
from vadjax.detectors.scene.place_rarity import rare_cells
from vadjax.detectors.scene.usual import Counting, usual
from vadjax.features.scene.meter import CHANNELS

_CHANNEL = CHANNELS.index("still_s")
_UNSEEN_S = 1.0  # seconds that count as usual where nothing was seen to stand still


class _Stillness:
    """Gives the seconds over the usual maximum, or how rare they are."""

    def __init__(self, state: CueState, camera: Camera):
        self._limit, self._rarity, self._camera = state["usual"], state.get("rarity"), camera
        self._seen = np.zeros(0)

    def update(self, bodies: Bodies) -> np.ndarray:
        self._seen = bodies.cells[..., _CHANNEL]
        if self._rarity is None:
            return (self._seen / self._limit).astype(np.float32)
        return rare_cells(self._rarity, self._seen, self._camera)

    def say(self, cell: tuple[int, int], value: float, moving: Moving | None) -> Saying:
        limit = float(self._limit[cell])
        value = value * limit if self._rarity is None else float(self._seen[cell])
        seen, most = in_words(value, limit)
        text = (
            f"stands still for {seen} s; nearly everything (99.9 %) that was seen to stop at this "
            f"place went on within {most} s"
        )
        return Saying(text, value, limit, "s")


class Still(CountedCue):
    """Seconds of standing still, over the usual maximum: loiterers, and what was left behind.

    With `mulde`: how rare they are at their place.
    """

    name = "still"
    memory_s = 0.0
    follow = _Stillness

    def learner(self, camera: Camera) -> Learner:
        """Count values at each cell; see `cue.Cue.learner`."""
        return Counting(camera.reference.grid, lambda bodies: bodies.cells[..., _CHANNEL])

    def plain(self, lessons: Sequence[Lesson], camera: Camera) -> CueState:
        """Add the counts; see `DensityCue.plain`.

        Args:
            lessons: counts int32 [bins, h, w] of each clip.
            camera: that the clips are of.

        Returns:
            counts int32 [bins, h, w], and the usual maximum float32 [h, w], seconds.
        """
        counts = summed(lessons, "counts")
        limit = usual(counts)
        if not counts[1:].any():  # nothing ever stood still
            limit = np.full_like(limit, _UNSEEN_S)
        return {"counts": counts, "usual": limit}
