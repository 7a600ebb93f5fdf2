"""Crops of moving bodies -> embeddings, by a stage of a pretrained backbone."""

import functools
from typing import Any

import cv2
import jax
import numpy as np

from vadjax.backbones.backbone import Backbone
from vadjax.errors import unknown

USUAL = "stage5"  # of tf_efficientnet_lite0, with which the detector was chosen
BATCH = 32  # crops a call
REST = 4  # crops a call of those that fill no whole batch, as of one frame: filled up


class Looks:
    """Embeds crops: the mean over locations of one stage of a network.

    Args:
        backbone: built for inputs of the crops' size, or one to which they are resized.
        tap: one of its stages; "" is `USUAL`, or the last one of a network without it.

    Raises:
        UserError: the backbone has no such stage.
    """

    def __init__(self, backbone: Backbone, tap: str):
        tap = tap or (USUAL if USUAL in backbone.taps else backbone.taps[-1])
        if tap not in backbone.taps:
            raise unknown(f"scene.tap of {backbone.name}", tap, backbone.taps)
        self.backbone, self.tap = backbone, tap
        self._variables = backbone.prepared()

        @jax.jit
        def run(variables: Any, crops: jax.Array) -> jax.Array:
            outputs = backbone.apply(variables, crops, taps=() if tap == "map" else (tap,))
            return {**outputs, **outputs["taps"]}[tap].mean((1, 2))

        self._run = run

    @functools.cached_property
    def width(self) -> int:
        """Values of an embedding."""
        side = self.backbone.preprocess.size
        shape = jax.ShapeDtypeStruct((BATCH, *side, 3), np.uint8)
        return jax.eval_shape(self._run, self._variables, shape).shape[1]

    def none(self) -> np.ndarray:
        """Return the embeddings of no crop, float16 [0, d]."""
        return np.zeros((0, self.width), np.float16)

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        """Embed crops.

        Args:
            crops: uint8 [n, h, w, 3], or [n, h, w] grey.

        Returns:
            float16 [n, d].
        """
        height, width = self.backbone.preprocess.size
        if len(crops) and crops.shape[1:3] != (height, width):  # patches of a transformer, say
            crops = np.stack([cv2.resize(crop, (width, height)) for crop in crops])
        found = np.empty((len(crops), self.width), np.float16)
        start = 0
        while start < len(crops):
            size = BATCH if len(crops) - start >= BATCH else REST
            part = crops[start : start + size]
            full = np.zeros((size, *part.shape[1:]), np.uint8)
            full[: len(part)] = part
            found[start : start + size] = np.asarray(self._run(self._variables, full))[: len(part)]
            start += size
        return found
