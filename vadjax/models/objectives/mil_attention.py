"""Classify videos by the instances that the model attends to (Ilse et al. 2018)."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from vadjax.models.objectives.bags import OfBags, cross_entropy
from vadjax.models.objectives.base import Arrays, Loss, weighted_sum


@dataclasses.dataclass(frozen=True)
class MilAttention(OfBags):
    """Ilse, Tomczak and Welling, ICML 2018: attention over the instances of a bag.

    The logit of a bag is the mean of its instances' logits, weighted by attention; with a linear
    classifier that is the classifier of the pooled features.
    """

    name = "mil_attention"

    def loss(self, outputs: Arrays, windows: jax.Array, batch: Arrays, hparams: Arrays) -> Loss:
        """Weighted sum of the bags' cross-entropies.

        Args:
            outputs: `output` [b, s, 1] logits, `attention` [b, s] logits.
            windows: not used.
            batch: `weight` [b] (0 marks padding), `video_label` [b].
            hparams: not used.

        Returns:
            (sum, sum of weights), float32 scalars.
        """
        share = jax.nn.softmax(outputs["attention"].astype(jnp.float32), axis=1)
        logits = (share * outputs["output"][..., 0].astype(jnp.float32)).sum(1)
        losses = cross_entropy(logits, (batch["video_label"] > 0).astype(jnp.float32))
        return weighted_sum(losses, batch["weight"])


def build(config: Any) -> MilAttention:
    """Build it; nothing of the config section `objective` is read."""
    del config
    return MilAttention()
