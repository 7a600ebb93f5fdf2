"""Events and alarms one to one: which alarm stands for which event.

An alarm matches an event where their temporal IoU reaches a level; each matches at most one. Then
precision, recall and F1 of events are those of detected objects in images, and neither an alarm
that never ends nor ten alarms for one event earn anything (as in arXiv 2604.09327, From Frames to
Events). No single level is right, so that several are given, with the mean of their F1.
"""

from collections.abc import Sequence

import numpy as np

LEVELS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)  # of the temporal IoU
MIDDLE = 0.5  # the level of single figures


def count_matched(events: np.ndarray, alarms: np.ndarray) -> np.ndarray:
    """Count the events of one video that are matched, as many as can be.

    Args:
        events: int [n, 2], half-open (start, stop) in frames, in order and apart.
        alarms: int [m, 2], likewise.

    Returns:
        int64 [levels], for each of `LEVELS`.
    """
    shared = np.minimum(alarms[:, 1], events[:, 1, None]) - np.maximum(
        alarms[:, 0], events[:, 0, None]
    )  # [n, m]
    event, alarm = np.nonzero(shared > 0)
    shared = shared[event, alarm]
    either = np.diff(events)[event, 0] + np.diff(alarms)[alarm, 0] - shared
    overlap = shared / either
    return np.array([len(first_free(event, alarm, overlap >= level)) for level in LEVELS])


def first_free(event: np.ndarray, alarm: np.ndarray, enough: np.ndarray) -> np.ndarray:
    """Match each event with the first alarm that is free.

    As events are apart, and alarms, those that overlap form chains along time; from the left each
    event leaves the later alarms to the later events, so that no other choice matches more.

    Args:
        event: int [k], number of the event of each overlapping pair, rising.
        alarm: int [k], number of its alarm, rising for each event; never falling.
        enough: bool [k], the pairs that may be matched.

    Returns:
        Numbers of the pairs that are, int [j].
    """
    pairs = np.flatnonzero(enough)
    event, alarm = event[pairs], alarm[pairs]
    kept = np.ones(len(pairs), bool)  # where neither is that of the pair before
    kept[1:] = (event[1:] > event[:-1]) & (alarm[1:] > alarm[:-1])
    last = -1
    for pair in np.flatnonzero(~kept).tolist():
        last = pair - 1 if kept[pair - 1] else last
        kept[pair] = event[pair] > event[last] and alarm[pair] > alarm[last]
    return pairs[kept]


def matching_part(matched: Sequence[int], num_events: int, num_alarms: int) -> dict:
    """Compute precision, recall and F1 of events.

    Args:
        matched: for each of `LEVELS`.
        num_events: of all videos, above 0.
        num_alarms: of all videos; without any the precision is 0 by convention.

    Returns:
        `precision`, `recall` and `f1` at the level `MIDDLE`, `mean_f1` over all levels, and
        `by_iou`, a row a level.
    """
    rows = [
        {
            "iou": level,
            "precision": int(count) / max(num_alarms, 1),
            "recall": int(count) / num_events,
            "f1": 2 * int(count) / (num_events + num_alarms),
        }
        for level, count in zip(LEVELS, matched, strict=True)
    ]
    middle = {key: rows[LEVELS.index(MIDDLE)][key] for key in ("precision", "recall", "f1")}
    return {**middle, "mean_f1": float(np.mean([row["f1"] for row in rows])), "by_iou": rows}
