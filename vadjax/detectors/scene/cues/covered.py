"""What cues have in common that measure how much of the surroundings is foreground."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import Camera, CausalMean, CueState, Learner, Lesson
from vadjax.detectors.scene.densities import CountedCue
from vadjax.detectors.scene.lessons import summed
from vadjax.detectors.scene.place_rarity import rare_cells
from vadjax.detectors.scene.surroundings import Surroundings
from vadjax.detectors.scene.usual import Counting, usual
from vadjax.features.scene.meter import CHANNELS
from vadjax.features.scene.reference import CELL

MEAN_S = 0.5  # seconds over which it is averaged
BODY = 0.55  # of the square of a body's height, which it covers
_SHARE = CHANNELS.index("share")


class Covered:
    """Bodies that the foreground around each cell would make, over the usual maximum, or rarity.

    Args:
        state: see `CoveredCue.plain`; {} while it learns.
        camera: that the video is of.
    """

    side: ClassVar[float]  # of the square, in heights of a body

    def __init__(self, state: CueState, camera: Camera):
        self._limit, self._rarity, self._camera = state.get("usual"), state.get("rarity"), camera
        self._around = Surroundings(camera.reference, self.side)
        self._body = BODY * (camera.reference.cell_body[:, None] / CELL) ** 2  # in cells
        self._mean, self._seen = CausalMean(camera.frames(MEAN_S)), np.zeros(0)

    def update(self, bodies: Bodies) -> np.ndarray:
        """See `cue.Follower.update`."""
        share = self._mean.update(bodies.cells[..., _SHARE])
        self._seen = (self._around(share) / self._body).astype(np.float32)
        if self._limit is None:
            return self._seen
        if self._rarity is None:
            return self._seen / self._limit
        return rare_cells(self._rarity, self._seen, self._camera)

    def numbers(self, cell: tuple[int, int], value: float) -> tuple[float, float]:
        """Return what was seen at a cell and what is usual there, in bodies.

        Args:
            cell: row and column.
            value: of the map there.

        Returns:
            Both.
        """
        assert self._limit is not None  # nothing is said while it learns
        limit = float(self._limit[cell])
        return (value * limit if self._rarity is None else float(self._seen[cell])), limit


class CoveredCue(CountedCue):
    """Counts it by place; a subclass names its follower."""

    memory_s = MEAN_S
    follow: type[Covered]

    def learner(self, camera: Camera) -> Learner:
        """Count values at each cell; see `cue.Cue.learner`."""
        return Counting(camera.reference.grid, self.follow({}, camera).update)

    def plain(self, lessons: Sequence[Lesson], camera: Camera) -> CueState:
        """Add the counts; see `DensityCue.plain`.

        Args:
            lessons: counts int32 [bins, h, w] of each clip.
            camera: that the clips are of.

        Returns:
            counts int32 [bins, h, w], and the usual maximum float32 [h, w], bodies.
        """
        counts = summed(lessons, "counts")
        return {"counts": counts, "usual": usual(counts)}
