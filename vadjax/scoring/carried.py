"""Scores of rows by a recurrent model whose state goes on from row to row: compiled functions."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

CHUNK = 128  # rows of one call, so that one program serves videos of any length


class Carried(NamedTuple):
    """What is known after a row.

    Attributes:
        state: of the model, see `RecurrentModel.begin`.
        output: float32 [1, 1, ...], of the model after the last row; zeros before the first.
    """

    state: Any
    output: jax.Array


def begin(model: Any, variables: Any) -> Carried:
    """Return what is known before the first row.

    Args:
        model: a `RecurrentModel`.
        variables: of it.

    Returns:
        Zeros.
    """
    state = model.begin(1)
    row = jnp.zeros((1, *model.feature_shape), jnp.float32)
    output = jax.eval_shape(model.step, variables, state, row)[1]
    return Carried(state, jnp.zeros(output.shape, output.dtype))


def step_of(model: Any, objective: Any) -> Callable:
    """Return the function of one row.

    What predicts compares a row with the output before it; what classifies reads the row first.

    Args:
        model: a `RecurrentModel`.
        objective: "predict" or "classify".

    Returns:
        (variables, `Carried`, row float32 [1, d]) -> (`Carried`, score float32 scalar).
    """
    predicts = objective.min_length > 1

    def step(variables: Any, carried: Carried, row: jax.Array) -> tuple[Carried, jax.Array]:
        state, output = model.step(variables, carried.state, row)
        compared = carried.output if predicts else output
        # A predictor's window of two rows has one score, that of the second by the first.
        window = jnp.stack([row, row], axis=1) if predicts else row[:, None]
        score = objective.frame_score({"output": compared}, window)[0, -1]
        return Carried(state, output), score

    return step


@functools.lru_cache(maxsize=16)  # streams of one detector share a compiled program
def make_step_fn(model: Any, objective: Any) -> Callable:
    """Compile `step_of`.

    Args:
        model: see there.
        objective: see there.

    Returns:
        See there.
    """
    return jax.jit(step_of(model, objective))


@functools.lru_cache(maxsize=16)
def _make_chunk_fn(model: Any, objective: Any) -> Callable:
    step = step_of(model, objective)

    def chunk(variables: Any, carried: Carried, rows: jax.Array) -> tuple[Carried, jax.Array]:
        return jax.lax.scan(functools.partial(step, variables), carried, rows[:, None])

    return jax.jit(chunk)


def score_rows(model: Any, objective: Any, variables: Any, rows: Any) -> np.ndarray:
    """Score a video, the state carried from its first row to its last.

    Args:
        model: a `RecurrentModel`.
        objective: "predict" or "classify".
        variables: of the model.
        rows: float32 [n, d], standardised; an array or a view, read a chunk at a time.

    Returns:
        float32 [n]; what predicts has nothing to compare row 0 with, and its score means nothing.
    """
    run, carried, scores = _make_chunk_fn(model, objective), begin(model, variables), []
    for start in range(0, len(rows), CHUNK):
        own = np.asarray(rows[start : start + CHUNK], np.float32)
        filled = np.concatenate([own, np.repeat(own[-1:], CHUNK - len(own), axis=0)])
        carried, found = run(variables, carried, filled)
        scores.append(np.asarray(found)[: len(own)])
    return np.concatenate(scores)
