"""Distances from normal features: k nearest neighbours and Mahalanobis."""

from collections.abc import Mapping

import numpy as np
import scipy.linalg

_CELLS_AT_ONCE = 1 << 24  # of a table of distances: 64 MB


def knn(fit_features: np.ndarray, test_features: np.ndarray, *, k: int = 5) -> np.ndarray:
    """Mean Euclidean distance to the k nearest fitted features.

    The nearest are found with one matrix product for a chunk of test rows, |a|^2 + |b|^2 - 2ab in
    float32; their distances are then computed from differences, so that nothing cancels. Time is
    O(n m d), memory a few hundred MB at d = 1280.

    Args:
        fit_features: [n, d] normal frames, standardised; all are used if there are fewer than k.
        test_features: [m, d], standardised alike.
        k: neighbours.

    Returns:
        float32 [m].

    Raises:
        ValueError: a shape does not fit, or `k` is below 1.
    """
    fit = _matrix(fit_features)
    test = _matrix(test_features, width=fit.shape[1])
    if k < 1:
        raise ValueError(f"knn: k {k} should be at least 1")
    k = min(k, len(fit))
    squares = np.einsum("nd,nd->n", fit, fit)
    scores = np.empty(len(test), np.float32)
    chunk = max(1, min(_CELLS_AT_ONCE // len(fit), _CELLS_AT_ONCE // (k * fit.shape[1])))
    for start in range(0, len(test), chunk):
        rows = test[start : start + chunk]  # [c, d]
        table = squares - 2 * rows @ fit.T  # [c, n], without the |rows|^2 that all share
        nearest = np.argpartition(table, k - 1, axis=1)[:, :k]
        away = fit[nearest] - rows[:, None]  # [c, k, d]
        scores[start : start + chunk] = np.sqrt(np.einsum("ckd,ckd->ck", away, away)).mean(1)
    return scores


def fit_mahalanobis(features: np.ndarray) -> dict:
    """Fit a mean and Ledoit and Wolf's shrunk covariance, in float64.

    No dimension is dropped: the d x d covariance is factorised or, where there are fewer frames
    than features, the n x n products of frames (Woodbury's identity): O(n d) with the smaller of n
    and d once more, so that pixels as features take seconds too.

    Args:
        features: [n, d] normal frames, standardised.

    Returns:
        Arrays and plain values for `mahalanobis`.

    Raises:
        ValueError: a shape does not fit.
    """
    fit = _matrix(features).astype(np.float64)
    mean = fit.mean(0)
    fit -= mean
    num, width = fit.shape
    narrow = width <= num
    products = fit.T @ fit if narrow else fit @ fit.T
    shrinkage = ledoit_wolf(fit, products)
    trace = np.trace(products) / num
    # A share of 1e-9 keeps the factor defined where features are constant or there is one frame.
    floor = (shrinkage * trace + 1e-9 * max(trace, 1)) / width
    kept = 1 - shrinkage
    products *= kept / num if narrow else kept
    products.flat[:: len(products) + 1] += floor if narrow else num * floor
    factor = scipy.linalg.cholesky(products, lower=True, overwrite_a=True)
    state = {"mean": mean, "factor": factor}
    return state if narrow else {**state, "centred": fit, "kept": kept, "floor": float(floor)}


def mahalanobis(fitted: Mapping, features: np.ndarray) -> np.ndarray:
    """Mahalanobis distance from fitted features.

    Args:
        fitted: what `fit_mahalanobis` returned.
        features: [m, d], standardised alike.

    Returns:
        float32 [m].

    Raises:
        ValueError: a shape does not fit.
    """
    test = _matrix(features, width=len(fitted["mean"]))
    mean, factor, fit = fitted["mean"], fitted["factor"], fitted.get("centred")
    scores = np.empty(len(test), np.float32)
    chunk = max(1, _CELLS_AT_ONCE // len(mean))
    for start in range(0, len(test), chunk):
        away = test[start : start + chunk] - mean  # [c, d] float64
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


def ledoit_wolf(centred: np.ndarray, products: np.ndarray) -> float:
    """Share of the identity in Ledoit and Wolf's covariance (J. Multivariate Analysis 88, 2004).

    As `sklearn.covariance.ledoit_wolf_shrinkage`, which multiplies d x d matrices three times.

    Args:
        centred: float64 [n, d] of mean 0.
        products: its products, [d, d] or [n, n].

    Returns:
        A share in [0, 1].
    """
    num, width = centred.shape
    scale = np.einsum("nd,nd->n", centred, centred)  # of each frame
    trace = scale.sum() / num
    squares = np.square(products).sum() / num**2  # of the covariance's values
    spread = squares - trace**2 / width
    noise = min((np.square(scale).sum() / num - squares) / num, spread)
    return float(noise / spread) if noise > 0 else 0.0


def _matrix(features: np.ndarray, *, width: int | None = None) -> np.ndarray:
    """Return features as contiguous float32 [n, d]."""
    if (
        features.ndim != 2
        or not (len(features) or width)
        or features.shape[1] != (features.shape[1] if width is None else width)
    ):
        wanted = "[n, d] with n of at least 1" if width is None else f"[m, {width}]"
        raise ValueError(f"features of shape {features.shape} should be {wanted}")
    return np.ascontiguousarray(features, np.float32)
