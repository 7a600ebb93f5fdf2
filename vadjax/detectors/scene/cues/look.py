"""Look of what moves: how far its embedding is from those of normal bodies, or how rare it is."""

from collections.abc import Sequence

import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import (
    Camera,
    CausalMean,
    CueState,
    Learner,
    Lesson,
    Moving,
    Saying,
    paint,
)
from vadjax.detectors.scene.densities import DensityCue, Learnt, with_networks
from vadjax.detectors.scene.exemplars import Exemplars, Gathering, nearest
from vadjax.detectors.scene.rarity import evenly, joined, rarity
from vadjax.detectors.scene.whitening import whitening

MEAN_S = 0.8  # seconds over which maps are averaged
NUM_EXEMPLARS = 6000
NUM_COMPONENTS = 64
UNIT = "distance in whitened components"
RARE = "deviations of a normal distribution"
_BASE = 0.05  # quantile of normal distances that cells without a body have


class _Looks:
    """Gives the distance to the nearest exemplar, or the rarity."""

    def __init__(self, state: CueState, camera: Camera):
        self._state = state
        self._mean = CausalMean(camera.frames(MEAN_S))

    def update(self, bodies: Bodies) -> np.ndarray:
        state, away = self._state, np.zeros(len(bodies), np.float32)
        if len(bodies) and len(state["kept"]):
            vectors = (bodies.looks - state["mean"]) @ state["axes"]
            if "rarity" in state:
                away = rarity(state["rarity"], vectors)
            else:
                away = nearest(state["kept"], vectors)[0]
        return self._mean.update(paint(bodies, away, state["base"]))

    def say(self, cell: tuple[int, int], value: float, moving: Moving | None) -> Saying:
        usual = max(self._state["base"], 1e-6)
        if "rarity" in self._state:
            text = (
                f"looks unlike all that was seen: as rare as {value:.1f} {RARE}; usual is "
                f"{usual:.1f}"
            )
            return Saying(text, value, usual, RARE)
        text = (
            "looks unlike all that was seen: its nearest known picture is "
            f"{value / usual:.1f} times as far as is usual"
        )
        return Saying(text, value, usual, UNIT)


class Look(DensityCue):
    """Distance to the nearest normal body, in whitened principal components, or rarity there."""

    name = "look"
    memory_s = MEAN_S
    follow = _Looks

    def learner(self, camera: Camera) -> Learner:
        """Gather the embeddings of every second frame; see `cue.Cue.learner`."""
        return Gathering(lambda bodies: bodies.looks, step=2)

    def plain(self, lessons: Sequence[Lesson], camera: Camera) -> CueState:
        """Whiten, and keep exemplars; see `DensityCue.plain`.

        Args:
            lessons: vectors float16 [n, d] and source int32 [n, 3] of each clip.
            camera: that the clips are of.

        Returns:
            mean float32 [d], axes float32 [d, k], kept float32 [n, k], source int32 [n, 4] (number
            of the lesson, frame, x and y of each), base, radius.
        """
        mean, axes = whitening((one["vectors"] for one in lessons), NUM_COMPONENTS)
        exemplars = Exemplars.empty(axes.shape[1], 4)
        away: list[np.ndarray] = []
        for number, lesson in enumerate(lessons):
            if not len(lesson["vectors"]):
                continue
            vectors = (lesson["vectors"].astype(np.float32) - mean) @ axes
            if len(exemplars.kept):
                away.append(nearest(exemplars.kept, vectors[::8])[0])  # before they are kept
            source = np.insert(lesson["source"], 0, number, axis=1)
            exemplars.add(vectors, source, limit=NUM_EXEMPLARS)
        base = float(np.quantile(np.concatenate(away), _BASE)) if away else 0.0
        return {
            "mean": mean,
            "axes": axes,
            "kept": exemplars.kept,
            "source": exemplars.source,
            "base": base,
            "radius": exemplars.radius,
        }

    def sample(self, learnt: Learnt) -> CueState | None:
        """Sample the looks, in whitened components."""
        state = learnt.state
        if not len(state["kept"]):
            return None
        return evenly(learnt.lessons, state["mean"], state["axes"])

    def with_rarity(self, state: CueState, found: CueState) -> CueState:
        """Add what is rare; cells without a body then have a usual small rarity.

        Args:
            state: what `plain` returned.
            found: what `fit_rarities` returned for its sample.

        Returns:
            The state.
        """
        usual = rarity(found, found["points"][::8].astype(np.float32))
        return {**state, "rarity": found, "base": float(np.quantile(usual, _BASE))}

    def extend(self, state: CueState, lesson: Lesson, *, number: int, camera: Camera) -> CueState:
        """Add the exemplars of one more clip; see `cue.Extendable.extend`.

        Args:
            state: what `fit` returned.
            lesson: vectors float16 [n, d] and source int32 [n, 3] of the clip.
            number: of the lesson, in the sources.
            camera: that the clips are of.

        Returns:
            As `fit`. The components are those of the clips of `fit`, and so is `base` of
            exemplars, which are kept in them. A network is trained anew, on a sample of all clips.
        """
        if not len(lesson["vectors"]):
            return state
        if not len(state["mean"]):  # nothing had moved yet
            fitted = self.fit([lesson], camera)
            return {**fitted, "source": fitted["source"] + np.array([number, 0, 0, 0])}
        vectors = (lesson["vectors"].astype(np.float32) - state["mean"]) @ state["axes"]
        exemplars = Exemplars(state["kept"], state["source"], state["radius"])
        numbered = np.insert(lesson["source"], 0, number, axis=1)
        exemplars.add(vectors, numbered, limit=NUM_EXEMPLARS)
        extended = {
            **state,
            "kept": exemplars.kept,
            "source": exemplars.source,
            "radius": exemplars.radius,
        }
        if "rarity" not in state:
            return extended
        known = state["rarity"]
        sample = joined(known, lesson["vectors"], state["mean"], state["axes"])
        return self.with_rarity(extended, *with_networks([sample], seed=known["seed"]))
