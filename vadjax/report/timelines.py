"""Timelines of the page: what the template and the script need of each video."""

import base64
import urllib.parse
from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation import frame
from vadjax.evaluation.events import runs
from vadjax.report import charts, plots, wording

MAX_TIMELINES = 200  # more would make no page; the tables and curves still hold every video
MAX_FRAMES = 1_500_000  # of all timelines: 8 MB of scores, each one exact
PEAKS = 5  # pictures under an unlabelled video's timeline
Pictures = Sequence[tuple[int, bytes]]  # frame, jpeg


def select(videos: Sequence[ScoredVideo]) -> Sequence[ScoredVideo]:
    """Keep every video, or of very many or long ones those with the highest peaks, in order."""
    if len(videos) <= MAX_TIMELINES and sum(len(v.scores) for v in videos) <= MAX_FRAMES:
        return videos
    peaks = [float(v.scores[v.peak]) if len(v.scores) else -np.inf for v in videos]
    keep: list[int] = []
    left = MAX_FRAMES
    for i in np.argsort(peaks, kind="stable")[::-1][:MAX_TIMELINES].tolist():
        left -= len(videos[i].scores)
        if left >= 0 or not keep:
            keep.append(i)
    return [videos[i] for i in sorted(keep)]


def data_uri(jpeg: bytes) -> Markup:
    """Return a picture as a data: address."""
    return Markup("data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii"))


def timeline_of(
    video: ScoredVideo,
    *,
    pictures: Pictures,
    film: str | None,
    moments: Sequence[Sequence[int]] | None = None,
    scale: plots.Scale,
    labelled: bool,
) -> dict:
    """Return what the template needs of one video.

    Args:
        video: a scored video.
        pictures: small pictures of its frames.
        film: its annotated film, a path relative to the page.
        moments: half-open stretches of frames, where the film shows these alone.
        scale: of all timelines.
        labelled: the page is of labelled videos.

    Returns:
        The video, what draws it, its pictures and its counts.
    """
    pictures = sorted(pictures, key=lambda p: p[0])
    if labelled or len(pictures) <= 1:  # the one nearest to the peak
        best = sorted(pictures, key=lambda p: abs(p[0] - (video.peak or 0)))[:1]
    else:  # the most abnormal ones, in order of time
        best = sorted(sorted(pictures, key=lambda p: -video.scores[p[0]])[:PEAKS])
    return {
        "video": video,
        "pictures": pictures,
        "plot": plots.timeline(video, low=scale.low, high=scale.high, log=scale.log),
        "peaks": [(f, data_uri(jpeg), float(video.scores[f])) for f, jpeg in best],
        "kinds": sorted(video.kinds),
        "auc": None if video.labels is None else frame.auc(video.scores, video.labels),
        "num_filled": int(np.sum(~np.asarray(video.predicted, bool))),
        "num_abnormal": None if video.labels is None else int(np.sum(video.labels)),
        "peak_score": None if video.peak is None else float(video.scores[video.peak]),
        "described": _described(video, scale.digits),
        "film": film and urllib.parse.quote(film),
        "moments": moments,
        "filmed_alarms": sum(_shows(moments, alarm) for alarm in video.alarms) if moments else None,
    }


def _shows(moments: Sequence[Sequence[int]], alarm: tuple[int, int]) -> bool:
    return any(start < alarm[1] and alarm[0] < stop for start, stop in moments)


def _described(video: ScoredVideo, digits: int) -> str:
    """Say in one sentence what a timeline shows."""
    if video.peak is None:
        return f"{video.id}: no frames"
    words = [
        f"{video.id}: {wording.plural(len(video.scores), 'frame')}",
        f"highest score {wording.number(float(video.scores[video.peak]), digits)}"
        f" at frame {video.peak}",
    ]
    stretches = [("alarms", video.alarms)]
    if video.labels is not None:
        stretches.insert(0, ("truly abnormal", runs(video.labels).tolist()))
    for name, spans in stretches:
        named = ", ".join(f"{a} to {b - 1}" for a, b in spans[:8])
        more = f" and {len(spans) - 8} more" if len(spans) > 8 else ""
        words.append(f"{name}: frames {named}{more}" if named else f"{name}: none")
    return "; ".join(words) + "."


def script_data(
    timelines: Sequence[Mapping],
    *,
    scale: plots.Scale,
    curve: Mapping | None,
    history: Sequence[Sequence[Mapping]],
    limits: Mapping,
    threshold: float | None = None,
) -> dict:
    """Return the data that the script works on, embedded as JSON.

    Pictures that stand in the page already are left out: the script reads them from there.

    Args:
        timelines: of `timeline_of`.
        scale: of all timelines.
        curve: of `sections.roc_of`.
        history: rows of log.jsonl per fold.
        limits: of `sections.limits`.
        threshold: of all videos; None where they have several.

    Returns:
        Plain values, as JSON holds them.
    """
    return {
        "version": 2,
        "low": scale.low,
        "high": scale.high,
        "log": scale.log,
        "digits": scale.digits,
        "threshold": threshold,
        "videos": [_video_data(**timeline) for timeline in timelines],
        "roc": curve["points"] if curve else None,
        "pr": curve["pr"] if curve else None,
        **limits,
        "training": [
            [
                [r.get(k) for k in ("epoch", "train_loss", "select_loss")]
                for r in rows
                if r.get("train_loss") is not None
            ]
            for rows in history
            if charts.training(rows)
        ],
    }


def _edges(video: ScoredVideo) -> list[float] | None:
    """Return the seconds at which the frames of an uneven video begin; None of an even one."""
    if video.times is None or video.edges is None:
        return None
    return np.round(video.edges, 4).tolist()


def _video_data(
    video: ScoredVideo,
    pictures: Pictures,
    peaks: Sequence[tuple],
    moments: Sequence[Sequence[int]] | None,
    **_,
) -> dict:
    shown = {frame for frame, _, _ in peaks}
    return {
        "id": video.id,
        "fps": None if video.fps is None else float(video.fps),
        "times": _edges(video),
        "assumed": video.fps_assumed,
        "threshold": None if video.threshold is None else float(video.threshold),
        "scores": plots.packed(video.scores),
        "truth": None if video.labels is None else runs(video.labels).tolist(),
        "filled": plots.filled(video),
        "moments": moments,
        "kinds": plots.kinds(video),
        "pictures": [
            [int(f), base64.b64encode(jpeg).decode("ascii")]
            for f, jpeg in pictures
            if f not in shown
        ],
    }
