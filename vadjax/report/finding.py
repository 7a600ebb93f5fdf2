"""What was found in videos without labels, in one sentence."""

import dataclasses
from collections.abc import Mapping, Sequence

from vadjax.data.scored_video import ScoredVideo
from vadjax.report import wording
from vadjax.report.wording import plural


def of_unlabelled(videos: Sequence[ScoredVideo], metrics: Mapping) -> str:
    """Say what was found in a run's test videos where they have no labels.

    Args:
        videos: scored, without alarms.
        metrics: the dict of metrics.json; its videos have the alarms.

    Returns:
        The sentence of `alarms`; "" where there are labels, whose figures say more.
    """
    if any(video.labels is not None for video in videos):
        return ""
    raised = {row["id"]: row.get("alarms") or () for row in metrics["videos"] or ()}
    known = [
        dataclasses.replace(video, alarms=tuple((a, b) for a, b in raised.get(video.id, ())))
        for video in videos
    ]
    return alarms(known, metrics)


def alarms(videos: Sequence[ScoredVideo], metrics: Mapping) -> str:
    """Say how many alarms there are and where the strongest is.

    Args:
        videos: with alarms.
        metrics: the dict of metrics.json; its threshold is read.

    Returns:
        For instance "13 alarms, the strongest at 0:56 in test/thursday".
    """
    peaks = [
        (video, max(range(start, stop), key=video.scores.__getitem__))
        for video in videos
        for start, stop in video.alarms
        if stop > start
    ]
    if peaks:
        video, row = max(peaks, key=lambda peak: peak[0].scores[peak[1]])
        return f"{plural(len(peaks), 'alarm')}, the strongest {_at(video, row)} in {video.id}"
    scored = [video for video in videos if video.peak is not None]
    if not scored:
        return "no frame was scored"
    highest = max(scored, key=lambda video: video.scores[video.peak])
    why = "no alarms"
    threshold = wording.lookup(metrics, "threshold") or {}
    if threshold.get("value") is None and None in (threshold.get("values") or [None]):
        why = "no threshold, so no alarms"
    return f"{why}; the highest score is {_at(highest, highest.peak or 0)} in {highest.id}"


def _at(video: ScoredVideo, row: int) -> str:
    """Return the time of a row, or its number where nothing gives times."""
    if video.unit != "frame":
        return f"in {video.unit} {row:,}"
    if video.times is not None:
        return f"at {wording.clock(float(video.times[row]), 0)}"
    return f"at {wording.clock(row / video.fps, 0)}" if video.fps else f"at frame {row:,}"
