"""Events and alarms: runs of frames rather than frames.

An event is a run of abnormal frames, an alarm a run of frames called abnormal; runs less than
`MERGE_S` apart are one where the frame rate is known. An event is touched if any frame of it is
called abnormal, and found if an alarm covers much the same stretch (`FOUND_IOU`): an alarm that
never ends touches every event and finds none. An alarm that meets no event is false.
"""

import math
from collections.abc import Sequence

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.episodes import SAME_S
from vadjax.evaluation.event_matching import LEVELS, MIDDLE, count_matched, matching_part

MERGE_S = 1.0
FOUND_IOU = MIDDLE  # frames that an event and an alarm share, of those that either has
MIN_HOURS = 1.0  # of normal footage, for a rate per hour
NO_RATE = "the frame rate is not known"


def runs(mask: np.ndarray, *, gap: float = 0, edges: np.ndarray | None = None) -> np.ndarray:
    """Return the runs in which a mask is true.

    >>> runs(np.array([1, 1, 0, 1, 0, 0, 1]), gap=2).tolist()
    [[0, 4], [6, 7]]

    Args:
        mask: [t], true or above 0 inside.
        gap: runs less than this apart are one: frames, or seconds where there are `edges`.
        edges: float64 [t + 1] seconds at which frames begin and the last one ends.

    Returns:
        int [k, 2], half-open (start, stop).
    """
    inside = np.zeros(len(mask) + 2, bool)
    inside[1:-1] = mask
    found = np.flatnonzero(inside[1:] != inside[:-1]).reshape(-1, 2)
    if not len(found):
        return found
    if edges is None:
        apart = found[1:, 0] - found[:-1, 1] >= max(gap, 1)
    else:
        apart = edges[found[1:, 0]] - edges[found[:-1, 1]] >= gap - SAME_S
    return np.stack([found[np.append(True, apart), 0], found[np.append(apart, True), 1]], axis=1)


def merged_runs(mask: np.ndarray, video: ScoredVideo) -> np.ndarray:
    """Return the runs of a mask, those less than `MERGE_S` apart as one.

    Where neither times nor a frame rate are known none are merged.

    Args:
        mask: [t], true or above 0 inside.
        video: of whose frames it is.

    Returns:
        int [k, 2], half-open (start, stop) in frames.
    """
    if video.times is None:
        return runs(mask, gap=MERGE_S * (video.fps or 0))
    return runs(mask, gap=MERGE_S, edges=video.edges)


def called(video: ScoredVideo) -> np.ndarray:
    """Return bool [t], the frames at or above the video's threshold; none without a threshold."""
    if video.threshold is None:
        return np.zeros(len(video.scores), bool)
    return np.asarray(video.scores, np.float64) >= video.threshold


def event_metrics(videos: Sequence[ScoredVideo]) -> tuple[dict, dict[str, str]]:
    """Count touched, found and matched events and false alarms, and the delay until a touch.

    The delay runs from an event's first frame to the first frame within it that is called abnormal.
    A missed event counts as later than any other: the median over all events is known only while
    more than half are touched. Videos without labels count towards `alarms` alone.

    Args:
        videos: with threshold and alarms, as `decisions.decide` returns them.

    Returns:
        The metrics, delays in frames and in seconds, and the reason for each that is None.
    """
    delays, delays_s, overlaps, shares = [], [], [], []
    false, alarms, normal_s = 0, 0, []
    matched, raised_where_known = np.zeros(len(LEVELS), np.int64), 0
    labels = any(video.labels is not None for video in videos)
    for video in videos:
        raised = np.array(video.alarms, np.int64).reshape(-1, 2)
        alarms += len(raised)
        if video.labels is None:
            continue
        calls, events = called(video), merged_runs(video.labels, video)
        for start, stop in events:
            inside = np.flatnonzero(calls[start:stop])
            delays.append(inside[0] if len(inside) else np.inf)
            delays_s.append(_seconds(video, start, delays[-1]))
            overlaps.append(best_overlap(raised, start, stop))
            shares.append(len(inside) / (stop - start))
        false += _count_false(raised, events)
        matched += count_matched(events, raised)
        raised_where_known += len(raised)
        normal_s.append(normal_seconds(video))
    delay = np.array(delays)  # [events]
    hours = None if np.isnan(normal_s).any() else math.fsum(normal_s) / 3600
    touched, found = np.isfinite(delay), np.array(overlaps) >= FOUND_IOU
    result = {
        "events": len(delays) if labels else None,
        "touched": int(touched.sum()) if labels else None,
        "touched_rate": float(touched.mean()) if len(delays) else None,
        "found": int(found.sum()) if labels else None,
        "found_rate": float(found.mean()) if len(delays) else None,
        "found_iou": FOUND_IOU if labels else None,
        "mean_share_called": float(np.mean(shares)) if len(delays) else None,
        "matched": matching_part(matched.tolist(), len(delays), raised_where_known)
        if len(delays)
        else None,
        "median_delay_frames": _median(delay),
        "median_delay_s": _median(np.array(delays_s)),
        "median_delay_touched_frames": _median(delay[touched]),
        "alarms": alarms,
        "false_alarms": false if labels else None,
        "normal_hours": hours if labels else None,
        "false_alarms_per_hour": _rate(false, hours) if labels else None,
    }
    no_rate, short = NO_RATE, _too_short(hours)
    why = dict.fromkeys(result, "the labels hold no event" if labels else "no labels")
    if labels:
        why["normal_hours"] = no_rate
        why["false_alarms_per_hour"] = no_rate if hours is None else short
    if len(delays):
        why["median_delay_touched_frames"] = "no event is touched"
        why["median_delay_frames"] = "half of the events or more are missed"
        known = result["median_delay_frames"] is not None
        why["median_delay_s"] = no_rate if known else why["median_delay_frames"]
    reasons = {key: why[key] for key, value in result.items() if value is None}
    return result, reasons


def false_alarm_rate(videos: Sequence[ScoredVideo]) -> tuple[float | None, str]:
    """Return the false alarms an hour of `event_metrics`, without its other figures.

    Args:
        videos: labelled ones, with alarms.

    Returns:
        The rate, or None and the reason.
    """
    false, normal_s = 0, []
    for video in videos:
        raised = np.array(video.alarms, np.int64).reshape(-1, 2)
        false += _count_false(raised, merged_runs(video.truth, video))
        normal_s.append(normal_seconds(video))
    hours = None if np.isnan(normal_s).any() else math.fsum(normal_s) / 3600
    rate = _rate(false, hours)
    return rate, "" if rate is not None else NO_RATE if hours is None else _too_short(hours)


def _count_false(alarms: np.ndarray, events: np.ndarray) -> int:
    """Count the alarms that meet no event; int [k, 2] and [n, 2], half-open."""
    starts, stops = alarms[:, 0, None], alarms[:, 1, None]
    met = (starts < events[:, 1]) & (events[:, 0] < stops)  # [alarms, events]
    return int(np.sum(~met.any(1)))


def _rate(false: int, hours: float | None) -> float | None:
    return false / hours if hours and hours >= MIN_HOURS else None


def _too_short(hours: float | None) -> str:
    return f"{(hours or 0) * 60:.1f} minutes of normal footage; a rate needs {MIN_HOURS:g} h"


def best_overlap(alarms: np.ndarray, start: int, stop: int) -> float:
    """Return the largest temporal IoU of an event with an alarm.

    >>> best_overlap(np.array([[0, 4], [6, 16]]), 5, 15)
    0.8181818181818182

    Args:
        alarms: int [k, 2], half-open (start, stop) in frames.
        start: first frame of the event.
        stop: one past its last frame.

    Returns:
        Frames that both have, as a share of those that either has; 0 without alarms.
    """
    if not len(alarms):
        return 0.0
    shared = np.minimum(alarms[:, 1], stop) - np.maximum(alarms[:, 0], start)
    either = np.maximum(alarms[:, 1], stop) - np.minimum(alarms[:, 0], start)
    return float(np.max(np.maximum(shared, 0) / either))


def _seconds(video: ScoredVideo, start: int, delay: float) -> float:
    """Return a delay in seconds; infinite where it is, NaN where no time is known."""
    if video.times is None or video.edges is None:
        return delay / (video.fps or np.nan)
    return (
        float(video.edges[int(start + delay)] - video.edges[start]) if np.isfinite(delay) else delay
    )


def normal_seconds(video: ScoredVideo) -> float:
    """Return the seconds of normal footage; NaN where no time is known."""
    normal = np.asarray(video.labels) == 0
    if video.times is None or video.edges is None:
        return float(np.sum(normal)) / video.fps if video.fps else np.nan
    return math.fsum(np.diff(video.edges)[normal])


def _median(values: np.ndarray) -> float | None:
    """Return the median, None where it is unknown or infinite."""
    value = float(np.median(values)) if len(values) else np.inf
    return value if np.isfinite(value) else None
