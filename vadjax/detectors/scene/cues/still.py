"""Standing still by place: for how long what is no background has not moved there."""

from collections.abc import Sequence

import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import Camera, CueState, Follower, Learner, Lesson
from vadjax.detectors.scene.usual import Counting, usual
from vadjax.features.scene.meter import CHANNELS

_CHANNEL = CHANNELS.index("still_s")
_UNSEEN_S = 1.0  # seconds that count as usual where nothing was seen to stand still


class Still:
    """Seconds of standing still, over the usual maximum: loiterers, and what was left behind."""

    name = "still"

    def learner(self, camera: Camera) -> Learner:
        """Count values at each cell; see `cue.Cue.learner`."""
        return Counting(camera.reference.grid, lambda bodies: bodies.cells[..., _CHANNEL])

    def fit(self, lessons: Sequence[Lesson], camera: Camera) -> CueState:
        """Add the counts; see `cue.Cue.fit`.

        Args:
            lessons: counts int32 [bins, h, w] of each clip.
            camera: that the clips are of.

        Returns:
            counts int32 [bins, h, w], and the usual maximum float32 [h, w], seconds.
        """
        counts = np.stack([lesson["counts"] for lesson in lessons]).sum(0, np.int32)
        limit = usual(counts)
        if not counts[1:].any():  # nothing ever stood still
            limit = np.full_like(limit, _UNSEEN_S)
        return {"counts": counts, "usual": limit}

    def follow(self, state: CueState, camera: Camera) -> Follower:
        """Begin a video; see `cue.Cue.follow`.

        Args:
            state: what `fit` returned.
            camera: that the video is of.

        Returns:
            Gives the seconds over the usual maximum.
        """
        return _Stillness(state["usual"])

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
            f"stands still for {value * limit:.1f} s; nearly everything (99.9 %) that was seen to "
            f"stop at this place went on within {limit:.1f} s"
        )


class _Stillness:
    def __init__(self, limit: np.ndarray):
        self._limit = limit

    def update(self, bodies: Bodies) -> np.ndarray:
        return (bodies.cells[..., _CHANNEL] / self._limit).astype(np.float32)
