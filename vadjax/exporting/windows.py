"""Detectors that score windows of rows by a trained model."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.detectors.window_state import trained_of
from vadjax.exporting.distances import mahalanobis_of
from vadjax.exporting.programs import BATCH, Array, Parts, Program
from vadjax.pipeline.trained import TrainedDetector
from vadjax.scoring.first_frames import FirstFrames
from vadjax.scoring.score_fn import score_rows


def parts_of(trained: TrainedDetector, row_shapes: tuple[tuple[int, ...], ...]) -> Parts:
    """Return the programs of `window_model` and `hidden_states`.

    Args:
        trained: the detector of a finished run.
        row_shapes: of a row.

    Returns:
        For each fold "detector0", and "first0" where the first frames of a video have a program of
        their own.
    """
    (row_shape,), detector, config = row_shapes, trained.run.detector, trained.run.config
    programs: list[Program] = []
    of_states = detector.name == "hidden_states"
    for fold, state in enumerate(trained.states):
        if of_states:
            programs.append(_of_states(detector, state, fold, row_shape=row_shape))
        else:
            programs += scoring_programs(detector, state, fold, row_shape=row_shape)
    length, dilation = config.window.length, config.window.dilation
    if of_states:
        first = FirstFrames(repeated=dilation * (length - 1))
    else:
        first = detector.first_frames(detector.model(row_shape))
    way = {
        "kind": "windows",
        "length": length,
        "dilation": dilation,
        "aggregate": "last" if of_states else config.score.aggregate,
        "first": dict(first._asdict()),
    }
    return Parts(programs, way, f"{config.model.name} ({config.objective.name})")


def scoring_programs(
    detector: Any, state: Any, fold: int, *, row_shape: tuple[int, ...]
) -> list[Program]:
    """Return what scores windows of rows; where needed, the rows inside first windows too.

    Args:
        detector: a `WindowModel`, whose model it is.
        state: of a fold.
        fold: number of it, for the names.
        row_shape: of a row.

    Returns:
        One program, or two.
    """
    variables, standardizer = trained_of(state)
    mean, std = (np.asarray(x, np.float32) for x in (standardizer.mean, standardizer.std))
    model, objective = detector.model(row_shape), detector.objective
    length = detector.config.window.length
    scored = objective.num_scored(length)
    first = detector.first_frames(model)

    def windows(rows: jax.Array) -> tuple[jax.Array]:
        rows = (rows - mean) / std
        outputs, _ = model.apply(variables, rows, num_outputs=scored)
        return (objective.frame_score(outputs, rows[:, -scored:]),)

    def inside(rows: jax.Array) -> tuple[jax.Array]:
        rows = (rows - mean) / std
        outputs, _ = model.apply(variables, rows, num_outputs=first.inside)
        return (score_rows(objective.frame_score, outputs, rows[:, -first.inside :]),)

    programs = [of_windows(f"detector{fold}", windows, (length, *row_shape), scored)]
    if first.inside:
        programs.append(of_windows(f"first{fold}", inside, (length, *row_shape), first.inside))
    return programs


def _of_states(detector: Any, state: Any, fold: int, *, row_shape: tuple[int, ...]) -> Program:
    """Return what measures the state after a window."""
    variables, standardizer = trained_of(state)
    mean, std = (np.asarray(x, np.float32) for x in (standardizer.mean, standardizer.std))
    model, normal = detector.model(row_shape), state["states"]
    predicts = detector.config.objective.name == "predict"
    if "factor" in normal:
        distance = mahalanobis_of(normal)
    else:
        centre = np.asarray(normal["mean"], np.float32)

        def distance(states: jax.Array) -> jax.Array:
            return jnp.sqrt(jnp.square(states - centre).sum(-1))

    def windows(rows: jax.Array) -> tuple[jax.Array]:
        rows = (rows - mean) / std
        if predicts:  # it never reads the last row
            rows = jnp.concatenate([rows, rows[:, -1:]], axis=1)
        outputs, _ = model.apply(variables, rows, num_outputs=1)
        return (distance(outputs["hidden"][:, -1])[:, None],)

    shape = (detector.config.window.length, *row_shape)
    return of_windows(f"detector{fold}", windows, shape, 1)


def of_windows(name: str, function: Callable, shape: tuple[int, ...], number: int) -> Program:
    """Return a program of windows.

    Args:
        name: of it.
        function: windows -> (scores,).
        shape: of a window, (t, ...).
        number: of scores that a window gives.

    Returns:
        The program.
    """
    windows = Array("windows", (BATCH, *shape))
    return Program(name, function, (windows,), (Array("scores", (BATCH, number)),))
