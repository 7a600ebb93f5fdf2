"""Fits log-densities by denoising score matching, several data sets in one compiled program."""

import dataclasses
import functools
import operator
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import optax

from vadjax.models import log_density
from vadjax.models.log_density import Params


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        units: widths of its hidden layers.
        steps: of Adam, whose rate falls along half a cosine.
        batch_size: points of a step, drawn with replacement.
        learning_rate: of the first step.
        noise: lowest and highest scale; each point has one between, uniform in logarithm.
    """

    units: tuple[int, ...] = (128, 128)
    steps: int = 1000
    batch_size: int = 128
    learning_rate: float = 2e-3
    noise: tuple[float, float] = (0.1, 2.0)


def fit_log_densities(
    points: Sequence[np.ndarray], *, seed: int, recipe: Recipe = Recipe()
) -> list[list[dict[str, np.ndarray]]]:
    """Fit a network to each of several sets of points, which may differ in their width.

    Narrower points are filled up with zeros, which nothing is learnt from: they have no noise, and
    the weights that read them are 0 and stay so.

    Args:
        points: m sets float32 [n, d] of as many points, near to unit variance.
        seed: of all random numbers, which are the same for each set of one width.
        recipe: of the training.

    Returns:
        The variables of each network; see `models.log_density.init`.
    """
    widths = np.array([own.shape[1] for own in points], np.int32)
    filled = np.zeros((len(points), len(points[0]), int(widths.max())), np.float32)
    for number, own in enumerate(points):
        filled[number, :, : own.shape[1]] = own
    host = jax.device_get(_program(recipe)(filled, widths, jax.random.key(seed)))
    found = [jax.tree.map(operator.itemgetter(k), host) for k in range(len(points))]
    for network, width in zip(found, widths, strict=True):
        kernel = network[0]["kernel"]
        network[0]["kernel"] = np.concatenate([kernel[:width], kernel[-1:]])  # the last: the scale
    return found


@functools.cache
def _program(recipe: Recipe) -> Callable[[np.ndarray, np.ndarray, jax.Array], Params]:
    """Return the compiled training; it is traced once for each shape of points."""
    rate = optax.cosine_decay_schedule(recipe.learning_rate, recipe.steps)
    optimizer = optax.adam(rate)
    low, high = np.log(recipe.noise)

    def fit(points: jax.Array, width: jax.Array, key: jax.Array) -> Params:
        begin, drawn = jax.random.split(key)
        most = points.shape[1]
        params = log_density.init(begin, width=most, units=recipe.units)
        read = jnp.arange(most) < width
        scale = jnp.sqrt((most + 1) / (width + 1))  # as drawn for so few inputs
        kernel = jnp.where(jnp.append(read, True)[:, None], scale * params[0]["kernel"], 0.0)
        params[0] = {**params[0], "kernel": kernel}

        def step(carry, number):
            params, state = carry
            which, scale, own = jax.random.split(jax.random.fold_in(drawn, number), 3)
            index = jax.random.randint(which, (recipe.batch_size,), 0, len(points))
            noise = jnp.exp(jax.random.uniform(scale, index.shape, minval=low, maxval=high))
            slope = jax.grad(log_density.loss)(params, points[index], noise, own, read=read)
            change, state = optimizer.update(slope, state)
            return (optax.apply_updates(params, change), state), None

        carry = params, optimizer.init(params)
        return jax.lax.scan(step, carry, jnp.arange(recipe.steps))[0][0]

    return jax.jit(jax.vmap(fit, in_axes=(0, 0, None)))
