"""A recurrent model whose state is carried on, as a step: state and row -> state and score."""

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.detectors.window_state import trained_of
from vadjax.exporting.programs import Array, Parts, Program
from vadjax.pipeline.trained import TrainedDetector
from vadjax.scoring.carried import begin, step_of


def parts_of(trained: TrainedDetector, row_shapes: tuple[tuple[int, ...], ...]) -> Parts:
    """Return the programs of `stateful`.

    Args:
        trained: the detector of a finished run.
        row_shapes: of a row.

    Returns:
        For each fold "detector0", a step.
    """
    (row_shape,), detector, config = row_shapes, trained.run.detector, trained.run.config
    programs = [
        _step(detector, state, fold, row_shape=row_shape)
        for fold, state in enumerate(trained.states)
    ]
    filled = int(detector.predicts)
    warm_up = max(int(state["warm_up"]) for state in trained.states)
    way = {"kind": "carried", "filled": filled, "warm_up": warm_up}
    return Parts(programs, way, f"{config.model.name} ({config.objective.name}), state carried")


def _step(detector, state, fold: int, *, row_shape: tuple[int, ...]) -> Program:
    variables, standardizer = trained_of(state)
    mean, std = (np.asarray(x, np.float32) for x in (standardizer.mean, standardizer.std))
    model = detector.model(row_shape)
    arrays, tree = jax.tree.flatten(begin(model, variables))
    step = step_of(model, detector.objective)

    def function(row: jax.Array, *carried: jax.Array) -> tuple[jax.Array, ...]:
        after, score = step(variables, jax.tree.unflatten(tree, carried), (row - mean) / std)
        return (jnp.reshape(score, (1,)), *jax.tree.leaves(after))

    before = [Array(f"state{i}", x.shape) for i, x in enumerate(arrays)]
    after = [Array(f"after{i}", x.shape) for i, x in enumerate(arrays)]
    inputs = (Array("row", (1, *row_shape)), *before)
    return Program(f"detector{fold}", function, inputs, (Array("score", (1,)), *after))
