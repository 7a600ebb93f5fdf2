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
from vadjax.detectors.scene.densities import DensityCue, Learnt, with_networks
from vadjax.detectors.scene.exemplars import Exemplars, Gathering, nearest
from vadjax.detectors.scene.rarity import evenly, joined, rarity

MEAN_S = 0.5  # seconds over which maps are averaged
NUM_EXEMPLARS = 6000
UNIT = "distance in place and velocity"
_ACROSS, _DOWN, _VELOCITY = 3.0, 0.75, 0.35  # bodies, bodies, bodies a second that count as 1
_HERE = 1.0  # distance in place within which an exemplar is near
_SAME_WAY = np.cos(np.pi / 4)  # of the angle between two velocities, at least


class _Courses:
    """Gives the distance to the nearest exemplar, or the rarity; 0 where no body is."""

    def __init__(self, state: CueState, camera: Camera):
        self._kept, self._camera = state["kept"], camera
        self._rarity = state.get("rarity")
        self._mean, self._begun = CausalMean(camera.frames(MEAN_S)), False
        self._bodies: Bodies | None = None

    def update(self, bodies: Bodies) -> np.ndarray:
        self._bodies = bodies
        if not self._begun:  # the first frame has no velocity
            self._begun = True
            return np.zeros(bodies.cells.shape[:2], np.float32)
        away = np.zeros(len(bodies), np.float32)
        vectors = _vectors(bodies, self._camera)
        if self._rarity is not None:
            away = rarity(self._rarity, (vectors - self._rarity["mean"]) @ self._rarity["axes"])
        elif len(self._kept):
            away = nearest(self._kept, vectors)[0]
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


class Course(DensityCue):
    """Distance to the nearest normal body in place and velocity, or rarity there."""

    name = "course"
    memory_s = MEAN_S
    follow = _Courses

    def learner(self, camera: Camera) -> Learner:
        """Gather places and velocities; see `cue.Cue.learner`."""
        return Gathering(lambda bodies: _vectors(bodies, camera), first=1)

    def plain(self, lessons: Sequence[Lesson], camera: Camera) -> CueState:
        """Keep exemplars of place and velocity; see `DensityCue.plain`.

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

    def sample(self, learnt: Learnt) -> CueState | None:
        """Sample places and velocities, standardised."""
        if not len(learnt.state["kept"]):
            return None
        mean, axes = _standard(learnt.lessons)
        return {**evenly(learnt.lessons, mean, axes), "mean": mean, "axes": axes}

    def extend(self, state: CueState, lesson: Lesson, *, number: int, camera: Camera) -> CueState:
        """Add the exemplars of one more clip; see `cue.Extendable.extend`.

        Args:
            state: what `fit` returned.
            lesson: vectors float32 [n, 4] of the clip.
            number: not used.
            camera: that the clips are of.

        Returns:
            As `fit` of all clips; a network is trained anew, on a sample of all clips.
        """
        nowhere = np.zeros((len(state["kept"]), 3), np.int32)  # sources are not kept
        exemplars = Exemplars(state["kept"], nowhere, state["radius"])
        exemplars.add(lesson["vectors"], lesson["source"], limit=NUM_EXEMPLARS)
        extended = {"kept": exemplars.kept, "radius": exemplars.radius}
        known = state.get("rarity")
        if known is None or not len(lesson["vectors"]):
            return extended | ({} if known is None else {"rarity": known})
        scale = {"mean": known["mean"], "axes": known["axes"]}
        sample = {**joined(known, lesson["vectors"], **scale), **scale}
        return self.with_rarity(extended, *with_networks([sample], seed=known["seed"]))


def _unit(camera: Camera) -> np.ndarray:
    """Return the pixels, across and down, that count as 1."""
    return np.array([_ACROSS, _DOWN], np.float32) * float(np.median(camera.reference.body))


def _standard(lessons: Sequence[Lesson]) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean [4] of all vectors, and the axes [4, 4] that divide by their deviations."""
    count, total, squares = 0, np.zeros(4), np.zeros(4)
    for lesson in lessons:
        vectors = lesson["vectors"].astype(np.float64).reshape(-1, 4)
        count, total = count + len(vectors), total + vectors.sum(0)
        squares = squares + (vectors**2).sum(0)
    mean = total / count
    spread = np.sqrt(np.maximum(squares / count - mean**2, 1e-6))
    return mean.astype(np.float32), np.diag(1 / spread).astype(np.float32)


def _vectors(bodies: Bodies, camera: Camera) -> np.ndarray:
    """Return float32 [n, 4], place and velocity of each body, each on the scale of distances."""
    place = bodies.centres / _unit(camera)
    return np.hstack([place, bodies.velocity / _VELOCITY]).astype(np.float32)
