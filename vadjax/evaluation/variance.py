"""Where the variance of a headline comes from: seed of training, test videos, drawing of data."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

NORMAL = 2 * 1.959964  # widths of a 95 % interval in standard deviations


class Variance(NamedTuple):
    """Variances of a figure; None where there is nothing to estimate one from.

    Attributes:
        seed: between seeds, on the same test videos.
        video: between draws of the test videos, from the bootstrap intervals.
        drawing: between drawings of the data, beyond the other two; at least 0.
    """

    seed: float | None
    video: float | None
    drawing: float | None


def decompose(
    runs: Mapping[str, Sequence[tuple[float, Sequence[float] | None]]],
) -> Variance:
    """Split the variance of a figure by the method of moments, for one way nested in another.

    The means of drawings differ by the drawing, by their own test videos and by what is left of
    the seeds: var(means) = drawing + video + seed / n, with n the harmonic mean of seeds a drawing.

    Args:
        runs: drawing of the data -> (value, its 95 % interval over videos or None) of each seed.

    Returns:
        The three variances.
    """
    values = [np.array([value for value, _ in seeds]) for seeds in runs.values()]
    spread = [(len(v) - 1, float(np.var(v, ddof=1))) for v in values if len(v) > 1]
    free = sum(count for count, _ in spread)
    seed = sum(count * variance for count, variance in spread) / free if free else None
    widths = [ends[1] - ends[0] for seeds in runs.values() for _, ends in seeds if ends]
    video = float(np.mean(np.square(np.array(widths) / NORMAL))) if widths else None
    drawing = None
    if len(values) > 1 and seed is not None:
        left = seed * float(np.mean([1 / len(v) for v in values])) + (video or 0.0)
        between = float(np.var([v.mean() for v in values], ddof=1))
        drawing = max(0.0, between - left)
    return Variance(seed, video, drawing)
