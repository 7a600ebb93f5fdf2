"""Fits a recurrent scanner by place (`models.recurrent_places`) to windows, in one program."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from vadjax.models.linen import LinenModel
from vadjax.models.recurrent_places import RecurrentPlaces


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What is trained and how.

    Attributes:
        cell: kind of the recurrence, a key of `models.cells.CELLS`.
        units: its width.
        embed: width of what it reads.
        lag: rows between the newest look that it reads and the row that is predicted.
        mean: rows over which errors are averaged.
        calibrated: whether surprises are relative to what is usual at their place.
        steps: of Adam, whose rate falls along half a cosine.
        batch_size: windows of a step, drawn with replacement.
        learning_rate: of the first step.
    """

    cell: str = "gru"
    units: int = 16
    embed: int = 24
    lag: int = 6
    mean: int = 9
    calibrated: bool = True
    steps: int = 240
    batch_size: int = 32
    learning_rate: float = 3e-3


def place_model(recipe: Recipe, *, row_shape: tuple[int, ...], num_motion: int) -> LinenModel:
    """Build the scanner.

    Args:
        recipe: of it.
        row_shape: (h, w, c) of a row.
        num_motion: the first channels of a row, which it predicts.

    Returns:
        The model; it gives a density and a surprise for the last row of a window.
    """
    module = RecurrentPlaces(
        cells=(recipe.cell,),
        units=(recipe.units,),
        embed=recipe.embed,
        num_motion=num_motion,
        lag=recipe.lag,
        mean=recipe.mean,
        calibrated=recipe.calibrated,
    )
    return LinenModel(module, row_shape, min_length=recipe.lag + 1)


def fit_places(windows: np.ndarray, *, num_motion: int, seed: int, recipe: Recipe) -> Any:
    """Fit a scanner by the likelihood of the last rows of windows.

    Args:
        windows: float16 or float32 [n, t, h, w, c], t above the recipe's lag.
        num_motion: see `place_model`.
        seed: of all random numbers.
        recipe: of the scanner and its training.

    Returns:
        Its variables, float32 arrays in nested dicts.
    """
    program = _program(recipe, windows.shape[2:], num_motion)
    return jax.device_get(program(windows, jax.random.key(seed)))


@functools.cache
def _program(
    recipe: Recipe, row_shape: tuple[int, ...], num_motion: int
) -> Callable[[np.ndarray, jax.Array], Any]:
    """Return the compiled training; it is traced once for each shape of windows."""
    model = place_model(recipe, row_shape=row_shape, num_motion=num_motion)
    rate = optax.cosine_decay_schedule(recipe.learning_rate, recipe.steps)
    optimizer = optax.adam(rate)

    def loss(params, state, windows):
        outputs, state = model.apply({"params": params, **state}, windows, train=True)
        return outputs["nll"].mean(), state

    @jax.jit
    def fit(windows: jax.Array, key: jax.Array) -> Any:
        begin, drawn = jax.random.split(key)
        variables = model.init(begin, windows[:1].astype(jnp.float32))
        params = variables.pop("params")

        def step(carry, number):
            params, state, adam = carry
            own = jax.random.fold_in(drawn, number)
            index = jax.random.randint(own, (recipe.batch_size,), 0, len(windows))
            slope, state = jax.grad(loss, has_aux=True)(
                params, state, windows[index].astype(jnp.float32)
            )
            change, adam = optimizer.update(slope, adam)
            return (optax.apply_updates(params, change), state, adam), None

        carry = params, variables, optimizer.init(params)
        params, state, _ = jax.lax.scan(step, carry, jnp.arange(recipe.steps))[0]
        return {"params": params, **state}

    return fit
