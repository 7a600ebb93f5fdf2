"""The alarms of a page, the most severe first: when, how sure, what was seen, is it true."""

from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.data.scored_video import Finding, ScoredVideo
from vadjax.evaluation.events import merged_runs
from vadjax.report import wording
from vadjax.report.timelines import Pictures, data_uri

CARDS = 3  # on the first screen
OPEN = 15  # rows of the table that are not folded away
MAX_ROWS = 200  # of the table; alarms.csv has all


def alarms_of(video: ScoredVideo, pictures: Pictures) -> list[dict]:
    """Return a row for each alarm.

    Args:
        video: a scored video.
        pictures: small pictures of its frames.

    Returns:
        Frames, times if known, peak, the picture nearest to it, what was found, and whether the
        alarm meets a labelled event; None without labels.
    """
    rows, edges = [], video.edges
    events = None if video.labels is None else merged_runs(video.labels, video).tolist()
    for number, (start, stop) in enumerate(video.alarms):
        peak = start + int(np.argmax(video.scores[start:stop]))
        nearest = min(pictures, key=lambda p: abs(p[0] - peak), default=None)
        finding = video.findings[number] if video.findings else None
        met = None if events is None else any(a < stop and start < b for a, b in events)
        rows.append(
            {
                "start": start,
                "stop": stop,
                "peak": peak,
                "score": float(video.scores[peak]),
                "picture": data_uri(nearest[1]) if nearest and start <= nearest[0] < stop else None,
                "finding": finding,
                "pair": _pair(finding),
                "times": None if edges is None else [float(edges[f]) for f in (start, stop)],
                "met": met,
            }
        )
    return rows


def ranked(videos: Sequence[ScoredVideo], pictures: Mapping[str, Pictures]) -> dict:
    """Return the alarms of all videos, the highest peak first.

    Args:
        videos: that have a timeline, in the order of the page.
        pictures: video -> small pictures of its frames.

    Returns:
        `rows`, the most severe `MAX_ROWS`, each with `rank`, `video` and `index` (its timeline);
        `total`, how many there are; and what some of them have: `said`, `paired`, `judged`.
    """
    rows = [
        {"index": index, "video": video, **row}
        for index, video in enumerate(videos)
        for row in alarms_of(video, pictures.get(video.id, ()))
    ]
    rows.sort(key=lambda row: -row["score"])  # stable: equal ones in the order of the page
    kept = [{"rank": rank, **row} for rank, row in enumerate(rows[:MAX_ROWS], 1)]
    return {
        "rows": kept,
        "total": len(rows),
        "open": OPEN,
        "cards": CARDS,
        "said": any(row["finding"] for row in kept),
        "paired": any(row["pair"] for row in kept),
        "judged": any(row["met"] is not None for row in kept),
    }


def _pair(finding: Finding | None) -> dict | None:
    """Return pictures of what an alarm is about and of what is normal and like it; a caption."""
    if finding is None or finding.jpeg is None:
        return None
    pictures, caption = [data_uri(finding.jpeg)], "this"
    if (normal := finding.normal) is not None:
        at = f"frame {normal.frame}" if normal.time_s is None else wording.clock(normal.time_s, 0)
        pictures.append(data_uri(normal.jpeg))
        caption = f"this; nearest normal: {normal.video} at {at}"
    return {"pictures": pictures, "caption": caption}
