"""The alarm rate on normal frames as it varies from clip to clip: a threshold that allows for it.

Frames of one clip are alike, so that a quantile over all frames is the quantile of a few clips. The
rule here leaves out one clip at a time, and the expected rate is measured on clips that a threshold
has not seen.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

MIN_FOR_RULE = 4  # clips, below which leaving one out says nothing
MIN_FOR_INTERVAL = 8  # clips, as for the interval of an AUC
RESAMPLES = 300

Clips = Sequence[np.ndarray]  # scores of the normal frames of each clip, [t] each


class ExpectedRate(NamedTuple):
    """The share of normal frames that a threshold is expected to call abnormal.

    Attributes:
        mean: over clips that did not take part in the choice; None where it is not known.
        low, high: 95 % of such sets of clips lie between them.
        clip_high: the largest rate of a single clip at the threshold, by leaving it out.
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
    known = [np.asarray(clip, np.float64) for clip in clips if len(clip)]
    if len(known) < MIN_FOR_RULE:
        return None
    units, weights = [], []
    for index, clip in enumerate(known):
        low, step = _scale([*known[:index], *known[index + 1 :]], rate)
        if step <= 0:
            return None
        units.append((clip - low) / step)
        weights.append(np.full(len(clip), 1 / len(clip)))
    low, step = _scale(known, rate)
    if step <= 0:
        return None
    flat, weight = np.concatenate(units), np.concatenate(weights)
    order = np.argsort(-flat, kind="stable")
    above = np.cumsum(weight[order]) / len(known)  # share of frames at or above each, by clip
    # The first that would exceed the rate: the threshold lies just above it.
    first = int(np.searchsorted(above, rate * (1 + 1e-12), side="right"))
    value = low + step * flat[order][min(first, len(flat) - 1)]
    # One clip that is unlike all others would push it far beyond all that was seen.
    return float(np.nextafter(min(value, max(clip.max() for clip in known)), np.inf))


def _scale(clips: Clips, rate: float) -> tuple[float, float]:
    """Return the median of the frames of clips, and how far their 1 - rate quantile lies above."""
    low, high = np.quantile(np.concatenate(clips), [0.5, 1 - rate])
    return float(low), float(high - low)


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
    known = {i: np.asarray(clip, np.float64) for i, clip in enumerate(clips) if len(clip)}
    count, numbers = len(known), np.array(list(known), int)
    if count < MIN_FOR_INTERVAL:
        why = (
            f"{count} held-out clip{'' if count == 1 else 's'} with normal frames; it takes "
            f"{MIN_FOR_INTERVAL} to say how the rate varies between clips"
        )
        return ExpectedRate(None, None, None, None, count, why)
    rng, rates = np.random.default_rng(seed), []
    for _ in range(RESAMPLES):
        drawn = rng.integers(count, size=count)
        left = np.setdiff1d(np.arange(count), drawn)
        value = choose(numbers[drawn].tolist()) if len(left) else None
        if value is not None:
            rates.append(float(np.mean([np.mean(known[i] >= value) for i in numbers[left]])))
    if len(rates) < RESAMPLES / 2:
        return ExpectedRate(None, None, None, None, count, "the rule gives no threshold of them")
    alone = []
    for index, clip in known.items():
        value = choose([number for number in known if number != index])
        alone.append(0.0 if value is None else float(np.mean(clip >= value)))
    low, high = np.quantile(rates, [0.025, 0.975])
    return ExpectedRate(float(np.mean(rates)), float(low), float(high), max(alone), count)
