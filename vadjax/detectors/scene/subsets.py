"""The score of a frame by each set of cues, from cues that were fitted once."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from vadjax.detectors.contract import State
from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import Camera
from vadjax.detectors.scene.follower import SceneFollower
from vadjax.detectors.scene.fused import fused


def subsets(cues: Sequence[str]) -> list[tuple[str, ...]]:
    """Return every set of cues but the empty one, in the order of the cues, the largest first."""

    def sized(count: int) -> Iterator[tuple[str, ...]]:
        return itertools.combinations(cues, count)

    return [one for count in range(len(cues), 0, -1) for one in sized(count)]


class SubsetScores:
    """Scores one video frame by frame, by several sets of cues at once.

    Args:
        state: what `Scene.fit` returned.
        camera: see `follower.camera_of`.
        sets: of cues that the state has; the score of each is that of a detector of these alone.
    """

    def __init__(self, state: State, camera: Camera, sets: Sequence[tuple[str, ...]]):
        self._follower, self._sets = SceneFollower(state, camera), sets

    def update(self, bodies: Bodies) -> np.ndarray:
        """Take the next frame; return the score of each set, float32 [sets]."""
        self._follower.update(bodies)
        maps = self._follower.maps
        totals = [fused({cue: maps[cue] for cue in cues}).max() for cues in self._sets]
        return np.array(totals, np.float32)
