"""Geometry of the page's charts: numbers to SVG path data and percentages.

Drawings stretch to any width (`preserveAspectRatio="none"`), so they hold no text: ticks and labels
are html, placed by the percentages returned here.
"""

import base64
import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation import frame
from vadjax.evaluation.events import runs

WIDTH, HEIGHT = 1000, 200  # of every drawing's own coordinates
SKEW = 8.0  # times the 90 % quantile of the scores: from there on a linear scale hides them
TINY = 1e-30  # for the logarithm of a threshold at or below 0
COLUMNS = 500  # a timeline longer than twice this is drawn by the extremes of so many stretches


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return about `count` round numbers within [low, high].

    >>> ticks(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]

    Args:
        low: lower end of the axis.
        high: upper end.
        count: about how many.

    Returns:
        Rising numbers.
    """
    if not high > low:
        return [low]
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(n * step, 12) + 0.0 for n in range(first, last + 1)]


def decades(low: float, high: float) -> list[float]:
    """Return the 1, 2 and 5 of each power of ten within [low, high], low > 0; or plain ticks.

    >>> decades(0.5, 30)
    [0.5, 1.0, 2.0, 5.0, 10.0, 20.0]

    Args:
        low: lower end of the axis.
        high: upper end.

    Returns:
        Rising numbers.
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [float(f"{m}e{p}") for p in powers for m in (1, 2, 5)]
    return [v for v in found if low <= v <= high] or ticks(low, high)


def path(x: ArrayLike, y: ArrayLike) -> str:
    """Return SVG path data through points.

    Args:
        x: [n], fraction of the width.
        y: [n], fraction of the height, upwards.

    Returns:
        The attribute `d`.
    """
    points = zip(np.asarray(x) * WIDTH, (1 - np.asarray(y)) * HEIGHT, strict=True)
    return "M" + "L".join(f"{a:.1f} {b:.1f}".replace(".0", "") for a, b in points)


def line(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return x in [0, 1] and score of the points that draw a timeline of `scores` [t].

    Each frame's point is at its middle, and the ends run on to the edges. Long videos keep the
    lowest and highest score of each of `COLUMNS` stretches, in their order, so no peak is lost.
    """
    total = len(scores)
    keep = np.arange(total)
    if total > 2 * COLUMNS:
        edges = np.linspace(0, total, COLUMNS + 1).astype(int)
        pairs = [
            (a + int(np.argmin(scores[a:b])), a + int(np.argmax(scores[a:b])))
            for a, b in itertools.pairwise(edges)
        ]
        keep = np.unique(pairs)
    x = (keep + 0.5) / total
    return np.concatenate(([0], x, [1])), scores[np.concatenate((keep[:1], keep, keep[-1:]))]


class Scale(NamedTuple):
    """One scale for the scores and thresholds of all timelines.

    Attributes:
        low: score at the bottom, its logarithm if `log`.
        high: score at the top, its logarithm if `log`.
        log: the scale is logarithmic.
        digits: that tell the scores of the linear scale apart.
    """

    low: float
    high: float
    log: bool
    digits: int


def scale_of(videos: Sequence[ScoredVideo]) -> Scale:
    """Choose the scale: logarithmic where all scores are positive and a few far above most."""
    low, high = scale(videos)
    digits = int(np.clip(3 - np.floor(np.log10(high - low)), 1, 8))
    log = _skewed(videos)
    return Scale(*(scale(videos, log=True) if log else (low, high)), log, digits)


def _skewed(videos: Sequence[ScoredVideo]) -> bool:
    scores = [v.scores for v in videos if len(v.scores)]
    if not scores:
        return False
    values = np.concatenate(scores)
    return bool(values.min() > 0 and values.max() > SKEW * np.quantile(values, 0.9))


def scale(videos: Sequence[ScoredVideo], *, log: bool = False) -> tuple[float, float]:
    """Return one scale for the scores and thresholds of all videos.

    Args:
        videos: scored videos.
        log: return logarithms.

    Returns:
        (low, high), with some room at either end.
    """
    values = [v.scores for v in videos if len(v.scores)]
    values += [np.array([v.threshold]) for v in videos if v.threshold is not None]
    if log:
        values = [np.log(np.maximum(v, TINY)) for v in values]
    if not values:
        return 0.0, 1.0
    low, high = min(float(np.min(v)) for v in values), max(float(np.max(v)) for v in values)
    air = 0.06 * ((high - low) or abs(high) or 1.0)
    return (0.0 if not log and 0 <= low < 0.5 * high else low - air), high + air


def timeline(video: ScoredVideo, *, low: float, high: float, log: bool = False) -> dict:
    """Return what draws one video's timeline.

    Args:
        video: a scored video.
        low: score at the bottom of the drawing, its logarithm if `log`.
        high: score at the top, its logarithm if `log`.
        log: the scale is logarithmic.

    Returns:
        `path` (data of the line, closed by the ground), `threshold` as a percentage from the top
        or None, `truth`, `alarms`, `filled` and `kinds` as lists of (left %, width %, start,
        stop[, kind]), and `ticks` of (left %, frame).
    """
    total = max(len(video.scores), 1)

    def blocks(stretches):
        return [
            (round(100 * a / total, 3), round(100 * (b - a) / total, 3), a, b, *rest)
            for a, b, *rest in stretches
        ]

    drawn = ""
    bend = np.log if log else np.asarray
    if len(video.scores):
        x, scores = line(bend(video.scores))
        drawn = path(x, (scores - low) / (high - low))
        # Down to the ground outside the frame, so that one path is both line and area.
        drawn = f"M-9 {HEIGHT}L-9{drawn[2:]}H{WIDTH + 9}V{HEIGHT}"
    height = None
    if video.threshold is not None:
        limit = float(bend(max(video.threshold, TINY) if log else video.threshold))
        height = round(100 * (1 - (limit - low) / (high - low)), 3)
    return {
        "path": drawn,
        "threshold": height,
        "truth": blocks(runs(video.labels).tolist()) if video.labels is not None else [],
        "alarms": blocks(video.alarms),
        "filled": blocks(filled(video)),
        "kinds": blocks(kinds(video)),
        "ticks": [
            (round(100 * f / total, 3), int(f)) for f in ticks(0, total, 6) if f == int(f) < total
        ],
    }


def filled(video: ScoredVideo) -> list[list[int]]:
    """Return the half-open [start, stop] of frames that took the score of their neighbour."""
    return runs(~np.asarray(video.predicted, bool)).tolist()


def kinds(video: ScoredVideo) -> list[tuple[int, int, str]]:
    """Return the half-open (start, stop, kind) of each kind of anomaly, in order of time."""
    named = video.kinds.items()
    return sorted(
        (start, stop, kind) for kind, mask in named for start, stop in runs(mask).tolist()
    )


def roc(scores: np.ndarray, labels: np.ndarray) -> dict | None:
    """Return the ROC and PR curves over frames, ties grouped, or None where one class is missing.

    Args:
        scores: [n] float, higher is more abnormal.
        labels: [n] {0, 1}.

    Returns:
        `points` [(false-positive rate, true-positive rate, threshold)] thinned to what a screen
        can show, from (0, 0, None) to (1, 1), `pr` [(recall, precision)] of the same points but
        the first, `counts` [(tp, fp)] of all, `positives`, `negatives`, the `area` under the
        curve and the average precision `ap`.
    """
    thresholds, tp, fp = frame.cumulative_counts(scores, labels)
    if not len(tp) or not tp[-1] or not fp[-1]:
        return None
    positives, negatives = int(tp[-1]), int(fp[-1])
    tp, fp, limits = np.append(0, tp), np.append(0, fp), [None, *thresholds.tolist()]
    tpr, fpr, precision = tp / positives, fp / negatives, tp / np.maximum(tp + fp, 1)
    # A point for each cell of a grid of 200 in either chart.
    grids = [(np.stack(pair) * 200).round() for pair in ((fpr, tpr), (tpr, precision))]
    cells = [np.unique(grid, axis=1, return_index=True)[1] for grid in grids]
    keep = np.unique(np.concatenate([*cells, [0, len(fpr) - 1]]))
    return {
        "points": [(round(float(fpr[i]), 5), round(float(tpr[i]), 5), limits[i]) for i in keep],
        "pr": [(round(float(tpr[i]), 5), round(float(precision[i]), 5)) for i in keep[1:]],
        "counts": [(int(tp[i]), int(fp[i])) for i in keep],
        "positives": positives,
        "negatives": negatives,
        "area": frame.auc(scores, labels),
        "ap": frame.average_precision(scores, labels),
    }


def packed(scores: np.ndarray) -> str:
    """Return scores as base64 of little-endian float32: exact, and a third of their decimals."""
    return base64.b64encode(np.asarray(scores, "<f4").tobytes()).decode("ascii")
