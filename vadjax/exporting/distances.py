"""Distances of rows from normal rows, or from the row before, as programs of short windows."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg

from vadjax.exporting.programs import BATCH, Array, Parts, Program
from vadjax.pipeline.trained import TrainedDetector

TITLES = {
    "knn": "nearest neighbours",
    "mahalanobis": "Mahalanobis distance",
    "feature_difference": "distance to the frame before",
}


def parts_of(trained: TrainedDetector, row_shapes: tuple[tuple[int, ...], ...]) -> Parts:
    """Return the programs of `knn`, `mahalanobis` and `feature_difference`.

    Args:
        trained: the detector of a finished run.
        row_shapes: of a row.

    Returns:
        For each fold "detector0", of windows of one row, or of two.
    """
    (row_shape,), name = row_shapes, trained.run.detector.name
    length = 2 if name == "feature_difference" else 1
    programs = []
    for fold, state in enumerate(trained.states):
        function = scored(_distance_of(name, state, trained.run.config), state)
        windows = Array("windows", (BATCH, length, *row_shape))
        scores = Array("scores", (BATCH, 1))
        programs.append(Program(f"detector{fold}", function, (windows,), (scores,)))
    return Parts(programs, one_by_one(length), TITLES[name])


def one_by_one(length: int = 1) -> dict[str, Any]:
    """Return how windows that are as long as a score needs make the scores of frames."""
    first = {"repeated": 0, "inside": 0, "filled": 0}
    same = {"dilation": 1, "aggregate": "last", "first": first}
    return {"kind": "windows", "length": length, **same}


def scored(distance: Callable[[jax.Array], jax.Array], state: Mapping) -> Callable:
    """Return a function of windows [b, t, ...]: pooled, standardised, measured.

    Args:
        distance: rows [b, t, d] -> [b].
        state: has `mean` and `std`.

    Returns:
        The function, whose result is a tuple of scores [b, 1].
    """
    mean, std = (np.asarray(state[key], np.float32) for key in ("mean", "std"))

    def function(windows: jax.Array) -> tuple[jax.Array]:
        middle = tuple(range(2, windows.ndim - 1))
        rows = windows.mean(middle) if middle else windows
        return (distance((rows - mean) / std)[:, None],)

    return function


def _distance_of(name: str, state: Mapping, config: Any) -> Callable[[jax.Array], jax.Array]:
    if name == "feature_difference":
        return lambda rows: jnp.sqrt(jnp.square(rows[:, 1] - rows[:, 0]).sum(-1))
    if name == "knn":
        nearest = nearest_of(state["fitted"], config.evaluate.knn)
        return lambda rows: nearest(rows[:, 0])
    away = mahalanobis_of(state["fitted"])
    return lambda rows: away(rows[:, 0])


def nearest_of(bank: np.ndarray, k: int) -> Callable[[jax.Array], jax.Array]:
    """Return what `scoring.distances.knn` computes, as a compiled function.

    Args:
        bank: float32 [n, d].
        k: neighbours.

    Returns:
        Rows [m, d] -> mean distance to the k nearest [m].
    """
    bank = np.asarray(bank, np.float32)
    k, squares = min(k, len(bank)), np.einsum("nd,nd->n", bank, bank)

    def away(rows: jax.Array) -> jax.Array:
        table = squares - 2 * jnp.matmul(rows, bank.T, precision="highest")  # [m, n]
        _, nearest = jax.lax.top_k(-table, k)
        # From differences, so that nothing cancels.
        found = jnp.take(jnp.asarray(bank), nearest, axis=0)  # [m, k, d]
        return jnp.sqrt(jnp.square(found - rows[:, None]).sum(-1)).mean(-1)

    return away


def mahalanobis_of(fitted: Mapping) -> Callable[[jax.Array], jax.Array]:
    """Return what `scoring.distances.mahalanobis` computes in float64, as one in float32.

    Where there were fewer frames than features, a row is split into what lies in the space of the
    frames and what does not, so that no two large numbers are subtracted.

    Args:
        fitted: what `fit_mahalanobis` returned.

    Returns:
        Rows [m, d] -> distance [m].
    """
    mean = np.asarray(fitted["mean"], np.float32)
    if "centred" not in fitted:
        size = len(fitted["factor"])
        white = scipy.linalg.solve_triangular(fitted["factor"], np.eye(size), lower=True)
        whitener = np.asarray(white.T, np.float32)

        def away(rows: jax.Array) -> jax.Array:
            found = jnp.matmul(rows - mean, whitener, precision="highest")
            return jnp.sqrt(jnp.square(found).sum(-1))

        return away
    centred, floor = np.asarray(fitted["centred"], np.float64), float(fitted["floor"])
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)  # [n], [n, d]
    varied = sizes > 1e-9 * max(sizes.max(), 1e-300)
    sizes, axes = sizes[varied], axes[varied]
    along = 1 / np.sqrt(float(fitted["kept"]) * np.square(sizes) / len(centred) + floor)
    inside, scale = np.asarray(axes.T, np.float32), np.asarray(along, np.float32)

    def split(rows: jax.Array) -> jax.Array:
        rows = rows - mean
        within = jnp.matmul(rows, inside, precision="highest")  # [m, n]
        beyond = rows - jnp.matmul(within, inside.T, precision="highest")
        return jnp.sqrt(jnp.square(within * scale).sum(-1) + jnp.square(beyond).sum(-1) / floor)

    return split
