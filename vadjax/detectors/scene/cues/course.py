"""Course by place: whether anything was seen near here that moved like this, fast and whereto."""

from collections.abc import Sequence

import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import (
    MOVING,
    SPEED_UNIT,
    Camera,
    CausalMean,
    CueState,
    Learner,
    Lesson,
    Moving,
    Saying,
    in_words,
    paint,
)
from vadjax.detectors.scene.exemplars import Exemplars, Gathering, nearest

MEAN_S = 0.5  # seconds over which maps are averaged
NUM_EXEMPLARS = 6000
UNIT = "distance in place and velocity"
_ACROSS, _DOWN, _VELOCITY = 3.0, 0.75, 0.35  # bodies, bodies, bodies a second that count as 1
_HERE = 1.0  # distance in place within which an exemplar is near
_SAME_WAY = np.cos(np.pi / 4)  # of the angle between two velocities, at least


class _Courses:
    """Gives the distance to the nearest exemplar, 0 where no body is."""

    def __init__(self, state: CueState, camera: Camera):
        self._kept, self._camera = state["kept"], camera
        self._mean, self._begun = CausalMean(camera.frames(MEAN_S)), False
        self._bodies: Bodies | None = None

    def update(self, bodies: Bodies) -> np.ndarray:
        self._bodies = bodies
        if not self._begun:  # the first frame has no velocity
            self._begun = True
            return np.zeros(bodies.cells.shape[:2], np.float32)
        away = np.zeros(len(bodies), np.float32)
        if len(self._kept):
            away = nearest(self._kept, _vectors(bodies, self._camera))[0]
        return self._mean.update(paint(bodies, away, 0.0))

    def say(self, cell: tuple[int, int], value: float, moving: Moving | None) -> Saying:
        number = None if self._bodies is None else self._bodies.nearest(cell)[0]
        if moving is None or self._bodies is None or number is None:
            return Saying("moved as nothing was seen to move here", value, 0.0, UNIT)
        place = self._bodies.centres[number] / _unit(self._camera)
        here = np.hypot(*(self._kept[:, :2] - place).T) <= _HERE
        known = self._kept[here, 2:] * _VELOCITY
        speeds = np.hypot(*known.T)
        if not moving.way:
            slowest = float(speeds.min()) if len(speeds) else 0.0
            normal = "nothing was seen to stop here" if len(speeds) else "nothing was seen here"
            if slowest > MOVING:
                normal = f"all that was seen here moved at {slowest:.1f} or more"
            text = f"hardly moves, at {moving.speed:.1f} {SPEED_UNIT}; {normal}"
            return Saying(text, moving.speed, slowest, SPEED_UNIT)
        along = known @ self._bodies.velocity[number] >= _SAME_WAY * moving.speed * speeds
        same = speeds[along & (speeds > MOVING)]
        fastest = float(same.max(initial=0.0))
        seen, most = in_words(moving.speed, fastest)
        if not (speeds > MOVING).any():
            normal = "nothing was seen to move here"
        elif not len(same):
            normal = "nothing was seen to move that way here"
        elif moving.speed > fastest:
            normal = f"nothing was seen to move that way here faster than {most}"
        else:
            normal = "nothing was seen to move that way at this speed here"
        text = f"moves {moving.way} at {seen} {SPEED_UNIT}; {normal}"
        return Saying(text, moving.speed, fastest, SPEED_UNIT)


class Course:
    """Distance to the nearest normal body in place and velocity."""

    name = "course"
    memory_s = MEAN_S
    follow = _Courses

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

    def extend(self, state: CueState, lesson: Lesson, *, number: int, camera: Camera) -> CueState:
        """Add the exemplars of one more clip; see `cue.Extendable.extend`.

        Args:
            state: what `fit` returned.
            lesson: vectors float32 [n, 4] of the clip.
            number: not used.
            camera: that the clips are of.

        Returns:
            As `fit` of all clips.
        """
        nowhere = np.zeros((len(state["kept"]), 3), np.int32)  # sources are not kept
        exemplars = Exemplars(state["kept"], nowhere, state["radius"])
        exemplars.add(lesson["vectors"], lesson["source"], limit=NUM_EXEMPLARS)
        return {"kept": exemplars.kept, "radius": exemplars.radius}


def _unit(camera: Camera) -> np.ndarray:
    """Return the pixels, across and down, that count as 1."""
    return np.array([_ACROSS, _DOWN], np.float32) * float(np.median(camera.reference.body))


def _vectors(bodies: Bodies, camera: Camera) -> np.ndarray:
    """Return float32 [n, 4], place and velocity of each body, each on the scale of distances."""
    place = bodies.centres / _unit(camera)
    return np.hstack([place, bodies.velocity / _VELOCITY]).astype(np.float32)
