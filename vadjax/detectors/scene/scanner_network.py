"""The network of the cue `scanner`, by JAX; imported where one is trained or followed."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.detectors.scene.cue import CueState
from vadjax.detectors.scene.place_rows import LAG, NUM_MOTION
from vadjax.models.recurrent_places import box_mean
from vadjax.training.place_density import Recipe, fit_places, place_model

RECIPE = Recipe(lag=LAG)
Answer = tuple[np.ndarray, np.ndarray, np.ndarray]


def fitted(windows: np.ndarray, *, seed: int) -> CueState:
    """Train a scanner.

    Args:
        windows: float16 [n, t, h, w, c], motion first.
        seed: of all random numbers.

    Returns:
        recipe and variables.
    """
    variables = fit_places(windows, num_motion=NUM_MOTION, seed=seed, recipe=RECIPE)
    return {"recipe": dataclasses.asdict(RECIPE), "variables": variables}


def scan(state: CueState, window: np.ndarray) -> Answer:
    """Ask a scanner about the last row of a window.

    Args:
        state: with recipe and variables.
        window: float16 [t, h, w, c].

    Returns:
        The surprise of each place float32 [h', w'], and the motion that was seen and expected in
        the mean of the rows that count, [h', w', NUM_MOTION], as standardised as the window.
    """
    program = _program(Recipe(**state["recipe"]), window.shape[1:])
    found = program(state["variables"], window[None])
    return np.asarray(found[0]), np.asarray(found[1]), np.asarray(found[2])


@functools.cache
def _program(recipe: Recipe, row_shape: tuple[int, ...]) -> Callable[..., Any]:
    model = place_model(recipe, row_shape=row_shape, num_motion=NUM_MOTION)

    @jax.jit
    def run(variables: Any, window: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        rows = window.astype(jnp.float32)
        outputs, _ = model.apply(variables, rows, num_outputs=1)
        seen = box_mean(rows[:, -recipe.mean :, ..., :NUM_MOTION])
        expected = outputs["output"][:, -recipe.mean :, ..., :NUM_MOTION]
        return outputs["surprise"][0, 0], seen.mean((0, 1)), expected.mean((0, 1))

    return run
