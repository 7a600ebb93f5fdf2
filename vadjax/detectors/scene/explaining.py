"""What was seen in some frames of a clip, from no more of its frames than are needed."""

from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from vadjax.data.clip import Clip
from vadjax.data.scored_video import Finding
from vadjax.detectors.abilities import Kept
from vadjax.detectors.contract import State
from vadjax.detectors.scene.bodies import PATH
from vadjax.detectors.scene.clip_reader import reader_of
from vadjax.detectors.scene.cue import Camera
from vadjax.detectors.scene.cues import CUES, inputs_of
from vadjax.detectors.scene.follower import SceneFollower, camera_of


def findings(
    state: State, clip: Clip, frames: Sequence[int], *, kept: Kept | None = None
) -> list[Finding]:
    """Say what the strongest cue saw at the place of the largest value.

    Args:
        state: what `Scene.fit` returned.
        clip: that was scored.
        frames: numbers of rows, ascending.
        kept: what counts of the map of a row; None: all.

    Returns:
        A finding for each frame.
    """
    camera = camera_of(state, clip.videos[0].fps)
    before, found = _frames_before(state, camera), []
    with threadpool_limits(1, "blas"):
        for start, stop in _stretches(frames, before, len(clip)):
            follower = SceneFollower(state, camera)
            wanted = {number for number in frames if start <= number < stop}
            rows = np.arange(start, stop)
            read = reader_of(clip, rows, camera, inputs_of(state["cues"]))
            for number, bodies in zip(rows.tolist(), read(), strict=True):
                follower.update(bodies)
                if number == 1 and 0 in wanted:  # the first frame has the score of the second
                    found.append(follower.finding(0, kept))
                if number in wanted and (number or len(clip) == 1):
                    found.append(follower.finding(number, kept))
    return found


def _frames_before(state: State, camera: Camera) -> float:
    """Return how many frames before one its maps depend on; infinity: all of them."""
    seconds = [getattr(CUES[name], "memory_s", None) for name in state["cues"]]
    known = [each for each in seconds if each is not None]
    if len(known) < len(seconds):
        return np.inf
    return camera.frames(max(known, default=0.0)) + PATH + 1


def _stretches(frames: Sequence[int], before: float, length: int) -> list[tuple[int, int]]:
    """Return half-open stretches, ascending and apart, with each frame and those before it."""
    stretches: list[tuple[int, int]] = []
    for number in sorted(set(frames)):
        start, stop = int(max(0, number - before)), min(max(number, 1) + 1, length)
        if stretches and start <= stretches[-1][1]:
            start = stretches.pop()[0]
        stretches.append((start, stop))
    return stretches
