"""Cues that are fitted on all clips, and their values in clips that they were not fitted on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vadjax.detectors.contract import Progress
from vadjax.detectors.scene.cue import Camera, Cue, CueState, Frames
from vadjax.detectors.scene.densities import MULDE, DensityCue, fit_together
from vadjax.detectors.scene.held_out import kept
from vadjax.detectors.scene.lessons import Lessons


def crossed(
    learnt: Mapping[str, tuple[Cue, Lessons]],
    frames: Sequence[tuple[Camera, Frames]],
    camera: Camera,
    *,
    folds: int,
    progress: Progress,
) -> tuple[dict[str, CueState], dict[str, list[dict[str, Any]]]]:
    """Fit cues on all clips; before, without each fold of them, to see its largest values.

    Args:
        learnt: each cue by name, with its lessons of all clips.
        frames: the camera and the frames of each clip.
        camera: that all clips are of.
        folds: into which the clips are divided, at most.
        progress: where progress is reported.

    Returns:
        The state of each cue, and what `held_out.kept` keeps of each clip, fold by fold.
    """
    numbers = range(len(frames))
    folds_of = [numbers[k::folds] for k in range(min(folds, len(frames)))]
    sets = [[n for n in numbers if n not in held] for held in folds_of] + [[*numbers]]
    jobs = {
        name: [(cue, lessons.chosen(clips)) for clips in sets]
        for name, (cue, lessons) in learnt.items()
        if isinstance(cue, DensityCue) and cue.density == MULDE
    }
    fitted = iter(fit_together([job for each in jobs.values() for job in each], camera))
    at_once = {name: [next(fitted) for _ in each] for name, each in jobs.items()}

    def fit(number: int) -> dict[str, CueState]:
        return {
            name: at_once[name][number]
            if name in at_once
            else cue.fit(lessons.chosen(sets[number]), camera)
            for name, (cue, lessons) in learnt.items()
        }

    tops: dict[str, list[dict[str, Any]]] = {name: [] for name in learnt}
    with progress.bar("clips", total=len(frames)) as advance:
        done = 0
        for number, held in enumerate(folds_of):
            states = fit(number)
            for n in held:
                own, read = frames[n]
                followers = {k: learnt[k][0].follow(s, own) for k, s in states.items()}
                found = [
                    [one.update(bodies).max() for one in followers.values()] for bodies in read()
                ]
                for name, values in zip(followers, np.array(found[1:]).T, strict=True):
                    tops[name].append(kept(values))
                done += 1
                advance(done, "")
    return fit(len(folds_of)), tops
