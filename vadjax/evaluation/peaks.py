"""Peaks over threshold: the tail of the normal scores as a generalised Pareto distribution.

Pickands 1975; Coles, An Introduction to Statistical Modeling of Extreme Values, 2001, chapters 4
and 5; for thresholds on streams Siffer et al., KDD 2017.
"""

from dataclasses import dataclass

import numpy as np

from vadjax.evaluation.events import runs

START = 0.98  # quantile above which the tail begins
MIN_PEAKS = 50
GAP = 10  # frames; exceedances less far apart are one peak


@dataclass(frozen=True)
class Tail:
    """A fitted tail.

    Attributes:
        value: score that a share `rate` of the normal frames reaches.
        start: score from which the tail was fitted.
        shape, scale: of the generalised Pareto distribution.
        peaks: how many it was fitted to.
    """

    value: float
    start: float
    shape: float
    scale: float
    peaks: int


def peaks_over_threshold(
    scores: np.ndarray, normal: np.ndarray, clips: np.ndarray, *, rate: float
) -> tuple[Tail | None, str]:
    """Extrapolate to the score that normal frames reach at the given rate.

    Neighbouring frames are alike, so the fit takes one peak, the highest, of each run of
    exceedances (less than `GAP` frames apart within a clip); peaks have the same limit
    distribution as all exceedances (Coles, section 5.3), whose share of the frames scales it:
    value = start + scale / shape ((rate / share)^-shape - 1).

    Args:
        scores: float64 [n] of held-out frames, clip by clip and in order of time.
        normal: bool [n]; the others are left out.
        clips: int [n], rising, the clip of each frame.
        rate: share of the normal frames at or above the value, below 1 - `START`.

    Returns:
        The tail, or None and why there is none.
    """
    from scipy.stats import genpareto

    start = float(np.quantile(scores[normal], START))
    above = normal & (scores > start)
    share = above.sum() / normal.sum()
    if rate >= share:
        return None, f"a rate of {rate:g} lies before the tail, the highest {share:.2g} of scores"
    peaks = [
        scores[first + begin : first + end][above[first + begin : first + end]].max()
        for first, last in _stretches(clips)
        for begin, end in runs(above[first:last], gap=GAP)
    ]
    if len(peaks) < MIN_PEAKS:
        return None, f"{len(peaks)} peaks of held-out normal scores; a fit needs {MIN_PEAKS}"
    shape, _, scale = genpareto.fit(np.array(peaks) - start, floc=0)
    factor = np.log(share / rate)
    value = start + scale * (np.expm1(shape * factor) / shape if abs(shape) > 1e-9 else factor)
    if not (np.isfinite(value) and scale > 0):
        return None, "the fit of the tail failed"
    return Tail(float(value), start, float(shape), float(scale), len(peaks)), ""


def _stretches(clips: np.ndarray) -> list[tuple[int, int]]:
    """Return the half-open range of each clip's frames."""
    edges = np.flatnonzero(np.diff(clips, prepend=clips[0] - 1, append=clips[-1] + 1))
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
