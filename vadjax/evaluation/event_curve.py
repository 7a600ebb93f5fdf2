"""What thresholds are worth by event: precision against recall, and false alarms an hour.

An alarm is right where it matches an event one to one at a temporal IoU of `LEVELS[0]` = .2, and
false otherwise; a recall that any overlap would give is 1 for an alarm that never ends.
"""

from collections.abc import Sequence

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.alarms_by_threshold import alarms_at, events_of
from vadjax.evaluation.event_chance import by_chance
from vadjax.evaluation.event_matching import LEVELS, first_free
from vadjax.evaluation.events import MIN_HOURS, normal_seconds
from vadjax.evaluation.latency_ap import latency_ap

LEVEL = LEVELS[0]
RATES = {"1 an hour": 1.0, "1 a day": 1 / 24}  # of false alarms
RECALLS = (0.5, 0.8, 0.9)


def event_curve_part(
    videos: Sequence[ScoredVideo], thresholds: np.ndarray
) -> tuple[dict | None, dict[str, str]]:
    """Compute what some thresholds are worth by event: for a plot and for comparisons alone.

    Args:
        videos: labelled ones.
        thresholds: float [n], to be tried.

    Returns:
        `ap`: area under the precision of events against their recall, each precision being the best
        at that recall or above (as of object detectors, Everingham et al. 2010); `ap_chance`: the
        same of the scores moved in time at random, see `event_chance`; `latency_ap`: see
        `latency_ap.latency_ap`, at all thresholds; `recall_at`: the
        highest recall with at most so many false alarms an hour of normal footage; `rate_at`: the
        fewest false alarms an hour at a recall of at least so much. Reasons for what is None.
    """
    events = events_of(videos)
    if not len(events):
        return None, {"event_curve": "the labels hold no event" if videos else "no labels"}
    right, raised = count_right(videos, events, thresholds)
    recall = right / len(events)
    hours = sum(map(normal_seconds, videos)) / 3600
    known = hours >= MIN_HOURS  # False of NaN
    rate = (raised - right) / hours if known else np.full(len(right), np.inf)
    part = {
        "iou": LEVEL,
        "ap": float(_average_precision(right, raised, len(events))),
        "ap_chance": by_chance(
            videos,
            lambda turned: _average_precision(
                *count_right(videos, events, thresholds, turned), len(events)
            ),
        ),
        "latency_ap": latency_ap(videos),
        "recall_at": [
            {
                "per_hour": value,
                "recall": float(np.max(recall, where=rate <= value, initial=0)) if known else None,
            }
            for value in RATES.values()
        ],
        "rate_at": [
            {"recall": least, "per_hour": _least(rate, recall >= least) if known else None}
            for least in RECALLS
        ],
    }
    short = f"{hours * 60:.1f} minutes of normal footage; a rate needs {MIN_HOURS:g} h"
    why = "the frame rate is not known" if np.isnan(hours) else short
    return part, {
        "event_curve.recall_at[].recall": why,
        "event_curve.rate_at[].per_hour": why if not known else "no threshold has this recall",
    }


def count_right(
    videos: Sequence[ScoredVideo],
    events: np.ndarray,
    thresholds: np.ndarray,
    instead: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Count right alarms and all alarms at each threshold.

    Args:
        videos: labelled ones.
        events: int [n, 2], of `events_of`.
        thresholds: float [n].
        instead: float [k, t], several sets of scores of the videos end to end, in place of theirs.

    Returns:
        int64 [n] twice; [k, n] of several sets.
    """
    shape = (len(thresholds),) if instead is None else (len(instead), len(thresholds))
    right, raised = np.zeros((2, int(np.prod(shape))), np.int64)
    for alarms in alarms_at(videos, thresholds, instead):
        own = slice(alarms.first, alarms.first + alarms.num)
        raised[own] = np.bincount(alarms.row, minlength=alarms.num)
        start = np.searchsorted(events[:, 1], alarms.start, side="right")
        met = np.maximum(np.searchsorted(events[:, 0], alarms.stop, side="left") - start, 0)
        alarm = np.repeat(np.arange(len(met)), met)  # one entry a pair that overlaps
        event = np.arange(len(alarm)) - np.repeat(np.cumsum(met) - met, met) + start[alarm]
        a, b = alarms.start[alarm], alarms.stop[alarm]
        shared = np.minimum(b, events[event, 1]) - np.maximum(a, events[event, 0])
        either = b - a + np.diff(events)[event, 0] - shared
        # Thresholds lie end to end: a number of its own for each event of each of them.
        event += alarms.row[alarm] * len(events)
        order = np.lexsort((alarm, event))
        kept = first_free(event[order], alarm[order], (shared / either >= LEVEL)[order])
        rows = alarms.row[alarm[order][kept]]
        right[own] = np.bincount(rows, minlength=alarms.num)
    return right.reshape(shape), raised.reshape(shape)


def _average_precision(right: np.ndarray, raised: np.ndarray, num_events: int) -> np.ndarray:
    """Return the area under the curve of each row of counts [..., n]."""
    recall, precision = right / num_events, right / np.maximum(raised, 1)
    order = np.argsort(recall, axis=-1, kind="stable")
    recall, precision = (np.take_along_axis(each, order, -1) for each in (recall, precision))
    best = np.maximum.accumulate(precision[..., ::-1], axis=-1)[..., ::-1]
    return np.sum(np.diff(recall, prepend=0, axis=-1) * best, axis=-1)


def _least(rate: np.ndarray, where: np.ndarray) -> float | None:
    return float(rate[where].min()) if where.any() else None
