"""Find the abnormal cells of a frame, with masks."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from vadjax.models.objectives.base import Arrays, Loss, Registered, weighted_sum


@dataclasses.dataclass(frozen=True)
class Segment(Registered):
    """The model finds the abnormal cells of a window's last row, with masks as labels.

    A mask labels every cell, so that one frame teaches as much as many labels of whole frames do.

    Attributes:
        share: of a cell's pixels that have to be abnormal for the cell to be.
    """

    share: float = 0.15

    name = "segment"
    num_classes = 2

    def out_features(self, feature_shape: Sequence[int]) -> int:
        """One logit."""
        return 1

    def window_label(self, frame_label: ArrayLike, real: ArrayLike | None = None) -> jax.Array:
        """Label windows by their last row, which is never padding.

        Args:
            frame_label: [b, t] integers.
            real: not used.

        Returns:
            int32 [b].
        """
        return jnp.asarray(frame_label, jnp.int32)[:, -1]

    def loss(self, outputs: Arrays, windows: jax.Array, batch: Arrays, hparams: Arrays) -> Loss:
        """Weighted sum of the windows' mean cross-entropies over cells.

        Args:
            outputs: `cell_logits` [b, 1, h, w, 1] logits.
            windows: not used.
            batch: `weight` [b] (0 marks padding), `cell_label` [b, h, w], the share of each
                cell's pixels that are abnormal.
            hparams: `class_weight` [2] of normal and abnormal cells, optional.

        Returns:
            (sum, sum of weights), float32 scalars.
        """
        logits = outputs["cell_logits"][:, -1, ..., 0].astype(jnp.float32)
        abnormal = batch["cell_label"] > self.share
        losses = jax.nn.softplus(logits) - abnormal * logits
        if "class_weight" in hparams:
            weights = hparams["class_weight"].astype(jnp.float32)
            losses = losses * weights[abnormal.astype(jnp.int32)]
        return weighted_sum(losses.mean((1, 2)), batch["weight"])

    def frame_score(self, outputs: Arrays, windows: jax.Array) -> jax.Array:
        """Score the last row by the logistic function of the model's `output`.

        Args:
            outputs: `output` [b, 1, 1], a logit.
            windows: not used.

        Returns:
            float32 [b, 1] in [0, 1].
        """
        return jax.nn.sigmoid(outputs["output"][:, -1:, 0].astype(jnp.float32))


def build(config: Any) -> Segment:
    """Build it; nothing of the config section `objective` is read."""
    del config
    return Segment()
