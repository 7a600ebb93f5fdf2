"""The alarm rate on normal frames as it varies from clip to clip: a threshold that allows for it.

Frames of one clip are alike, so that a quantile over all frames is the quantile of a few clips. The
rule here leaves out one clip at a time, and the expected rate is measured on clips that a threshold
has not seen.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from vadjax.evaluation.clip_pool import ClipPool

MIN_FOR_RULE = 4  # clips, below which leaving one out says nothing
MIN_FOR_INTERVAL = 8  # clips, as for the interval of an AUC
RESAMPLES = 300
BLOCKS = 100  # of clips that are left out together, where there are more clips

Clips = Sequence[np.ndarray]  # scores of the normal frames of each clip, [t] each


class ExpectedRate(NamedTuple):
    """The share of normal frames that a threshold is expected to call abnormal.

    Attributes:
        mean: over clips that did not take part in the choice; None where it is not known.
        low, high: 95 % of such sets of clips lie between them.
        clip_high: the largest rate of a single clip at a threshold that was chosen without it.
        clips: held-out clips with normal frames.
        reason: why it is not known; else "".
    """

    mean: float | None
    low: float | None
    high: float | None
    clip_high: float | None
    clips: int
    reason: str = ""


def by_clip_threshold(clips: Clips, rate: float) -> float | None:
    """Return the threshold whose rate, over clips that are left out one at a time, is `rate`.

    The scores of each clip are put on the scale of all other clips: 0 at their median, 1 at their
    1 - rate quantile. The 1 - rate quantile of the result, in which every clip counts as much as
    any other, is the number of units by which a threshold has to lie above the median. It is 1
    where clips are alike, and more where they differ; but the threshold lies at most just above
    the largest score.

    Args:
        clips: float [t] of each clip, normal frames alone.
        rate: share of normal frames of a new clip, in (0, 1).

    Returns:
        The threshold: a frame is abnormal from it upwards. None where there are fewer than
        `MIN_FOR_RULE` clips, or the scores have no spread.
    """
    known = [clip for clip in clips if len(clip)]
    return ByClip(known, rate).choose(np.ones(len(known), np.int64)) if known else None


class ByClip:
    """The rule of `by_clip_threshold`, for many draws of the same clips."""

    def __init__(self, clips: Clips, rate: float) -> None:
        """Sort the scores.

        Args:
            clips: float [t] of each clip, normal frames alone, t at least 1.
            rate: share of normal frames of a new clip, in (0, 1).
        """
        self.pool, self._rate = ClipPool(clips), rate

    def choose(self, counts: np.ndarray) -> float | None:
        """Return the threshold of a draw; None as `by_clip_threshold` says.

        Args:
            counts: int [k], how often each clip is drawn.
        """
        pool, of, drawn = self.pool, int(counts.sum()), counts > 0
        if of < MIN_FOR_RULE:
            return None
        draw, top = pool.draw(counts), 1 - self._rate
        lows = draw.quantiles_without(0.5)
        steps = draw.quantiles_without(top) - lows
        low = draw.quantile(0.5)
        step = draw.quantile(top) - low
        if step <= 0 or (steps[drawn] <= 0).any():
            return None
        weights = counts / pool.lengths / of  # of each frame: clips count alike
        units = self._highest(lows, np.where(drawn, steps, 1.0), weights)
        # One clip that is unlike all others would push it far beyond all that was seen.
        value = min(low + step * units, float(pool.maxima[drawn].max()))
        return float(np.nextafter(value, np.inf))

    def _highest(self, lows: np.ndarray, steps: np.ndarray, weights: np.ndarray) -> float:
        """Return the highest unit at which the weight of all from there upwards exceeds the rate.

        Only frames of high scores are looked at, and more of them where these do not decide it.
        """
        pool, limit = self.pool, self._rate * (1 + 1e-12)  # of equal shares: not yet above
        drawn, keep = weights > 0, 4 * self._rate
        while True:
            start = max(0, int(len(pool.values) * (1 - keep)))
            part = drawn[pool.clip[start:]]
            clip, value = pool.clip[start:][part], pool.values[start:][part]
            units = (value - lows[clip]) / steps[clip]
            order = np.argsort(-units, kind="stable")
            above = np.cumsum(weights[clip][order])
            first = int(np.searchsorted(above, limit, side="right"))
            if not start:
                return float(units[order][min(first, len(units) - 1)])
            rest = ((pool.values[start - 1] - lows) / steps)[drawn].max()  # of what is left out
            if first < len(units) and units[order][first] > rest:
                return float(units[order][first])
            keep *= 4


def expected_rate(
    clips: Clips, choose: Callable[[Sequence[int]], float | None], *, seed: int = 0
) -> ExpectedRate:
    """Measure a rule's alarm rate on clips that its threshold was not chosen on.

    Clips are drawn with replacement, a threshold is chosen on them, and its rate is taken on the
    clips that were not drawn, some third of all. This holds both the uncertainty of the threshold
    and the variation between clips.

    Args:
        clips: float [t] of each held-out clip, normal frames alone.
        choose: numbers of clips -> threshold, or None where the rule gives none.
        seed: of the draws.

    Returns:
        The rate; unknown with fewer than `MIN_FOR_INTERVAL` clips.
    """
    numbers = np.array([number for number, clip in enumerate(clips) if len(clip)], int)
    count = len(numbers)
    if count < MIN_FOR_INTERVAL:
        why = (
            f"{count} held-out clip{'' if count == 1 else 's'} with normal frames; it takes "
            f"{MIN_FOR_INTERVAL} to say how the rate varies between clips"
        )
        return ExpectedRate(None, None, None, None, count, why)
    pool = ClipPool([clips[number] for number in numbers])
    rng, rates = np.random.default_rng(seed), []
    for _ in range(RESAMPLES):
        drawn = rng.integers(count, size=count)
        left = np.setdiff1d(np.arange(count), drawn)
        value = choose(numbers[drawn].tolist()) if len(left) else None
        if value is not None:
            rates.append(float(np.mean(pool.shares_from(value)[left])))
    if len(rates) < RESAMPLES / 2:
        return ExpectedRate(None, None, None, None, count, "the rule gives no threshold of them")
    alone = np.zeros(count)
    for block in np.array_split(rng.permutation(count), min(count, BLOCKS)):
        value = choose(np.delete(numbers, block).tolist())
        if value is not None:
            alone[block] = pool.shares_from(value)[block]
    low, high = np.quantile(rates, [0.025, 0.975])
    return ExpectedRate(float(np.mean(rates)), float(low), float(high), float(alone.max()), count)
