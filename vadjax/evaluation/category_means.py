"""Means of metrics over the categories of a data set of images, with intervals over images."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from vadjax.evaluation.bootstrap import MIN_VIDEOS, draw_counts
from vadjax.evaluation.image_metrics import Curves, Metric, value_of

AT_ONCE = 64  # draws: their curves over pixels take 2 MB each
NO_IMAGES = "no labelled image"
ONE_CLASS = "the images are all good or all defective"

Draw = Callable[[np.ndarray | None], Curves]  # draws [r, n] of one category's images -> curves


def values(metrics: Sequence[Metric], curves: Curves) -> dict[str, float | None]:
    """Return each metric of one draw, None where it is not defined.

    Args:
        metrics: to compute.
        curves: [1, k].

    Returns:
        Key -> value.
    """
    return {metric.key: value_of(metric.compute(curves)[0]) for metric in metrics}


def means(
    name: str,
    metrics: Sequence[Metric],
    rows: Sequence[Mapping],
    *,
    labels: Mapping[str, np.ndarray],
    draws: Mapping[str, Draw],
    resamples: int,
    seed: int,
) -> tuple[dict, dict[str, str]]:
    """Average metrics over categories, those left out in which they are not defined.

    Args:
        name: of the part of metrics.json.
        metrics: of the part.
        rows: a category each, with the value of each metric or None.
        labels: category -> int [n] {0, 1} of its images; these are redrawn, both classes apart.
        draws: category -> its curves.
        resamples: of the bootstrap.
        seed: of its draws.

    Returns:
        `bootstrap`, `intervals` and the metrics, and reasons.
    """
    count = sum(map(len, labels.values()))
    both = {c: own for c, own in labels.items() if 0 < own.sum() < len(own)}
    why = "" if both else ONE_CLASS if count else NO_IMAGES
    few = f"{count} images; an interval needs {MIN_VIDEOS}" if count < MIN_VIDEOS else ""
    part: dict[str, Any] = {}
    for metric in metrics:
        known = [row[metric.key] for row in rows if row[metric.key] is not None]
        part[metric.key] = float(np.mean(known)) if known else None
    drawn = {} if why or few else _redrawn(metrics, both, draws, resamples, seed)
    part["intervals"] = {metric.key: _ends(drawn.get(metric.key)) for metric in metrics}
    part["bootstrap"] = {"images": count, "resamples": resamples if drawn else 0}
    reasons = {f"{name}.{metric.key}": why for metric in metrics}
    undefined = "some resamples hold nothing to measure"
    reasons |= {f"{name}.intervals.{metric.key}": why or few or undefined for metric in metrics}
    return part, reasons | {f"{name}.categories[].{metric.key}": ONE_CLASS for metric in metrics}


def _ends(drawn: np.ndarray | None) -> list[float] | None:
    """Return the ends of the 95 % interval; None without draws, or with undefined ones."""
    if drawn is None or not np.isfinite(drawn).all():
        return None
    return np.quantile(drawn, [0.025, 0.975]).tolist()


def _redrawn(
    metrics: Sequence[Metric],
    labels: Mapping[str, np.ndarray],
    draws: Mapping[str, Draw],
    resamples: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Return each metric's mean over categories of every resample, float64 [r]."""
    sums = {metric.key: np.zeros(resamples) for metric in metrics}
    rng = np.random.default_rng(seed)
    for category, own in labels.items():
        counts, _ = draw_counts(own, 1 - own, resamples=resamples, rng=rng)
        for start in range(0, resamples, AT_ONCE):
            curves = draws[category](counts[start : start + AT_ONCE])
            for metric in metrics:
                sums[metric.key][start : start + AT_ONCE] += metric.compute(curves)
    return {key: each / len(labels) for key, each in sums.items()}
