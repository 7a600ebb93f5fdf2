"""The maps of several cues -> one map."""

from collections.abc import Mapping

import numpy as np

RULE = 2  # of measures and fusion; raised when a threshold of an earlier state means nothing
ALONG = (
    "course",
    "still",
    "direction",
    "size",
    "crowding",
)  # in part say again what the other cues say, and are noisier
SAME = ("speed", "scanner")  # both say how fast something moves; the more surprised one counts
SHARE = 0.5  # of the other cues' sum, which these have to exceed to count


def fused(maps: Mapping[str, np.ndarray]) -> np.ndarray:
    """Put the surprises of cues together: S + max(S / 2, A); their sum where one has no cue.

    S is the sum of the cues that are not `ALONG`, A the sum of those that are; of the cues `SAME`,
    where there are both, the larger value counts at each cell. All are added where
    A is more than half of S; the noise of A adds nothing to what is fast or looks odd, as much in
    normal frames as in others (experiments/scene_choice/README.md).

    >>> float(fused({"speed": np.array(2.0), "look": np.array(1.0), "still": np.array(0.5)}))
    4.5
    >>> float(fused({"speed": np.array(0.0), "look": np.array(1.0), "still": np.array(3.0)}))
    4.0
    >>> float(fused({"speed": np.array(2.0), "look": np.array(1.0), "scanner": np.array(3.0)}))
    4.0

    Args:
        maps: of each cue, surprises float32 [...] of one shape; at least one.

    Returns:
        float32 [...].
    """
    along = [values for name, values in maps.items() if name in ALONG]
    others = [values for name, values in maps.items() if name not in (*ALONG, *SAME)]
    if same := [maps[name] for name in SAME if name in maps]:
        others.insert(0, np.maximum.reduce(same))
    if not along or not others:
        return np.asarray(np.sum(along or others, axis=0, dtype=np.float32))
    most = np.sum(others, axis=0, dtype=np.float32)
    more = np.maximum(np.float32(SHARE) * most, np.sum(along, axis=0, dtype=np.float32))
    return np.asarray(most + more)
