"""Scores of a place by what is normal at that place: maps in, maps out, before a fixed camera."""

import cv2
import numpy as np

_FLOOR = 0.5  # of the largest scale: no place is more than twice as strict as the busiest
_AT_ONCE = 1 << 24  # distances in memory: 64 MB
_SEEN = 0.05  # share of foreground from which on a cell counts as moving


def causal_mean(values: np.ndarray, length: int) -> np.ndarray:
    """Mean of the last `length` rows, of all so far where there are fewer; [t, ...] float32."""
    values = np.asarray(values, np.float64)
    total = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
    stop = np.arange(1, len(values) + 1)
    start = np.maximum(stop - length, 0)
    count = (stop - start).reshape(-1, *[1] * (values.ndim - 1))
    return ((total[stop] - total[start]) / count).astype(np.float32)


def speed(flow: np.ndarray, *, length: int, prior: float = 0.1) -> np.ndarray:
    """Speed of what moves at each cell, averaged over the last `length` frames.

    The mean flow is divided by the mean share of foreground plus `prior`, so that few pixels of
    foreground do not make a speed.

    Args:
        flow: [t, h, w, 3], mean flow in x and y over foreground, and share of foreground.
        length: frames.
        prior: share of foreground.

    Returns:
        float32 [t, h, w], at least 0.
    """
    x, y, share = np.moveaxis(causal_mean(flow, length), -1, 0)
    return np.hypot(x, y) / (share + prior)


def normal_scale(maps: np.ndarray, *, quantile: float = 0.999) -> np.ndarray:
    """What the largest normal values are at each place.

    Args:
        maps: [n, h, w] of normal frames, at least 0.
        quantile: of the frames at a place.

    Returns:
        float32 [h, w] above 0: the quantile, taken as the largest within 3 x 7 cells, smoothed,
        and at least half its largest value, so that a place where little was seen is not strict.
    """
    scale = np.quantile(maps, quantile, axis=0).astype(np.float32)
    scale = cv2.GaussianBlur(cv2.dilate(scale, np.ones((3, 7))), (0, 0), 1.5)
    return np.maximum(scale, max(_FLOOR * float(scale.max()), 1e-6))


def nearest_by_row(
    fit: np.ndarray,
    test: np.ndarray,
    *,
    fit_seen: np.ndarray,
    test_seen: np.ndarray,
    band: int = 1,
    bank: int = 10_000,
) -> np.ndarray:
    """Euclidean distance of each cell to the nearest normal cell of its row or the rows beside it.

    Rows and not places: a street looks and moves alike along a row, and sizes change across them.

    Args:
        fit: [n, h, w, d] normal maps.
        test: [m, h, w, d].
        fit_seen, test_seen: [n, h, w] and [m, h, w], share of foreground; cells below .05 are
            neither fitted nor scored. Ones take every cell.
        band: rows on either side.
        bank: at most so many normal cells are kept for a row, evenly.

    Returns:
        float32 [m, h, w]; 0 where nothing is seen, or nothing ever was in these rows.
    """
    scores = np.zeros(test.shape[:3], np.float32)
    for row in range(test.shape[1]):
        rows = slice(max(row - band, 0), row + band + 1)
        normal = fit[:, rows][fit_seen[:, rows] >= _SEEN]
        normal = normal[:: -(-len(normal) // bank) or 1].astype(np.float32)  # [n', d]
        seen = test_seen[:, row] >= _SEEN  # [m, w]
        if len(normal) and seen.any():
            scores[:, row][seen] = nearest(normal, test[:, row][seen])
    return scores


def nearest(fit: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Distance of each of `test` [m, d] to the nearest of `fit` [n, d]; float32 [m].

    One matrix product for a chunk of rows, |a|^2 + |b|^2 - 2ab in float32: right to about 1e-3 of
    the vectors' length, which `scoring.baselines.knn` improves on for some more time.
    """
    fit = np.asarray(fit, np.float32)
    squares = np.einsum("nd,nd->n", fit, fit)
    found = np.empty(len(test), np.float32)
    chunk = max(1, _AT_ONCE // len(fit))
    for start in range(0, len(test), chunk):
        rows = np.asarray(test[start : start + chunk], np.float32)
        least = (squares - 2 * rows @ fit.T).min(1) + np.einsum("nd,nd->n", rows, rows)
        found[start : start + chunk] = np.sqrt(np.maximum(least, 0))
    return found


def paint(
    scores: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    frames: np.ndarray,
    *,
    shape: tuple[int, int, int],
    reach: int = 2,
    base: float = 0.0,
) -> np.ndarray:
    """Draw the scores of windows on a grid, the larger where two overlap.

    Args:
        scores: [n] of the windows.
        rows, columns, frames: int [n], each window's cell and frame.
        shape: (t, h, w) of the maps.
        reach: cells that a window covers on either side.
        base: value where there is no window.

    Returns:
        float32 [t, h, w].
    """
    maps = np.full(shape, base, np.float32)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            y, x = rows + dy, columns + dx
            inside = (y >= 0) & (y < shape[1]) & (x >= 0) & (x < shape[2])
            np.maximum.at(maps, (frames[inside], y[inside], x[inside]), scores[inside])
    return maps
