"""Further normal clips for a detector that has been fitted: scored by it first, then learnt."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from vadjax.data.clip import Clip
from vadjax.data.leakage.fitted import stretches_of
from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.contract import Progress, State
from vadjax.detectors.scene.clip_reader import reader_of
from vadjax.detectors.scene.cue import Camera, Extendable, Lesson
from vadjax.detectors.scene.cues import CUES, inputs_of
from vadjax.detectors.scene.exemplar_pictures import with_pictures_of
from vadjax.detectors.scene.follower import SceneFollower, camera_of
from vadjax.detectors.scene.held_out import kept, surprise_of
from vadjax.detectors.scene.traffic import Traffic, added
from vadjax.errors import UserError


def with_clips(
    state: State, clips: Sequence[Clip], *, progress: Progress
) -> tuple[State, list[ScoredVideo]]:
    """Learn further clips, in the memory of one clip.

    Every clip is scored by the detector as it was, which has seen none of them; its largest values
    join those that surprises are calibrated on. Then each cue goes on from its state.

    Args:
        state: what `Scene.fit` returned.
        clips: normal ones of the same camera.
        progress: where progress is reported.

    Returns:
        The state, and the held-out scores of each clip.

    Raises:
        UserError: a cue cannot learn further clips, or an older vadjax has written the state.
    """
    cues = {name: _extendable(name) for name in state["cues"]}
    if "held_out" not in state:
        raise UserError(
            "this detector was trained by an older vadjax and did not keep what further clips are "
            "added to: train anew, with another --workdir."
        )
    camera = camera_of(state, None)
    states, traffic = dict(state["cues"]), state["traffic"]
    held_out = {name: list(clips_of_cue) for name, clips_of_cue in state["held_out"].items()}
    scored: list[ScoredVideo] = []
    first = len(state["clips"])
    with threadpool_limits(1, "blas"), progress.bar("clips", total=len(clips)) as advance:
        for number, clip in enumerate(clips, first):
            one = _Observed(state, clip, camera)
            scored.append(one.scored)
            for name, cue in cues.items():
                held_out[name].append(kept(one.tops[name]))
                states[name] = cue.extend(
                    states[name], one.lessons[name], number=number, camera=camera
                )
            traffic = added([traffic, one.traffic])
            advance(len(scored), "")
    read = stretches_of(clips, lambda clip: np.arange(len(clip)))
    found = {
        **state,
        "cues": states,
        "traffic": traffic,
        "held_out": held_out,
        "surprise": {
            name: surprise_of(values, state.get("tail", "exponential"))
            for name, values in held_out.items()
        },
        "clips": [*state["clips"], *(clip.id for clip in clips)],
        "fitted_on": {
            purpose: sorted({*map(tuple, frames), *read})
            for purpose, frames in state["fitted_on"].items()
        },
    }
    if "pictures" in state:
        numbered = dict(enumerate(clips, first))
        found["pictures"] = with_pictures_of(
            state["pictures"],
            state["cues"]["look"],
            states["look"],
            camera.reference,
            numbered,
        )
    return found, scored


class _Observed:
    """One pass over a clip: its scores, the largest values of each cue, and what is learnt of it.

    Args:
        state: by which it is scored.
        clip: that is read.
        camera: of the state.
    """

    def __init__(self, state: State, clip: Clip, camera: Camera):
        own = camera_of(state, clip.videos[0].fps)
        follower = SceneFollower(state, own)
        learners = {name: CUES[name]().learner(own) for name in state["cues"]}
        traffic = Traffic(own)
        scores: list[float] = []
        tops: dict[str, list[Any]] = {name: [] for name in state["cues"]}
        rows = np.arange(len(clip))
        for bodies in reader_of(clip, rows, camera, inputs_of(state["cues"]))():
            scores.append(follower.update(bodies).score or 0.0)
            for name, values in follower.raw.items():
                tops[name].append(values.max())
            for learner in learners.values():
                learner.update(bodies)
            traffic.update(bodies)
        predicted = rows > 0
        if len(clip) > 1:  # as in `Scene.score`: the first frame has no flow
            scores[0] = scores[1]
        else:
            predicted[:] = True
        self.scored = clip.scored(np.array(scores, np.float32), predicted)
        self.tops = {name: np.array(values[1:], np.float32) for name, values in tops.items()}
        self.lessons: dict[str, Lesson] = {name: one.lesson() for name, one in learners.items()}
        self.traffic = traffic.lesson()


def _extendable(name: str) -> Extendable:
    cue = CUES[name]()
    if not isinstance(cue, Extendable):
        raise UserError(
            f"the cue {name} of this detector cannot learn further clips: train anew with all "
            "clips, or without it (scene.cues)."
        )
    return cue
