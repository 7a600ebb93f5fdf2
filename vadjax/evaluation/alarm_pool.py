"""How many alarms any threshold raises in any draw of normal clips, from one sorted list.

The frames from a threshold upwards, less the pairs of neighbours among them that lie so near that
they are one alarm, are the alarms. A pair is one of neighbours where both of its frames are called
and none between them: from the least of the two scores down to above the largest one between. So
each frame and each such pair adds to or takes from the count at one score, and a sum over the
sorted list has the alarms of all thresholds.
"""

from collections.abc import Sequence

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.alarms_by_threshold import end_to_end
from vadjax.evaluation.clip_pool import ClipPool


class AlarmPool:
    """The alarms of normal clips.

    Attributes:
        clips: the scores of their frames.
    """

    def __init__(self, videos: Sequence[ScoredVideo]) -> None:
        """Find the pairs of frames and sort them.

        Args:
            videos: without abnormal frames, each with a frame at least; their own thresholds are
                not used.
        """
        self.clips = ClipPool([video.scores for video in videos])
        values, clip, signs = _changes(videos)
        order = np.argsort(values, kind="stable")
        self._values, self._clip, self._signs = values[order], clip[order], signs[order]

    def count(self, counts: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
        """Count the alarms of a draw.

        Args:
            counts: int [k], how often each clip is drawn.
            thresholds: float [n]; a frame is called abnormal from it upwards.

        Returns:
            int [n].
        """
        below = np.append(0, np.cumsum(self._signs * counts[self._clip]))
        place = np.searchsorted(self._values, thresholds, side="left")
        return below[-1] - below[place]


def _changes(videos: Sequence[ScoredVideo]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scores, the clip of each, and by how much the alarms change from there downwards."""
    flat, place, gaps, number = end_to_end(videos)
    values, signs, of = [flat], [np.ones(len(flat), np.int64)], [number]
    first = np.arange(len(flat) - 1)  # frames to whose right a neighbour may stand
    between = np.full(len(first), -np.inf)
    distance = 1
    while len(first):
        second = first + distance
        near = number[first] == number[second]
        near &= place[second] - place[first + 1] < gaps[first]
        first, second, between = first[near], second[near], between[near]
        lowest = np.minimum(flat[first], flat[second])
        pair = lowest > between
        values += [lowest[pair], between[pair]]
        signs += [np.full(pair.sum(), -1), np.ones(pair.sum(), np.int64)]
        of += [number[first[pair]]] * 2
        between = np.maximum(between, flat[second])
        inside = (between < flat[first]) & (second + 1 < len(flat))
        first, between, distance = first[inside], between[inside], distance + 1
    joined = np.concatenate(values)
    seen = joined > -np.inf
    return joined[seen], np.concatenate(of)[seen], np.concatenate(signs)[seen]
