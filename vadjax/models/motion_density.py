"""A mixture of Gaussians as the output of a network, and how far what happened is from it."""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

LEAST = 0.3  # variance of a standardised channel: what hardly ever moves is not surprising at once


class Gaussians(NamedTuple):
    """m Gaussians without covariance.

    Attributes:
        centre: float32 [..., m, k].
        variance: float32 [..., m, k].
        log_weight: float32 [..., m], of each Gaussian; 0 of a single one.
    """

    centre: jax.Array
    variance: jax.Array
    log_weight: jax.Array

    def flat(self) -> jax.Array:
        """Return means, variances and, of several, weights side by side: [..., 2 m k (+ m)]."""
        lead = self.centre.shape[:-2]
        parts = [self.centre.reshape(*lead, -1), self.variance.reshape(*lead, -1)]
        return jnp.concatenate([*parts, *[jnp.exp(self.log_weight)] * (self._count > 1)], -1)

    @property
    def _count(self) -> int:
        return self.log_weight.shape[-1]


def gaussians(output: jax.Array, *, count: int) -> Gaussians:
    """Read the outputs of a network as Gaussians.

    Args:
        output: float32 [..., 2 m k + m]: means, what variances are made of, and logits of weights;
            of a single Gaussian [..., 2 k].
        count: m.

    Returns:
        The Gaussians; every variance is above `LEAST`.
    """
    width = (output.shape[-1] - (count if count > 1 else 0)) // 2
    shape = (*output.shape[:-1], count, width // count)
    log_weight = jnp.zeros((*output.shape[:-1], 1), output.dtype)
    if count > 1:
        log_weight = jax.nn.log_softmax(output[..., 2 * width :], axis=-1)
    centre, spread = output[..., :width], output[..., width : 2 * width]
    return Gaussians(centre.reshape(shape), LEAST + nn.softplus(spread).reshape(shape), log_weight)


def errors_and_nll(density: Gaussians, target: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Compare what happened with a mixture.

    Args:
        density: m Gaussians for each [...].
        target: float32 [..., k].

    Returns:
        Standardised errors [..., k]: those of each Gaussian, weighted by its share in the density
        at the target; and the negative log likelihood [...] a channel, without its constant.
    """
    errors = (target[..., None, :] - density.centre) * jax.lax.rsqrt(density.variance)
    own = 0.5 * (jnp.square(errors) + jnp.log(density.variance))  # [..., m, k]
    joint = density.log_weight - own.sum(-1)  # [..., m]
    nll = -jax.nn.logsumexp(joint, axis=-1) / target.shape[-1]
    share = jax.nn.softmax(joint, axis=-1)
    return (share[..., None] * errors).sum(-2), nll
