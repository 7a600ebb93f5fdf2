"""Cues whose values may be densities; what several of them learn is fitted in one program."""

import abc
from collections.abc import Sequence
from typing import NamedTuple

from vadjax.detectors.scene.cue import Camera, CueState, Lesson
from vadjax.detectors.scene.place_rarity import of_counts

MULDE = "mulde"


class Learnt(NamedTuple):
    """What a density is added to.

    Attributes:
        state: what `DensityCue.plain` returned.
        lessons: of each clip, of which it was made.
        camera: that they are of.
    """

    state: CueState
    lessons: Sequence[Lesson]
    camera: Camera


class DensityCue(abc.ABC):
    """What a cue has that may measure how rare a value is; see `cue.Cue`.

    A subclass gives `plain`, the state without a density, and `sample`, what the density is of.

    Args:
        density: "exemplars", the cue's own measure, or "mulde" (see `scene.rarity`); a state keeps
            its own.
        seed: of the random numbers of `mulde`.
    """

    def __init__(self, density: str = "exemplars", seed: int = 0):
        self.density, self.seed = density, seed

    @abc.abstractmethod
    def plain(self, lessons: Sequence[Lesson], camera: Camera) -> CueState:
        """Put lessons together without a density.

        Args:
            lessons: of each clip.
            camera: that the clips are of.

        Returns:
            The state.
        """

    @abc.abstractmethod
    def sample(self, learnt: Learnt) -> CueState | None:
        """Return what the density is of, see `rarity.evenly`; None where there is nothing."""

    def with_rarity(self, state: CueState, found: CueState) -> CueState:
        """Add a density to a plain state.

        Args:
            state: what `plain` returned.
            found: what `fit_rarities` returned for its sample.

        Returns:
            The state.
        """
        return {**state, "rarity": found}

    def fit(self, lessons: Sequence[Lesson], camera: Camera) -> CueState:
        """Put what was learnt of several clips together; see `cue.Cue.fit`.

        Args:
            lessons: of each clip.
            camera: that the clips are of.

        Returns:
            What `plain` returns; with `mulde` also rarity.
        """
        return fit_together([(self, lessons)], camera)[0]


class CountedCue(DensityCue):
    """A cue that counts values by cell; its state has `counts`."""

    def sample(self, learnt: Learnt) -> CueState | None:
        """Sample what was counted."""
        return of_counts(learnt.state["counts"], learnt.camera)

    def extend(self, state: CueState, lesson: Lesson, *, number: int, camera: Camera) -> CueState:
        """Add the counts of one more clip; see `cue.Extendable.extend`.

        Args:
            state: what `fit` returned.
            lesson: counts of the clip.
            number: not used.
            camera: that the clips are of.

        Returns:
            As `fit` of all clips.
        """
        return refitted(self, state, [{"counts": state["counts"]}, lesson], camera)


def with_networks(samples: Sequence[CueState], *, seed: int) -> list[CueState]:
    """Return what `rarity_fit.fit_rarities` does, which is imported where something is learnt.

    Args:
        samples: see there.
        seed: see there.

    Returns:
        See there.
    """
    from vadjax.detectors.scene.rarity_fit import fit_rarities  # JAX, which scoring does without

    return fit_rarities(samples, seed=seed)


def refitted(
    cue: DensityCue, state: CueState, lessons: Sequence[Lesson], camera: Camera
) -> CueState:
    """Fit a state anew, with a density where an earlier state had one.

    Args:
        cue: of the state.
        state: the earlier one.
        lessons: of all clips.
        camera: that they are of.

    Returns:
        The state.
    """
    plain = cue.plain(lessons, camera)
    if "rarity" not in state:
        return plain
    sample = cue.sample(Learnt(plain, lessons, camera))
    if sample is None:
        return plain
    return cue.with_rarity(plain, *with_networks([sample], seed=state["rarity"]["seed"]))


def fit_together(
    jobs: Sequence[tuple[DensityCue, Sequence[Lesson]]], camera: Camera
) -> list[CueState]:
    """Fit states of several cues or sets of lessons, all networks in one program.

    Args:
        jobs: a cue and the lessons of each state.
        camera: that all clips are of.

    Returns:
        What `DensityCue.fit` returns for each.
    """
    states = [cue.plain(lessons, camera) for cue, lessons in jobs]
    samples = {}
    for number, (cue, lessons) in enumerate(jobs):
        if cue.density == MULDE:
            sample = cue.sample(Learnt(states[number], lessons, camera))
            if sample is not None:
                samples[number] = sample
    if samples:
        seed = jobs[next(iter(samples))][0].seed
        found = with_networks([*samples.values()], seed=seed)
        for number, own in zip(samples, found, strict=True):
            states[number] = jobs[number][0].with_rarity(states[number], own)
    return states
