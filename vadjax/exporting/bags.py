"""Models of bags: a program of instances, each the mean of some rows."""

import jax
import numpy as np

from vadjax.detectors.window_state import trained_of
from vadjax.exporting.programs import BATCH, Array, Parts, Program
from vadjax.pipeline.trained import TrainedDetector


def parts_of(trained: TrainedDetector, row_shapes: tuple[tuple[int, ...], ...]) -> Parts:
    """Return the programs of `bag_model`.

    Args:
        trained: the detector of a finished run.
        row_shapes: of a row.

    Returns:
        For each fold "detector0".
    """
    (row_shape,), detector, config = row_shapes, trained.run.detector, trained.run.config
    programs = [
        _instances(detector, state, fold, row_shape=row_shape)
        for fold, state in enumerate(trained.states)
    ]
    snippets = config.bag.scored == "snippets"
    count = {"rows": config.window.length} if snippets else {"parts": config.bag.segments}
    return Parts(programs, {"kind": "means", **count}, f"{config.model.name} of bags")


def _instances(detector, state, fold: int, *, row_shape: tuple[int, ...]) -> Program:
    variables, standardizer = trained_of(state)
    mean, std = (np.asarray(x, np.float32) for x in (standardizer.mean, standardizer.std))
    model, objective = detector.model(row_shape), detector.objective

    def function(rows: jax.Array) -> tuple[jax.Array]:
        rows = ((rows - mean) / std)[:, None]  # [b, 1, ...]
        outputs, _ = model.apply(variables, rows, num_outputs=1)
        return (objective.frame_score(outputs, rows)[:, -1:],)

    instances = Array("instances", (BATCH, *row_shape))
    return Program(f"detector{fold}", function, (instances,), (Array("scores", (BATCH, 1)),))
