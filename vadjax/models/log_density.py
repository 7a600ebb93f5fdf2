"""A network that gives the log-density of data to which noise of a given scale was added.

It is learnt by denoising score matching (Vincent, Neural Computation 2011) at many scales, the
scale being an input (MULDE: Micorek et al., CVPR 2024): its gradient in the point is fitted, which
needs no normalising constant. So a log-density is known up to a constant of each scale. MULDE keeps
this constant small by a term of the loss; it is left out here, since it flattens the gradient (see
docs/decisions.md), and whoever compares densities of several scales fits their level anyway.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

Params = list[dict[str, jax.Array]]


def init(key: jax.Array, *, width: int, units: Sequence[int]) -> Params:
    """Draw the variables of a network.

    Args:
        key: from which they are drawn.
        width: of the points.
        units: widths of the hidden layers.

    Returns:
        kernel [n, m] and bias [m], float32, of each layer.
    """
    sizes = (width + 1, *units, 1)
    keys, draw = jax.random.split(key, len(sizes) - 1), jax.nn.initializers.lecun_normal()
    return [
        {"kernel": draw(own, (n, m), jnp.float32), "bias": jnp.zeros(m, jnp.float32)}
        for own, n, m in zip(keys, sizes[:-1], sizes[1:], strict=True)
    ]


def log_density(params: Params, points: jax.Array, noise: jax.Array) -> jax.Array:
    """Return the log-density of points, up to a constant of each scale.

    Args:
        params: see `init`.
        points: float32 [b, d], near to unit variance before noise is added.
        noise: float32 [b], above 0: standard deviation of the noise, in the unit of the points.

    Returns:
        float32 [b].
    """
    points = points / jnp.sqrt(1 + noise**2)[:, None]
    x = jnp.concatenate([points, jnp.log(noise)[:, None]], axis=1)  # [b, d + 1]
    for layer in params[:-1]:
        x = jax.nn.silu(x @ layer["kernel"] + layer["bias"])
    return (x @ params[-1]["kernel"] + params[-1]["bias"])[:, 0]  # [b]


def gradient(params: Params, points: jax.Array, noise: jax.Array) -> jax.Array:
    """Return the gradient of the log-density in the points.

    Args:
        params: see `init`.
        points: float32 [b, d].
        noise: float32 [b].

    Returns:
        float32 [b, d].
    """
    return jax.grad(lambda at: log_density(params, at, noise).sum())(points)


def loss(
    params: Params,
    points: jax.Array,
    noise: jax.Array,
    key: jax.Array,
    *,
    read: jax.Array | bool = True,
) -> jax.Array:
    """Return how far the gradient is from that of the noise which was added.

    Args:
        params: see `init`.
        points: float32 [b, d], without noise.
        noise: float32 [b].
        key: from which the noise is drawn.
        read: bool [d], the values that the network reads; the others are 0, and get no noise.

    Returns:
        A scalar: the mean of half the squared error times the variance of the noise (MULDE, section
        3.2; the weight is that of Song and Ermon, NeurIPS 2019).
    """
    drawn = jnp.where(read, jax.random.normal(key, points.shape), 0.0)
    found = gradient(params, points + noise[:, None] * drawn, noise)  # wanted: -drawn / noise
    return 0.5 * ((noise[:, None] * found + drawn) ** 2).sum(1).mean()
