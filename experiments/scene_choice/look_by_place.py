"""The cue `look` with exemplars by place: a picture counts as normal where, or near where, it was.

Place is two further components of a vector, so that neighbouring places share exemplars, the less
the further they are apart: a body apart in place is as far as `weight` in whitened components.
"""

from collections.abc import Sequence

import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import Camera, CueState, Lesson, paint
from vadjax.detectors.scene.cues import look
from vadjax.detectors.scene.exemplars import Exemplars, nearest
from vadjax.detectors.scene.whitening import whitening

ACROSS, DOWN = 3.0, 0.75  # bodies that count as 1, as for the cue course


def unit(camera: Camera) -> np.ndarray:
    """Return the pixels, across and down, that count as 1."""
    return np.array([ACROSS, DOWN], np.float32) * float(np.median(camera.reference.body))


class _Looks(look._Looks):
    def __init__(self, state: CueState, camera: Camera):
        super().__init__(state, camera)
        self._scale = state["weight"] / unit(camera)

    def update(self, bodies: Bodies) -> np.ndarray:
        state, away = self._state, np.zeros(len(bodies), np.float32)
        if len(bodies) and len(state["kept"]):
            vectors = (bodies.looks - state["mean"]) @ state["axes"]
            placed = np.hstack([vectors, bodies.centres * self._scale])
            away = nearest(state["kept"], placed.astype(np.float32))[0]
        return self._mean.update(paint(bodies, away, state["base"]))


class LookByPlace(look.Look):
    """Distance to the nearest normal body in look and place."""

    name = "look"
    follow = _Looks
    weight = 1.0

    def plain(self, lessons: Sequence[Lesson], camera: Camera) -> CueState:
        """Whiten, and keep exemplars of look and place; see `look.Look.plain`."""
        mean, axes = whitening((one["vectors"] for one in lessons), look.NUM_COMPONENTS)
        exemplars, away = Exemplars.empty(axes.shape[1] + 2, 3), []
        for lesson in lessons:
            if not len(lesson["vectors"]):
                continue
            vectors = (lesson["vectors"].astype(np.float32) - mean) @ axes
            place = lesson["source"][:, 1:] * (self.weight / unit(camera))
            placed = np.hstack([vectors, place]).astype(np.float32)
            if len(exemplars.kept):
                away.append(nearest(exemplars.kept, placed[::8])[0])
            exemplars.add(placed, lesson["source"], limit=look.NUM_EXEMPLARS)
        base = float(np.quantile(np.concatenate(away), look._BASE)) if away else 0.0
        kept = {"kept": exemplars.kept, "base": base, "weight": self.weight}
        return {"mean": mean, "axes": axes, **kept}
