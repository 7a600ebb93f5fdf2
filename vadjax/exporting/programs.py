"""The compiled functions of a trained detector, with its weights inside."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones.registry import HEADS
from vadjax.detectors.window_model import WindowModel
from vadjax.detectors.window_state import trained_of
from vadjax.errors import UserError
from vadjax.features.extractor import row_dtype
from vadjax.pipeline.trained import TrainedDetector
from vadjax.scoring.score_fn import score_rows

BATCH = "batch"


@dataclasses.dataclass(frozen=True)
class Program:
    """A pure function of one array.

    Attributes:
        name: of its file, without suffix.
        function: of jax.
        input_name: for people and ONNX.
        input_shape: the first is `BATCH`.
        input_dtype: "uint8" or "float32".
        output_name: for people and ONNX.
        output_shape: the first is `BATCH`.
    """

    name: str
    function: Callable[[jax.Array], jax.Array]
    input_name: str
    input_shape: tuple[Any, ...]
    input_dtype: str
    output_name: str
    output_shape: tuple[Any, ...]

    def of_batch(self, batch: str | int) -> "Program":
        """Return the program as it is written: of any batch, or of one."""
        shapes = (self.input_shape, self.output_shape)
        given, got = ((batch, *shape[1:]) for shape in shapes)
        return dataclasses.replace(self, input_shape=given, output_shape=got)

    def spec(self) -> dict[str, Any]:
        """Return names, shapes and dtypes."""
        return {
            "input": {
                "name": self.input_name,
                "shape": list(self.input_shape),
                "dtype": self.input_dtype,
            },
            "output": {
                "name": self.output_name,
                "shape": list(self.output_shape),
                "dtype": "float32",
            },
        }


def programs_of(trained: TrainedDetector) -> list[Program]:
    """Return the programs of a detector: its backbone, and for each fold what scores windows.

    Args:
        trained: the detector of a finished run.

    Returns:
        "backbone", "detector0", and "first0" where the first frames of a video have a program of
        their own; detector1 and so on for the other folds.

    Raises:
        UserError: the detector is no compiled function, or reads feature files.
    """
    detector = trained.run.detector
    trained.check_pictures()
    if not isinstance(detector, WindowModel) or detector.name != WindowModel.name:
        raise UserError(
            f"detector {detector.name!r} cannot be exported: only window_model is one compiled "
            "function. What detector scene does between frames (backgrounds, bodies, paths) is not "
            "JAX; score with vadjax detect or vadjax watch."
        )
    backbone = _backbone(trained)
    programs = [backbone]
    for fold, state in enumerate(trained.states):
        programs += scoring_programs(detector, state, fold, row_shape=backbone.output_shape[1:])
    return programs


def _backbone(trained: TrainedDetector) -> Program:
    """Return frames -> rows."""
    backbone, (tap,) = trained.run.backbone, dict.fromkeys(trained.run.taps.values())
    inside = () if tap in (*HEADS, "map") else (tap,)

    def rows(images: jax.Array) -> jax.Array:
        outputs = backbone.apply(backbone.variables, images, taps=inside)
        found = {**outputs, **outputs["taps"]}[tap] if inside else outputs[tap]
        return found.astype(row_dtype(tap)).astype(jnp.float32)

    height, width = backbone.preprocess.size
    shape = (height, width, backbone.preprocess.channels or 3)
    row = jax.eval_shape(rows, jax.ShapeDtypeStruct((1, *shape), jnp.uint8)).shape[1:]
    return Program("backbone", rows, "images", (BATCH, *shape), "uint8", "rows", (BATCH, *row))


def scoring_programs(
    detector: WindowModel, state: Any, fold: int, *, row_shape: tuple[int, ...]
) -> list[Program]:
    """Return what scores windows of rows; where needed, the rows inside first windows too.

    Args:
        detector: whose model it is.
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

    def windows(rows: jax.Array) -> jax.Array:
        rows = (rows - mean) / std
        outputs, _ = model.apply(variables, rows, num_outputs=scored)
        return objective.frame_score(outputs, rows[:, -scored:])

    def inside(rows: jax.Array) -> jax.Array:
        rows = (rows - mean) / std
        outputs, _ = model.apply(variables, rows, num_outputs=first.inside)
        return score_rows(objective.frame_score, outputs, rows[:, -first.inside :])

    shape = (BATCH, length, *row_shape)

    def program(name: str, function: Callable, number: int) -> Program:
        return Program(
            f"{name}{fold}", function, "windows", shape, "float32", "scores", (BATCH, number)
        )

    programs = [program("detector", windows, scored)]
    if first.inside:
        programs.append(program("first", inside, first.inside))
    return programs
