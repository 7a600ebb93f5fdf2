"""The thresholds at which RBDC and TBDC are computed: all of them, or enough of them.

A threshold is one number for all maps. Where the maps hold few values, each is a threshold and the
curve is exact. Else a part of the frames, cut at levels of each map's own, gives an estimate of the
curve; thresholds are then placed so that neighbours differ little in the rates. Every point of the
final curve is exact, since all frames are cut at the same threshold.
"""

from collections.abc import Iterable

import numpy as np

NUM_LEVELS = 80  # thresholds; with 600 the RBDC of three detectors on Ped2 moves by .0011 at most
FEW_VALUES = 1024  # maps of no more values are cut at all of them
NUM_OWN = 24  # levels of each map's own, for the estimate; a step is about a third of an area
NUM_FRAMES = 200  # for the estimate
LOW_SHARE = 8  # one of so many thresholds lies below those with one false detection a frame


def few_values(maps: Iterable[np.ndarray], most: int = FEW_VALUES) -> np.ndarray | None:
    """Return the values of all maps, float64 and falling, or None where there are more than `most`.

    Args:
        maps: float32 [h, w] each, as read by `regions.sample`.
        most: values.

    Returns:
        float64 [l].
    """
    values = np.zeros(0, np.float32)
    for heat in maps:
        values = np.union1d(values, heat)
        if len(values) > most:
            return None
    return values[::-1].astype(np.float64)


def own_levels(heat: np.ndarray, least: int, num_levels: int = NUM_OWN) -> np.ndarray:
    """Return levels of one map: the value of its a-th highest pixel, a growing geometrically.

    Args:
        heat: float32 [h, w].
        least: the smallest a, in pixels.
        num_levels: at most so many.

    Returns:
        float64 [l], falling.
    """
    values = np.sort(heat, axis=None)[::-1]
    ranks = np.geomspace(min(least, len(values)), len(values), num_levels)
    return np.unique(values[np.unique(np.ceil(ranks).astype(int)) - 1])[::-1].astype(np.float64)


def spread(
    thresholds: np.ndarray,
    fpr: np.ndarray,
    rates: Iterable[np.ndarray],
    num_levels: int = NUM_LEVELS,
) -> np.ndarray:
    """Place thresholds so that neighbours differ little in the rates of an estimated curve.

    Args:
        thresholds: float64 [n], falling.
        fpr: float64 [n], false detections per frame.
        rates: float64 [n] each, detected shares.
        num_levels: thresholds to place; one of `LOW_SHARE` of them goes to where `fpr` has passed
            1 once, since merging regions may lower it again.

    Returns:
        float64 [at most num_levels], falling.
    """
    passed = np.flatnonzero(fpr > 1.1)  # a margin, since it is an estimate
    end = int(passed[0]) + 1 if len(passed) else len(fpr)
    way = np.concatenate([[0.0], np.cumsum(sum(np.abs(np.diff(x)) for x in (fpr, *rates)))])
    num_low = num_levels // LOW_SHARE if end < len(fpr) else 0
    placed = []
    for part, num in ((slice(0, end), num_levels - num_low), (slice(end - 1, None), num_low)):
        if num:
            at = np.linspace(way[part][0], way[part][-1], num)
            grown = way[part] + np.linspace(0, 1e-9, len(way[part]))  # strictly
            placed.append(np.interp(at, grown, thresholds[part]))
    return np.unique(np.concatenate(placed))[::-1]
