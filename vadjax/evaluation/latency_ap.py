"""Average precision that rewards early calls: precision against a recall that decays with delay.

Frames of an event are of one event: a detector that calls its second half has told nobody in time,
yet has half of its frames right. Here an event counts by the share of it that is still to come when
it is first called, 1 from its first frame, 0 if never (after the latency-aware average precision of
Liu et al. 2025, arXiv 2505.19022, a precision against a recall that decays with the delay; of the
paper the abstract could be read, so that the decay, linear over the event, is our own).
"""

from collections.abc import Sequence

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation import frame
from vadjax.evaluation.events import merged_runs


def latency_ap(videos: Sequence[ScoredVideo]) -> float | None:
    """Return the area under precision of frames against latency-aware recall of events.

    Args:
        videos: labelled ones.

    Returns:
        The sum over falling thresholds of the gain in recall times the precision there, as the
        average precision has it; None without an event.
    """
    values, gains, events = [np.zeros(0)], [np.zeros(0)], 0
    for video in videos:
        scores = np.asarray(video.scores, np.float64)
        for start, stop in merged_runs(video.truth, video):
            events += 1
            at = _records(scores[start:stop])
            left = 1 - at / (stop - start)  # falls from the first frame on
            values.append(scores[start:stop][at])
            gains.append(left - np.append(left[1:], 0))
    if not events:
        return None
    scores = np.concatenate([np.asarray(video.scores, np.float64) for video in videos])
    labels = np.concatenate([video.truth for video in videos])
    thresholds, tp, fp = frame.cumulative_counts(scores, labels)  # falling
    index = np.searchsorted(-thresholds, -np.concatenate(values))
    precision = tp / (tp + fp)
    return min(1.0, float(np.concatenate(gains) @ precision[index] / events))  # rounding


def _records(scores: np.ndarray) -> np.ndarray:
    """Return the frames that score above all frames before them: where a first call can be."""
    highest = np.maximum.accumulate(scores)
    return np.flatnonzero(np.append(True, scores[1:] > highest[:-1]))
