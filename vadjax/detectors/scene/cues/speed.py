"""Speed by place: how fast what moves is, relative to the fastest usual speed there."""

from collections.abc import Sequence

import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import Camera, CausalMean, CueState, Follower, Learner, Lesson
from vadjax.detectors.scene.usual import Counting, usual

MEAN_S = 0.8  # seconds over which flow is averaged
_PRIOR = 0.1  # share of foreground that counts as standing still, so that specks are not fast


class Speed:
    """Mean flow of the foreground in a box nearly as large as a body, over the usual maximum."""

    name = "speed"

    def learner(self, camera: Camera) -> Learner:
        """Count values at each cell; see `cue.Cue.learner`."""
        return Counting(camera.reference.grid, _Speeds(camera).update)

    def fit(self, lessons: Sequence[Lesson], camera: Camera) -> CueState:
        """Add the counts; see `cue.Cue.fit`.

        Args:
            lessons: counts int32 [bins, h, w] of each clip.
            camera: that the clips are of.

        Returns:
            counts int32 [bins, h, w], and the usual maximum float32 [h, w], heights a second.
        """
        counts = np.stack([lesson["counts"] for lesson in lessons]).sum(0, np.int32)
        return {"counts": counts, "usual": usual(counts)}

    def follow(self, state: CueState, camera: Camera) -> Follower:
        """Begin a video; see `cue.Cue.follow`.

        Args:
            state: what `fit` returned.
            camera: that the video is of.

        Returns:
            Gives the speed over the usual maximum.
        """
        return _Speeds(camera, state["usual"])

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
        limit = float(state["usual"][cell])
        return (
            f"moves at {value * limit:.1f} body heights a second; nearly everything (99.9 %) that "
            f"was seen to move at this place stayed below {limit:.1f}"
        )


class _Speeds:
    """Speed in heights of a body a second, divided by `limit`."""

    def __init__(self, camera: Camera, limit: np.ndarray | float = 1.0):
        self._mean = CausalMean(camera.frames(MEAN_S))
        self._scale = camera.fps / camera.reference.cell_body[:, None] / limit
        self._begun = False

    def update(self, bodies: Bodies) -> np.ndarray:
        if not self._begun:  # the first frame has no flow, which would count as standing still
            self._begun = True
            return np.zeros(bodies.cells.shape[:2], np.float32)
        x, y, share = np.moveaxis(self._mean.update(bodies.cells[..., :3]), -1, 0)
        return (np.hypot(x, y) / (share + _PRIOR) * self._scale).astype(np.float32)
