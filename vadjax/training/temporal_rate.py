"""A learning rate of each window, by its temporal context: higher where it moves more at its end.

Elavarasi et al. adapt the learning rate "from the temporal context, with more weight on recent
frames" and print rates of .0005 to .002 about their .001, without a formula. Here the factor of a
window is the mean squared change between its successive rows, recent ones weighted more, divided
by the same without weights, kept within .5 and 2. A window that changes evenly has 1.
"""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

DECAY = 0.8  # of the weight, a row back
LOWEST, HIGHEST = 0.5, 2.0  # their .0005 and .002 by their .001
TINY = 1e-12


def changes_of(windows: ArrayLike) -> jax.Array:
    """Return the mean squared change between successive rows.

    Args:
        windows: [b, t, ...] float, standardised.

    Returns:
        float32 [b, t - 1].
    """
    x = jnp.asarray(windows, jnp.float32)
    change = jnp.square(x[:, 1:] - x[:, :-1])
    return change.mean(axis=tuple(range(2, change.ndim)))


def rate_factors(changes: ArrayLike) -> jax.Array:
    """Return the factor on the learning rate of each window.

    Args:
        changes: float [b, t - 1], see `changes_of`; without any, and where nothing changes, the
            factor is 1.

    Returns:
        float32 [b], within `LOWEST` and `HIGHEST`.
    """
    changes = jnp.asarray(changes, jnp.float32)
    count = changes.shape[1]
    if not count:
        return jnp.ones(len(changes), jnp.float32)
    weights = DECAY ** jnp.arange(count - 1, -1, -1, dtype=jnp.float32)
    recent, usual = changes @ (weights / weights.sum()), changes.mean(1)
    ratio = jnp.where(usual > TINY, recent / jnp.maximum(usual, TINY), 1.0)
    return jnp.clip(ratio, LOWEST, HIGHEST)
