"""A Gaussian at each place, measured a block of rows at a time; Mahalanobis distances from it."""

import functools
from collections.abc import Iterable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.errors import UserError

RIDGE = 0.01  # is added to the variances (PaDiM, section III-B)
MOST_BYTES = 1 << 30  # of the covariances of all places
_AT_ONCE = 1 << 25  # bytes of the covariances that are inverted together


class Moments(NamedTuple):
    """What is known of the rows so far.

    Attributes:
        number: float32 scalar, of rows.
        mean: float32 [p, d], of each place.
        products: float32 [p, d, d], sums of products about the mean.
    """

    number: jax.Array
    mean: jax.Array
    products: jax.Array


def check_size(places: int, width: int) -> None:
    """Refuse more covariances than are kept.

    Args:
        places: how many.
        width: numbers of a place.

    Raises:
        UserError: there are too many places, or numbers a place, to keep a covariance each.
    """
    nbytes = 4 * places * width**2
    if nbytes > MOST_BYTES:
        raise UserError(
            f"covariances of {width} numbers at {places} places take {nbytes / 1e9:.1f} GB, "
            f"and detector padim keeps at most {MOST_BYTES / 1e9:.1f} GB: set places.dims "
            "lower, or let places.taps begin with a later stage, whose map is smaller."
        )


@jax.jit
def first(rows: jax.Array, count: jax.Array) -> Moments:
    """Return the moments of the first rows, which have none to be added to.

    Args:
        rows: float32 [p, b, d]: place by place, as their products are.
        count: how many of the rows count, from the first; at least 1.

    Returns:
        Their moments.
    """
    there = (jnp.arange(rows.shape[1]) < count).astype(jnp.float32)[:, None]
    number = count.astype(jnp.float32)
    mean = (rows * there).sum(1) / number
    away = (rows - mean[:, None]) * there
    products = jnp.matmul(away.transpose(0, 2, 1), away, precision="highest")
    return Moments(number, mean, products)


@functools.partial(jax.jit, donate_argnums=0)
def update(moments: Moments, rows: jax.Array, count: jax.Array) -> Moments:
    """Add rows by the update of Chan, Golub and LeVeque (1983).

    Args:
        moments: of the rows so far; their memory is used again.
        rows: float32 [p, b, d].
        count: how many of the rows count, from the first; at least 1.

    Returns:
        The moments of all.
    """
    number, mean, added = first(rows, count)
    gap, total = mean - moments.mean, moments.number + number
    # Added to the products in one pass over them, the largest arrays here.
    added += (gap * (moments.number * number / total))[:, :, None] * gap[:, None]
    return Moments(total, moments.mean + gap * (number / total), moments.products + added)


def fit(blocks: Iterable[tuple[jax.Array, int]]) -> dict[str, np.ndarray]:
    """Measure a Gaussian at each place.

    Args:
        blocks: rows float32 [p, b, d] of one shape, and how many of them count.

    Returns:
        mean float32 [p, d], and `white` float32 [p, d, d], upper triangular: the length of
        (x - mean) @ white is the Mahalanobis distance under the covariance plus `RIDGE`.

    Raises:
        UserError: fewer than two rows, or numbers that are not finite.
    """
    moments = None
    for rows, count in blocks:
        if moments is None:
            check_size(len(rows), rows.shape[2])
            moments = first(rows, np.int32(count))
        else:
            moments = update(moments, rows, np.int32(count))
    count = 0 if moments is None else int(moments.number)
    if moments is None or count < 2:
        raise UserError(
            f"detector padim got {count} normal rows, and a covariance wants at least 2; give "
            "more training images."
        )
    mean = np.asarray(moments.mean)
    if not np.isfinite(mean).all():
        raise UserError(
            "feature rows hold NaN or infinity; extract those videos again (remove them from "
            "features.cache_dir), or choose other weights."
        )
    places, width = mean.shape
    white = np.empty((places, width, width), np.float32)
    step = min(places, max(1, _AT_ONCE // (4 * width**2)))
    for start in range(0, places, step):
        start = min(start, places - step)  # the last block begins earlier: one shape for all
        found = _whiteners(moments.products, start, moments.number, step)
        white[start : start + step] = found
    return {"mean": mean, "white": white}


@functools.partial(jax.jit, static_argnums=3)
def _whiteners(products: jax.Array, start: int, number: jax.Array, size: int) -> jax.Array:
    """Return the inverted transposed Cholesky factors [size, d, d] of places from one on."""
    covariances = jax.lax.dynamic_slice_in_dim(products, start, size) / (number - 1)
    identity = jnp.broadcast_to(jnp.eye(covariances.shape[-1]), covariances.shape)
    factors = jnp.linalg.cholesky(covariances + RIDGE * identity)
    # One solve for all: several in one program, as of blocks of the factors, can wait for each
    # other's threads for ever on CPU (seen with jaxlib 0.10.2).
    inverted = jax.lax.linalg.triangular_solve(factors, identity, left_side=True, lower=True)
    return inverted.transpose(0, 2, 1)


def distances(mean: jax.Array, white: jax.Array, rows: jax.Array) -> jax.Array:
    """Return the Mahalanobis distance of each place.

    Args:
        mean: float32 [p, d].
        white: float32 [p, d, d], see `fit`.
        rows: float32 [b, p, d].

    Returns:
        float32 [b, p].
    """
    away = (rows - mean).transpose(1, 0, 2)  # [p, b, d]
    found = jnp.matmul(away, white, precision="highest")
    return jnp.sqrt(jnp.square(found).sum(-1)).T
