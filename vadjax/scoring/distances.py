"""Distances from normal features: k nearest neighbours and Mahalanobis."""

from collections.abc import Mapping

import numpy as np
import scipy.linalg

from vadjax.data.arrays.row_view import Rows, blocks

_CELLS_AT_ONCE = 1 << 24  # of a table of distances: 64 MB
_FLOAT64_AT_ONCE = 1 << 23  # of rows in float64: 64 MB
_FITTED_AT_ONCE = 1 << 24  # of rows in float64 from which a covariance is fitted: 128 MB


def knn(fit_features: np.ndarray, test_features: Rows, *, k: int = 5) -> np.ndarray:
    """Mean Euclidean distance to the k nearest fitted features.

    The nearest are found with one matrix product for a chunk of test rows, |a|^2 + |b|^2 - 2ab in
    float32; their distances are then computed from differences, so that nothing cancels. Time is
    O(n m d), memory a few hundred MB at d = 1280.

    Args:
        fit_features: [n, d] normal frames, standardised; all are used if there are fewer than k.
        test_features: [m, d], standardised alike; a view is read a chunk at a time.
        k: neighbours.

    Returns:
        float32 [m].

    Raises:
        ValueError: a shape does not fit, or `k` is below 1.
    """
    fit = _matrix(fit_features)
    _check(test_features, width=fit.shape[1])
    if k < 1:
        raise ValueError(f"knn: k {k} should be at least 1")
    k = min(k, len(fit))
    squares = np.einsum("nd,nd->n", fit, fit)
    scores = np.empty(len(test_features), np.float32)
    chunk = max(1, min(_CELLS_AT_ONCE // len(fit), _CELLS_AT_ONCE // (k * fit.shape[1])))
    for start in range(0, len(scores), chunk):
        rows = _matrix(test_features[start : start + chunk])  # [c, d]
        table = squares - 2 * rows @ fit.T  # [c, n], without the |rows|^2 that all share
        nearest = np.argpartition(table, k - 1, axis=1)[:, :k]
        away = fit[nearest] - rows[:, None]  # [c, k, d]
        scores[start : start + chunk] = np.sqrt(np.einsum("ckd,ckd->ck", away, away)).mean(1)
    return scores


def fit_mahalanobis(features: Rows) -> dict:
    """Fit a mean and Ledoit and Wolf's shrunk covariance, in float64.

    No dimension is dropped: the d x d covariance is factorised or, where there are fewer frames
    than features, the n x n products of frames (Woodbury's identity): O(n d) with the smaller of n
    and d once more, so that pixels as features take seconds too. Many frames are read twice, a
    block at a time.

    Args:
        features: [n, d] normal frames, standardised; an array or a view.

    Returns:
        Arrays and plain values for `mahalanobis`.

    Raises:
        ValueError: a shape does not fit.
    """
    _check(features)
    num, width = features.shape
    narrow, centred = width <= num, None
    if narrow and num * width > _FITTED_AT_ONCE:
        mean, products, lengths = _moments(features)
    else:
        centred = _matrix(features[:]).astype(np.float64)
        mean = centred.mean(0)
        centred -= mean
        products = centred.T @ centred if narrow else centred @ centred.T
        lengths = np.einsum("nd,nd->n", centred, centred)
    shrinkage = ledoit_wolf(lengths, products, width=width)
    trace = np.trace(products) / num
    # A share of 1e-9 keeps the factor defined where features are constant or there is one frame.
    floor = (shrinkage * trace + 1e-9 * max(trace, 1)) / width
    kept = 1 - shrinkage
    products *= kept / num if narrow else kept
    products.flat[:: len(products) + 1] += floor if narrow else num * floor
    factor = scipy.linalg.cholesky(products, lower=True, overwrite_a=True)
    state = {"mean": mean, "factor": factor}
    return state if narrow else {**state, "centred": centred, "kept": kept, "floor": float(floor)}


def _moments(features: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean [d] of rows, the products [d, d] and squared lengths [n] about it."""
    num, width = features.shape
    nbytes = 4 * _FITTED_AT_ONCE
    total, products, lengths = np.zeros(width), np.zeros((width, width)), []
    for block in blocks(features, nbytes=nbytes):
        total += block.sum(0, dtype=np.float64)
    mean = total / num
    for block in blocks(features, nbytes=nbytes):
        centred = block.astype(np.float64)
        centred -= mean
        products += centred.T @ centred
        lengths.append(np.einsum("nd,nd->n", centred, centred))
    return mean, products, np.concatenate(lengths)


def mahalanobis(fitted: Mapping, features: Rows) -> np.ndarray:
    """Mahalanobis distance from fitted features.

    Args:
        fitted: what `fit_mahalanobis` returned.
        features: [m, d], standardised alike; a view is read a chunk at a time.

    Returns:
        float32 [m].

    Raises:
        ValueError: a shape does not fit.
    """
    _check(features, width=len(fitted["mean"]))
    mean, factor, fit = fitted["mean"], fitted["factor"], fitted.get("centred")
    scores = np.empty(len(features), np.float32)
    chunk = max(1, _FLOAT64_AT_ONCE // len(mean))
    for start in range(0, len(scores), chunk):
        away = _matrix(features[start : start + chunk]) - mean  # [c, d] float64
        if fit is None:
            white = scipy.linalg.solve_triangular(factor, away.T, lower=True)  # [d, c]
            squares = np.einsum("dc,dc->c", white, white)
        else:
            white = scipy.linalg.solve_triangular(factor, fit @ away.T, lower=True)  # [n, c]
            squares = np.einsum("cd,cd->c", away, away)
            shared = fitted["kept"] * np.einsum("nc,nc->c", white, white)
            squares = (squares - shared) / fitted["floor"]
        scores[start : start + chunk] = np.sqrt(np.maximum(squares, 0))
    return scores


def ledoit_wolf(lengths: np.ndarray, products: np.ndarray, *, width: int) -> float:
    """Share of the identity in Ledoit and Wolf's covariance (J. Multivariate Analysis 88, 2004).

    As `sklearn.covariance.ledoit_wolf_shrinkage`, which multiplies d x d matrices three times.

    Args:
        lengths: float64 [n], squared, of frames of mean 0.
        products: of the frames, [d, d] or [n, n].
        width: d.

    Returns:
        A share in [0, 1].
    """
    num = len(lengths)
    trace = lengths.sum() / num
    squares = np.square(products).sum() / num**2  # of the covariance's values
    spread = squares - trace**2 / width
    noise = min((np.square(lengths).sum() / num - squares) / num, spread)
    return float(noise / spread) if noise > 0 else 0.0


def _check(features: Rows, *, width: int | None = None) -> None:
    """Refuse features that are no [n, d], or not of `width`."""
    shape = features.shape
    if (
        len(shape) != 2
        or not (len(features) or width)
        or shape[1] != (shape[1] if width is None else width)
    ):
        wanted = "[n, d] with n of at least 1" if width is None else f"[m, {width}]"
        raise ValueError(f"features of shape {shape} should be {wanted}")


def _matrix(features: np.ndarray) -> np.ndarray:
    """Return features as contiguous float32 [n, d]."""
    _check(features)
    return np.ascontiguousarray(features, np.float32)
