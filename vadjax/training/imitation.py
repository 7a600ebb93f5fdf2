"""Trains a student to give the later maps of a backbone from an early one, on normal frames."""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from vadjax.errors import UserError
from vadjax.models import student
from vadjax.models.student import Params, Shape

BATCH = 8  # frames of an update, drawn with replacement
RATE = 1e-3  # of Adam, falling along half a cosine
EVERY = 50  # updates between two looks at the loss

Maps = Sequence[np.ndarray]  # [b, h, w, c] of each stage
Statistics = Sequence[tuple[Any, Any]]  # mean and std [c] of each stage


def fit_student(
    read: Callable[[np.ndarray], Maps],
    *,
    num: int,
    statistics: Statistics,
    updates: int,
    seed: int,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[Params, list[int]]:
    """Train it.

    Args:
        read: numbers of frames [b] -> the maps of each stage; frames are read as they are needed.
        num: of frames.
        statistics: by which maps are standardised.
        updates: of Adam.
        seed: of the variables and of the order of frames.
        say: gets a line now and then.

    Returns:
        The variables, and the strides between the stages.

    Raises:
        UserError: stages that do not go together, or a loss that is not finite.
    """
    rng = np.random.default_rng(seed)
    shapes = [_shape(each) for each in read(np.zeros(1, np.int64))]
    student.check_shapes(shapes)
    pairs = itertools.pairwise(shapes)
    strides = [student.stride_between(before, after) for before, after in pairs]
    begin, step = _program(tuple(strides), updates)
    params = student.init(jax.random.key(seed), shapes)
    state = begin(params)
    for number in range(updates):
        maps = tuple(read(np.sort(rng.integers(num, size=BATCH))))
        params, state, loss = step(params, state, maps, tuple(statistics))
        if (number + 1) % EVERY == 0 or number + 1 == updates:
            if not np.isfinite(loss):
                raise UserError(
                    f"the loss of the student is {float(loss)} after {number + 1} updates; "
                    "features that hold NaN or infinity do this: extract them again."
                )
            say(f"student: {number + 1} of {updates} updates, error {float(loss):.3f}")
    return params, strides


def standardised(maps: Sequence[Any], statistics: Statistics) -> list[jax.Array]:
    """Return maps less their mean, over their deviation.

    Args:
        maps: [b, h, w, c] of each stage.
        statistics: of each.

    Returns:
        float32 of the same shapes.
    """
    return [
        (jnp.asarray(each, jnp.float32) - mean) / std
        for each, (mean, std) in zip(maps, statistics, strict=True)
    ]


def _shape(maps: np.ndarray) -> Shape:
    _, height, width, channels = maps.shape
    return height, width, channels


@functools.cache
def _program(strides: tuple[int, ...], updates: int) -> tuple[Callable, Callable]:
    """Return the optimiser's beginning, and the compiled update."""
    optimizer = optax.adam(optax.cosine_decay_schedule(RATE, updates))

    def loss_of(params, maps):
        found = student.errors(params, maps, strides=strides)
        return sum(each.mean() for each in found) / len(found)

    def step(params, state, maps, statistics):
        loss, slope = jax.value_and_grad(loss_of)(params, standardised(maps, statistics))
        change, state = optimizer.update(slope, state)
        return optax.apply_updates(params, change), state, loss

    return optimizer.init, jax.jit(step, donate_argnums=(0, 1))
