"""The network that makes rows of pictures, as a program."""

import jax
import jax.numpy as jnp

from vadjax.backbones.registry import HEADS
from vadjax.exporting.programs import BATCH, MOST, Array, Program
from vadjax.features.extractor import row_dtype
from vadjax.pipeline.trained import TrainedDetector

HALF = (
    2.0**-10
)  # maps are stored as float16, and what is nearly between two may be rounded to either


def backbone_of(trained: TrainedDetector) -> Program:
    """Return frames -> rows, one output for each stage that the detector reads.

    Args:
        trained: the detector of a finished run.

    Returns:
        The program "backbone".
    """
    run = trained.run
    taps = tuple(run.taps[name] for name in run.detector.inputs)
    backbone = run.backbone
    inside = tuple(tap for tap in taps if tap not in (*HEADS, "map"))

    def rows(images: jax.Array) -> tuple[jax.Array, ...]:
        outputs = backbone.apply(backbone.variables, images, taps=inside)
        found = {**outputs, **outputs["taps"]} if inside else outputs
        return tuple(found[tap].astype(row_dtype(tap)).astype(jnp.float32) for tap in taps)

    height, width = backbone.preprocess.size
    shape = (height, width, backbone.preprocess.channels or 3)
    made = jax.eval_shape(rows, jax.ShapeDtypeStruct((1, *shape), jnp.uint8))
    names = ["rows"] if len(taps) == 1 else [f"rows_{tap}" for tap in taps]
    outputs = [Array(name, (BATCH, *one.shape[1:])) for name, one in zip(names, made, strict=True)]
    images = Array("images", (BATCH, *shape), "uint8")
    halved = any(row_dtype(tap) == "float16" for tap in taps)
    return Program("backbone", rows, (images,), tuple(outputs), HALF if halved else MOST)
