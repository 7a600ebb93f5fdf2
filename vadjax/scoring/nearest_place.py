"""Distances of an image's places from the nearest of a bank, and PatchCore's score of the image."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Bank(NamedTuple):
    """Normal places to which others are compared.

    Attributes:
        places: float32 [n, d], less their mean.
        mean: float32 [d].
        squares: float32 [n], the squared lengths of `places`.
    """

    places: jax.Array
    mean: jax.Array
    squares: jax.Array

    @classmethod
    def of(cls, places: jax.Array) -> "Bank":
        """Centre the places [n, d], so that little cancels in |a|^2 + |b|^2 - 2ab."""
        mean = places.mean(0)
        centred = places - mean
        return cls(centred, mean, jnp.square(centred).sum(1))


def score(bank: Bank, places: jax.Array, *, neighbours: int) -> tuple[jax.Array, jax.Array]:
    """Measure the places of one image (PatchCore, section 3.3, equations 6 and 7).

    Args:
        bank: of normal places.
        places: float32 [p, d].
        neighbours: of the nearest normal place, by which the score of the image is weighted; 1
            weights nothing.

    Returns:
        The score of the image, float32 scalar, and the distance of each place, float32 [p].
    """
    places = places - bank.mean
    products = jnp.matmul(bank.places, places.T, precision="highest")  # [n, p]
    squares = (bank.squares[:, None] - 2 * products).min(0) + jnp.square(places).sum(1)
    away = jnp.sqrt(jnp.maximum(squares, 0))
    own = places[jnp.argmax(away)]
    from_own = jnp.sqrt(jnp.square(bank.places - own).sum(1))  # [n], exact
    nearest = jnp.argmin(from_own)
    largest, count = from_own[nearest], min(neighbours, len(bank.places))
    if count == 1:
        return largest, away
    # |m - b|^2 of the nearest place m: by differences, so that m itself is at 0.
    between = jnp.square(bank.places - bank.places[nearest]).sum(1)
    around = jax.lax.top_k(-between, count)[1]
    weight = 1 - jax.nn.softmax(from_own[around])[0]
    return weight * largest, away
