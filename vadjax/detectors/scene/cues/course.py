"""Course by place: whether anything was seen near here that moved like this, fast and whereto."""

from collections.abc import Sequence

import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import (
    Camera,
    CausalMean,
    CueState,
    Follower,
    Learner,
    Lesson,
    paint,
)
from vadjax.detectors.scene.exemplars import Exemplars, Gathering, nearest

MEAN_S = 0.5  # seconds over which maps are averaged
NUM_EXEMPLARS = 6000
_ACROSS, _DOWN, _VELOCITY = 3.0, 0.75, 0.35  # bodies, bodies, bodies a second that count as 1


class Course:
    """Distance to the nearest normal body in place and velocity."""

    name = "course"

    def learner(self, camera: Camera) -> Learner:
        """Gather places and velocities; see `cue.Cue.learner`."""
        return Gathering(lambda bodies: _vectors(bodies, camera), first=1)

    def fit(self, lessons: Sequence[Lesson], camera: Camera) -> CueState:
        """Keep exemplars of place and velocity; see `cue.Cue.fit`.

        Args:
            lessons: vectors float32 [n, 4] of each clip.
            camera: that the clips are of.

        Returns:
            kept float32 [n, 4], radius.
        """
        exemplars = Exemplars.empty(4)
        for lesson in lessons:
            exemplars.add(lesson["vectors"], lesson["source"], limit=NUM_EXEMPLARS)
        return {"kept": exemplars.kept, "radius": exemplars.radius}

    def follow(self, state: CueState, camera: Camera) -> Follower:
        """Begin a video; see `cue.Cue.follow`.

        Args:
            state: what `fit` returned.
            camera: that the video is of.

        Returns:
            Gives the distance to the nearest exemplar, 0 where no body is.
        """
        return _Courses(state["kept"], camera)

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
        return (
            "moves as nothing was seen to move near this place: in place and velocity the nearest "
            f"known course is {value:.1f} away, where 1 is {_VELOCITY} body heights a second, or "
            f"{_DOWN} body heights up or down, or {_ACROSS:.0f} across"
        )


class _Courses:
    def __init__(self, kept: np.ndarray, camera: Camera):
        self._kept, self._camera = kept, camera
        self._mean, self._begun = CausalMean(camera.frames(MEAN_S)), False

    def update(self, bodies: Bodies) -> np.ndarray:
        if not self._begun:  # the first frame has no velocity
            self._begun = True
            return np.zeros(bodies.cells.shape[:2], np.float32)
        away = np.zeros(len(bodies), np.float32)
        if len(self._kept):
            away = nearest(self._kept, _vectors(bodies, self._camera))[0]
        return self._mean.update(paint(bodies, away, 0.0))


def _vectors(bodies: Bodies, camera: Camera) -> np.ndarray:
    """Return float32 [n, 4], place and velocity of each body, each on the scale of distances."""
    body = float(np.median(camera.reference.body))
    place = bodies.centres / (np.array([_ACROSS, _DOWN], np.float32) * body)
    return np.hstack([place, bodies.velocity / _VELOCITY]).astype(np.float32)
