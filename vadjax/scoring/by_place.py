"""Score each cell of a map by what is normal at that cell or row, for a fixed camera."""

import cv2
import numpy as np

_FLOOR = 0.5  # of the largest scale, the lowest scale of any place
_SEEN = 0.05  # share of foreground from which on a cell counts as moving


def causal_mean(values: np.ndarray, length: int) -> np.ndarray:
    """Average the last `length` rows, or all rows so far where there are fewer.

    Args:
        values: [t, ...] float.
        length: rows, at least 1.

    Returns:
        float32 [t, ...].
    """
    values = np.asarray(values, np.float64)
    total = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
    stop = np.arange(1, len(values) + 1)
    start = np.maximum(stop - length, 0)
    count = (stop - start).reshape(-1, *[1] * (values.ndim - 1))
    return ((total[stop] - total[start]) / count).astype(np.float32)


def speed(flow: np.ndarray, *, length: int, prior: float = 0.1) -> np.ndarray:
    """Measure the speed of what moves at each cell, averaged over the last `length` frames.

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
    """Estimate the largest normal value at each place.

    Args:
        maps: [n, h, w] of normal frames, at least 0.
        quantile: of the frames at a place.

    Returns:
        float32 [h, w] above 0: the quantile, taken as the largest within 3 x 7 cells, smoothed,
        and at least half its largest value: where little was seen, little would be normal.
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
    """Measure each cell's distance to the nearest normal cell of its row or the rows beside it.

    Rows and not places: a street looks and moves alike along a row, and sizes change across them.

    Args:
        fit: [n, h, w, d] normal maps.
        test: [m, h, w, d].
        fit_seen: [n, h, w], share of foreground in `fit`; cells below .05 are not used. Ones use
            every cell.
        test_seen: [m, h, w], share of foreground in `test`; cells below .05 score 0.
        band: rows on either side.
        bank: at most this many normal cells are kept for a row, evenly spaced.

    Returns:
        float32 [m, h, w]; 0 where no foreground is seen, or none was in these rows of `fit`.
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
    """Measure the Euclidean distance of each test vector to the nearest normal one.

    Args:
        fit: [n, d] normal vectors, at least one.
        test: [m, d].

    Returns:
        float32 [m].
    """
    from sklearn.neighbors import NearestNeighbors  # importing it takes a second

    # Brute force: trees are slower from about 10 dimensions on.
    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(np.asarray(fit, np.float32))
    distances, _ = search.kneighbors(np.asarray(test, np.float32))
    return distances[:, 0].astype(np.float32)


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
    """Write the scores of windows onto a grid, the larger one where two overlap.

    Args:
        scores: [n] of the windows.
        rows: int [n], the row of each window's cell.
        columns: int [n], the column of each window's cell.
        frames: int [n], the frame of each window.
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
