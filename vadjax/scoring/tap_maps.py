"""Maps of several stages of a backbone as one, and maps of scores in the fineness of the image."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.ndimage import gaussian_filter1d

SIGMA = 4.0  # pixels, of the blur of a map of scores: PaDiM and PatchCore have it


def joined(maps: Sequence[jax.Array], *, linear: bool) -> jax.Array:
    """Resize maps to the grid of the first, and put their channels one behind the other.

    Args:
        maps: float [b, h, w, c] each, of any sizes.
        linear: between the nearest four places; else the nearest place (rounded down).

    Returns:
        float32 [b, h, w, sum of c], h and w of the first map.
    """
    grid = maps[0].shape[1:3]
    found = []
    for each in maps:
        values = each.astype(jnp.float32)
        for axis, size in zip((1, 2), grid, strict=True):
            values = _resized(values, axis, size, linear=linear)
        found.append(values)
    return jnp.concatenate(found, axis=-1)


def to_grid(maps: jax.Array, grid: tuple[int, int]) -> jax.Array:
    """Resize maps without channels linearly, as `joined` does, by products of matrices.

    Args:
        maps: float32 [b, h, w].
        grid: height and width wanted.

    Returns:
        float32 [b, *grid].
    """
    rows, columns = (_between(own, size) for own, size in zip(maps.shape[1:], grid, strict=True))
    return _products(rows, maps, columns)


def _resized(values: jax.Array, axis: int, size: int, *, linear: bool) -> jax.Array:
    """Return `values` with `size` places along an axis, as torch's `interpolate` does."""
    there = values.shape[axis]
    if there == size:
        return values
    if linear:
        weights = jnp.asarray(_between(there, size))  # [size, there]
        moved = jnp.tensordot(values, weights, ((axis,), (1,)), precision="highest")
        return jnp.moveaxis(moved, -1, axis)
    return jnp.take(values, np.arange(size) * there // size, axis=axis)


def _between(there: int, size: int) -> np.ndarray:
    """Return the weights [size, there] of linear interpolation between centres of cells."""
    at = (np.arange(size) + 0.5) * there / size - 0.5
    weights = [np.interp(at, np.arange(there), unit) for unit in np.eye(there)]
    return np.stack(weights, axis=1).astype(np.float32)


def averaged(maps: jax.Array) -> jax.Array:
    """Average maps over 3 x 3 places; beyond the edge there are zeros, which count.

    Args:
        maps: float [b, h, w, c].

    Returns:
        float32 of the same shape.
    """
    total = jax.lax.reduce_window(
        maps.astype(jnp.float32), 0.0, jax.lax.add, (1, 3, 3, 1), (1, 1, 1, 1), "SAME"
    )
    return total / 9


class Smoother(NamedTuple):
    """A map of scores enlarged and blurred, as products with a matrix for each axis.

    Attributes:
        rows: float32 [h * factor, h].
        columns: float32 [w * factor, w].
        factor: pixels of a place.
    """

    rows: np.ndarray
    columns: np.ndarray
    factor: int

    @classmethod
    def of(cls, grid: tuple[int, int], *, factor: int) -> "Smoother":
        """Build it: linear interpolation to pixels, then a Gaussian of `SIGMA` pixels.

        The blur ends at four deviations, and sees the map mirrored at its edge.

        Args:
            grid: height and width of a map.
            factor: pixels of a place.

        Returns:
            The smoother of such maps.
        """

        def matrix(size: int) -> np.ndarray:
            fine = _between(size, size * factor)
            blurred = gaussian_filter1d(fine, SIGMA, axis=0, mode="mirror", truncate=4.0)
            return blurred.astype(np.float32)

        return cls(matrix(grid[0]), matrix(grid[1]), factor)

    def fine(self, maps: jax.Array) -> jax.Array:
        """Return maps [b, h, w] in pixels: float32 [b, h * factor, w * factor]."""
        return _products(self.rows, maps, self.columns)

    def coarse(self, maps: jax.Array) -> jax.Array:
        """Return maps [b, h, w] blurred alike, as means over the pixels of a place [b, h, w]."""
        rows, columns = (
            each.reshape(-1, self.factor, each.shape[1]).mean(1)
            for each in (self.rows, self.columns)
        )
        return _products(rows, maps, columns)


def _products(rows: np.ndarray, maps: jax.Array, columns: np.ndarray) -> jax.Array:
    return jnp.einsum("yh,bhw,xw->byx", rows, maps, columns, precision="highest")
