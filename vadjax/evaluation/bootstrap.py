"""Intervals over videos: the frames of one video are one dependent sample, so videos are redrawn.

All resamples are counts of videos, and share one count of pairs: see `pairwise_auc`.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vadjax.errors import UserError
from vadjax.evaluation.pairwise_auc import MANY, PairCounts, count_pairs

ONE_CLASS = "the labels hold one class only"
MOST_OF_MANY = 500  # resamples of more than `pairwise_auc.MANY` videos
MIN_VIDEOS = 8  # below this a percentile interval says next to nothing


@dataclass(frozen=True)
class Interval:
    """A percentile interval.

    Attributes:
        low, high: its ends; None where there is none, and `reason` says why.
        videos: how many there are.
        resamples: how many times videos, or scenes, were redrawn.
        redrawn: resamples with frames of one class only, which were drawn again.
        scenes: how many scenes were redrawn in place of videos; 0 if videos were.
    """

    low: float | None
    high: float | None
    videos: int
    resamples: int = 0
    redrawn: int = 0
    reason: str = ""
    scenes: int = 0


def auc_interval(
    scores: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    *,
    scenes: Sequence[str] | None = None,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
    pairs: PairCounts | None = None,
) -> Interval:
    """Bootstrap the micro AUC over videos, or over scenes where there are `MIN_VIDEOS` of them.

    Videos (scenes) with and without anomalies are redrawn apart where there are both.

    Args:
        scores: [t] of each video.
        labels: [t] {0, 1} of each video.
        scenes: of each video; clips of one scene are dependent.
        resamples: how often to redraw; at most `MOST_OF_MANY` times where there are many videos.
        level: share of the resamples inside the interval.
        seed: of the draws; the same seed and videos give the same draws for any scores.
        pairs: `count_pairs(scores, labels)`, where the caller has it.

    Returns:
        The interval; without ends, and with the reason, where there is none.
    """
    num = len(labels)
    if why := _too_few(num, resamples):
        return Interval(None, None, num, reason=why)
    pairs = count_pairs(scores, labels) if pairs is None else pairs
    if not pairs.abnormal.any() or not pairs.normal.any():
        return Interval(None, None, num, reason=ONE_CLASS)
    drawn = draws(pairs, scenes=scenes, resamples=resamples, seed=seed)
    assert drawn.counts is not None  # there are enough videos
    low, high = np.quantile(pairs.auc(drawn.counts), [(1 - level) / 2, (1 + level) / 2])
    count = len(drawn.counts)
    return Interval(float(low), float(high), num, count, drawn.redrawn, scenes=drawn.scenes)


@dataclass(frozen=True)
class Draws:
    """Resamples of videos.

    Attributes:
        counts: int64 [resamples, v], how often each video is taken; None where there are too few.
        reason: why there are none.
        redrawn: resamples with frames of one class only, which were drawn again.
        scenes: how many scenes were redrawn in place of videos; 0 if videos were.
    """

    counts: np.ndarray | None
    reason: str = ""
    redrawn: int = 0
    scenes: int = 0


def draws(
    pairs: PairCounts, *, scenes: Sequence[str] | None = None, resamples: int, seed: int
) -> Draws:
    """Redraw videos, or all videos of a scene together where there are `MIN_VIDEOS` scenes.

    Args:
        pairs: of the videos; they hold frames of both classes.
        scenes: of each video; None: videos alone are redrawn.
        resamples: how often to redraw.
        seed: of the draws.

    Returns:
        The draws, or why there are none.
    """
    if why := _too_few(len(pairs.abnormal), resamples):
        return Draws(None, why)
    abnormal, normal, num_scenes = pairs.abnormal, pairs.normal, len(set(scenes or ()))
    if num_scenes < MIN_VIDEOS:
        counts, redrawn = _drawn(tuple(abnormal), tuple(normal), resamples, seed)
        return Draws(counts, redrawn=redrawn)
    _, at = np.unique(np.asarray(scenes, str), return_inverse=True)
    own = (np.bincount(at, weights=frames).astype(np.int64) for frames in (abnormal, normal))
    counts, redrawn = _drawn(*map(tuple, own), resamples, seed)
    return Draws(counts[:, at], redrawn=redrawn, scenes=num_scenes)


@dataclass(frozen=True)
class PairedTest:
    """Two runs on the same videos.

    Attributes:
        difference: AUC of b minus that of a; None where undefined, and `reason` says why.
        low, high: percentile interval of the difference; None where there is none.
        p_value: two-sided, of no difference; None where there is no interval.
        videos: how many were redrawn.
        resamples: how many times.
        redrawn: resamples with frames of one class only, which were drawn again.
    """

    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    videos: int
    resamples: int = 0
    redrawn: int = 0
    reason: str = ""


def paired_test(
    scores_a: Sequence[np.ndarray],
    scores_b: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    *,
    part: str = "auc",
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> PairedTest:
    """Compare the micro AUC of two runs, or a part of it, on the same draws of videos.

    What the two runs share (easy and hard videos) cancels, so that the interval is narrower than
    two intervals apart would suggest. The p value is twice the smaller share of resamples on
    either side of 0, (k + 1) / (resamples + 1) so that it is never 0 (Davison and Hinkley 1997,
    section 4.2.1).

    Args:
        scores_a: [t] of each video.
        scores_b: [t] of each video; the two need not have one scale.
        labels: [t] {0, 1} of each video.
        part: "auc"; or the parts of `auc_parts`, "within" or "across".
        resamples: how often to redraw; of a part, those draws that hold pairs of it count.
        level: share of the resamples inside the interval.
        seed: of the draws.

    Returns:
        The test; without an interval or a difference, and with the reason, where there is none.

    Raises:
        UserError: the two do not have the same videos, frame by frame, or a score is not finite.
    """
    _check_paired(scores_a, scores_b, labels)
    num = len(labels)
    if not num:
        return PairedTest(None, None, None, None, num, reason="no videos")
    both = [count_pairs(scores, labels) for scores in (scores_a, scores_b)]
    abnormal, normal = both[0].abnormal, both[0].normal
    if not abnormal.any() or not normal.any():
        return PairedTest(None, None, None, None, num, reason=ONE_CLASS)
    first, second = (getattr(pairs, part) for pairs in both)
    once = np.ones((1, num))
    difference = float(second(once)[0] - first(once)[0])
    if np.isnan(difference):
        return PairedTest(None, None, None, None, num, reason=f"no pairs of frames {part} videos")
    if why := _too_few(num, resamples):
        return PairedTest(difference, None, None, None, num, reason=why)
    counts, redrawn = _drawn(tuple(abnormal), tuple(normal), resamples, seed)
    drawn = second(counts) - first(counts)
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        reason = f"no resample holds pairs of frames {part} videos"
        return PairedTest(difference, None, None, None, num, reason=reason)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    tail = min(np.sum(drawn <= 0), np.sum(drawn >= 0))
    p_value = min(1.0, 2 * float(tail + 1) / (len(drawn) + 1))
    return PairedTest(difference, float(low), float(high), p_value, num, len(counts), redrawn)


def _check_paired(
    scores_a: Sequence[np.ndarray], scores_b: Sequence[np.ndarray], labels: Sequence[np.ndarray]
) -> None:
    lengths = [[len(x) for x in each] for each in (scores_a, scores_b, labels)]
    if lengths[0] != lengths[1] or lengths[0] != lengths[2]:
        num = [f"{len(each)} videos, {sum(each)} frames" for each in lengths]
        raise UserError(
            f"a paired test needs the same frames on both sides; got {num[0]} of a, {num[1]} of b "
            f"and {num[2]} of labels. Compare runs on the same test videos."
        )
    for name, scores in (("a", scores_a), ("b", scores_b)):
        bad = [i for i, each in enumerate(scores) if not np.isfinite(each).all()]
        if bad:
            raise UserError(
                f"scores of {name}: not finite in {len(bad)} video(s), the first is video {bad[0]}."
            )


def _too_few(num: int, resamples: int) -> str:
    if num < MIN_VIDEOS:
        return f"{num} videos; an interval needs {MIN_VIDEOS}"
    return "" if resamples >= 1 else "no resamples were asked for"


@functools.lru_cache(maxsize=4)  # the runs of a sweep share videos, and often seeds
def _drawn(abnormal: tuple, normal: tuple, resamples: int, seed: int) -> tuple[np.ndarray, int]:
    rng = np.random.default_rng(seed)
    if len(abnormal) > MANY:
        resamples = min(resamples, MOST_OF_MANY)
    return draw_counts(np.array(abnormal), np.array(normal), resamples=resamples, rng=rng)


def draw_counts(
    abnormal: np.ndarray, normal: np.ndarray, *, resamples: int, rng: np.random.Generator
) -> tuple[np.ndarray, int]:
    """Draw how often each video is taken.

    Args:
        abnormal: int [v], abnormal frames of each video; not all 0.
        normal: int [v], normal frames of each video; not all 0.
        resamples: rows to draw.
        rng: numpy generator.

    Returns:
        int64 [resamples, v], each row with frames of both classes, and how many rows were drawn
        again to get there.
    """
    strata = [np.flatnonzero(abnormal > 0), np.flatnonzero(abnormal == 0)]
    counts = np.zeros((resamples, len(abnormal)), np.int64)
    todo, redrawn = np.arange(resamples), 0
    while len(todo):
        for stratum in strata:
            if len(stratum):
                chances = np.full(len(stratum), 1 / len(stratum))
                counts[np.ix_(todo, stratum)] = rng.multinomial(len(stratum), chances, len(todo))
        drawn = counts[todo]
        todo = todo[(drawn @ abnormal == 0) | (drawn @ normal == 0)]
        redrawn += len(todo)
    return counts, redrawn
