"""Which frames to look at: the most abnormal ones and the worst mistakes, apart in time."""

import functools
from collections.abc import Mapping

import numpy as np


def peaks(
    scores: Mapping[str, np.ndarray],
    *,
    count: int,
    apart: Mapping[str, float] | float,
    places: Mapping[str, np.ndarray] | None = None,
    eligible: Mapping[str, np.ndarray] | None = None,
    lowest: bool = False,
) -> list[tuple[str, int]]:
    """Choose the `count` highest frames of all videos, each well away from the others of its video.

    Args:
        scores: [t] of each video.
        count: at most so many.
        apart: frames between two chosen ones of a video, at least; seconds where it has `places`.
        places: float64 [t], the second at which each frame is shown, of the videos in which
            these are uneven.
        eligible: bool [t] of each video, frames that may be chosen; None is all.
        lowest: choose the lowest instead.

    Returns:
        (video, frame), the most extreme first; ties in the order of videos and frames.
    """
    found = []
    for order, (video, values) in enumerate(scores.items()):
        away = apart[video] if isinstance(apart, Mapping) else apart
        place = (places or {}).get(video, np.arange(len(values)))
        left = np.array(values, np.float64) * (-1 if lowest else 1)
        if eligible is not None:
            left[~np.asarray(eligible[video], bool)] = -np.inf
        for _ in range(count):
            if not len(left) or not np.isfinite(top := left[frame := int(np.argmax(left))]):
                break
            found.append((-top, order, frame, video))
            left[np.abs(place - place[frame]) < away] = -np.inf
    return [(video, frame) for _, _, frame, video in sorted(found)[:count]]


def worst(
    scores: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    predicted: Mapping[str, np.ndarray],
    *,
    count: int,
    apart: Mapping[str, float] | float,
    places: Mapping[str, np.ndarray] | None = None,
) -> dict[str, list[tuple[str, int]]]:
    """Return (video, frame) of what to look at; frames that were filled are never chosen.

    Args:
        scores: [t] of each video, higher is more abnormal.
        labels: [t] {0, 1} of the labelled videos.
        predicted: bool [t] of each video, False where a frame took another's score.
        count: of each.
        apart: as for `peaks`.
        places: as for `peaks`.

    Returns:
        `most_abnormal`: the highest scores of all; `false_alarms`: the highest of normal frames;
        `misses`: the lowest of abnormal frames.
    """
    known = {video: scores[video] for video in scores if video in labels}

    def where(value: int) -> dict[str, np.ndarray]:
        return {v: predicted[v] & (np.asarray(labels[v]) == value) for v in known}

    pick = functools.partial(peaks, count=count, apart=apart, places=places)
    return {
        "most_abnormal": pick(scores, eligible=predicted),
        "false_alarms": pick(known, eligible=where(0)),
        "misses": pick(known, eligible=where(1), lowest=True),
    }
