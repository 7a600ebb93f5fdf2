"""What a detector and its threshold get of a test set, at home or elsewhere."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation import events, frame
from vadjax.evaluation.auc_parts import auc_parts
from vadjax.evaluation.bootstrap import auc_interval
from vadjax.evaluation.parts import labelled

FIGURES = (
    *("auc", "auc_ci95", "auc_within", "normal_called", "abnormal_called"),
    *("events", "found", "false_alarms", "normal_hours", "false_alarms_per_hour"),
)


def figures(videos: Sequence[ScoredVideo]) -> dict[str, Any]:
    """Return what a detector and its threshold get of labelled videos.

    Args:
        videos: scored, with threshold and alarms.

    Returns:
        `FIGURES`: the micro AUC, its interval over videos, and the AUC within clips; shares of
        normal and of abnormal frames at or above the threshold; events, how many are found, false
        alarms, hours of normal footage and the rate, None where `event_metrics` gives none.
    """
    known = labelled(videos)
    scores = np.concatenate([v.scores for v in known])
    labels = np.concatenate([v.truth for v in known])
    by_clip = [v.scores for v in known], [v.truth for v in known]
    interval = auc_interval(*by_clip, scenes=[v.scene for v in known])
    part, _ = auc_parts(*by_clip, resamples=0, seed=0)
    called = np.concatenate([events.called(v) for v in known])
    rates = frame.threshold_metrics(frame.confusion(called, labels))
    counted, _ = events.event_metrics(known)
    named = ("events", "found", "false_alarms", "normal_hours", "false_alarms_per_hour")
    return {
        "auc": frame.auc(scores, labels),
        "auc_ci95": None if interval.reason else [interval.low, interval.high],
        "auc_within": part["within"],
        "normal_called": rates["false_positive_rate"],
        "abnormal_called": rates["recall"],
        **{key: counted[key] for key in named},
    }
