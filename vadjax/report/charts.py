"""Charts of several curves or bars: losses, metrics by threshold, baselines."""

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.report.plots import SKEW, decades, path, ticks


def lines(x: Sequence[float], curves: Mapping[str, Sequence[float | None]], *, high: float) -> dict:
    """Lay out several curves over one x, from 0 up to `high`; a None interrupts a curve.

    The axis of x is logarithmic where all x are positive and the last is `SKEW` times the middle.

    Args:
        x: [n], rising.
        curves: name -> [n] values.
        high: value at the top.

    Returns:
        `curves` [(key, path data)], `log`, `at` (x to percentage), and `xticks`, `yticks` of
        (percentage, number).
    """
    first, last = min(x), max(x)
    log = first > 0 and last > SKEW * float(np.median(x))
    bend = math.log if log else float

    def at(value: float) -> float:
        return (bend(value) - bend(first)) / ((bend(last) - bend(first)) or 1.0)

    across, drawn = [at(value) for value in x], []
    for key, values in curves.items():
        parts = itertools.groupby(
            zip(across, values, strict=True), key=lambda point: point[1] is not None
        )
        pieces = [[(a, v) for a, v in points if v is not None] for known, points in parts if known]
        data = "".join(path(*zip(*((a, v / high) for a, v in p), strict=True)) for p in pieces)
        drawn.append((key, data))
    return {
        "curves": [(key, data) for key, data in drawn if data],
        "at": lambda value: round(100 * at(value), 3),
        "log": log,
        "xticks": [(round(100 * at(v), 3), v) for v in (decades if log else ticks)(first, last)],
        "yticks": [(round(100 * v / high, 3), v) for v in ticks(0, high, 4)],
    }


def training(rows: Sequence[Mapping]) -> dict | None:
    """Return the loss curves of one fold, or None without epochs.

    Args:
        rows: `epoch`, `train_loss` and `select_loss` (the latter may be None).

    Returns:
        `curves` of (key, path data), `best` epoch by `select_loss`, its `best_x` percentage, the
        `epochs`, and `xticks`, `yticks` of (percentage, number).
    """
    rows = [r for r in rows if r.get("train_loss") is not None]
    if not rows:
        return None
    epochs = np.array([r["epoch"] for r in rows], float)
    curves = {
        key: [(e, r[key]) for e, r in zip(epochs, rows, strict=True) if r.get(key) is not None]
        for key in ("train_loss", "select_loss")
    }
    values = [v for points in curves.values() for _, v in points]
    low, high = min(values), max(values)
    low = 0.0 if 0 <= low < 0.5 * high else low - 0.06 * ((high - low) or 1.0)
    high += 0.06 * ((high - low) or 1.0)
    first, last = epochs[0], epochs[-1]

    def across(epoch):
        return (epoch - first) / ((last - first) or 1.0)

    held_out = curves["select_loss"]
    best = int(min(held_out, key=lambda p: p[1])[0]) if held_out else None
    return {
        "curves": [
            (
                key,
                path([across(e) for e, _ in points], [(v - low) / (high - low) for _, v in points]),
            )
            for key, points in curves.items()
            if points
        ],
        "best": best,
        "best_x": None if best is None else round(100 * float(across(best)), 3),
        "epochs": [int(e) for e in epochs],
        "xticks": [
            (round(100 * float(across(e)), 3), int(e)) for e in ticks(first, last) if e == int(e)
        ],
        "yticks": [(round(100 * (v - low) / (high - low), 3), v) for v in ticks(low, high, 4)],
    }


def bars(rows: Sequence[tuple[str, float | None]], interval: Sequence[float] | None) -> dict:
    """Lay out AUC bars that grow from chance, .5, to either side.

    Args:
        rows: (key, AUC or None).
        interval: (low, high) of the detector, or None.

    Returns:
        `bars` {key: (left %, width %)}, `chance` %, `interval` (left %, width %) or None, and
        `ticks` of (left %, number).
    """
    values = [v for _, v in rows if v is not None] + list(interval or ())
    low = math.floor(min([0.45, *values]) * 10 - 1e-9) / 10

    def at(value):
        return round(100 * (value - low) / (1 - low), 3)

    laid = {
        key: (min(at(v), at(0.5)), round(abs(at(v) - at(0.5)), 3))
        for key, v in rows
        if v is not None
    }
    return {
        "bars": laid,
        "chance": at(0.5),
        "interval": (at(interval[0]), round(at(interval[1]) - at(interval[0]), 3))
        if interval
        else None,
        "ticks": [(at(v), v) for v in ticks(low, 1.0, round((1 - low) * 10))],
    }
