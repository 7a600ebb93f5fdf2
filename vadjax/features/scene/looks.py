"""Crops of moving bodies -> embeddings, by a stage of a pretrained backbone."""

import functools

import jax
import numpy as np

from vadjax.backbones.backbone import Backbone
from vadjax.errors import unknown
from vadjax.features.scene.embedder import BATCH, Embedder

USUAL = "stage5"  # of tf_efficientnet_lite0, with which the detector was chosen


class Looks(Embedder):
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
        self.backbone, self.tap, self.size = backbone, tap, backbone.preprocess.size
        self._variables, self._run = backbone.prepared(), jax.jit(self.function)

    def function(self, variables: dict, crops: jax.Array) -> jax.Array:
        """Embed a batch: a pure function, for jit.

        Args:
            variables: of the backbone.
            crops: uint8 [n, h, w, 3], or [n, h, w] grey.

        Returns:
            float [n, d].
        """
        taps = () if self.tap == "map" else (self.tap,)
        outputs = self.backbone.apply(variables, crops, taps=taps)
        return {**outputs, **outputs["taps"]}[self.tap].mean((1, 2))

    @functools.cached_property
    def width(self) -> int:  # type: ignore[override]  # by the backbone
        """Values of an embedding."""
        shape = jax.ShapeDtypeStruct((BATCH, *self.size, 3), np.uint8)
        return jax.eval_shape(self._run, self._variables, shape).shape[1]

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Embed a whole batch; see `Embedder.embed`."""
        return np.asarray(self._run(self._variables, crops))
