"""Rank the highest score of an abnormal video above that of a normal one (Sultani et al. 2018)."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from vadjax.models.objectives.bags import OfBags, mean, sides, squared_steps
from vadjax.models.objectives.base import Arrays, Loss

SMOOTHNESS = SPARSITY = 8e-5


@dataclasses.dataclass(frozen=True)
class MilRanking(OfBags):
    """Sultani, Chen and Shah, CVPR 2018, eq. 6, as WaqasSultani/AnomalyDetectionCVPR2018 has it.

    A hinge of margin 1 on the highest scores of every abnormal and every normal bag of a batch;
    for abnormal bags, squared differences of neighbours in time and the sum of scores. The
    published code adds up over the abnormal bags of its batch; here it is their mean, so that the
    terms keep their ratio for every batch size. Its weight decay is `train.weight_decay`.
    """

    name = "mil_ranking"

    def loss(self, outputs: Arrays, windows: jax.Array, batch: Arrays, hparams: Arrays) -> Loss:
        """Weighted sum over the abnormal bags.

        Args:
            outputs: `output` [b, s, 1] logits.
            windows: not used.
            batch: `weight` [b] (0 marks padding), `video_label` [b].
            hparams: not used.

        Returns:
            (sum, sum of the weights of abnormal bags), float32 scalars.
        """
        scores, (abnormal, normal) = self.frame_score(outputs, windows), sides(batch)
        top = scores.max(1)  # [b]
        hinge = jax.nn.relu(1.0 - top[:, None] + top[None, :])  # [b, b]
        losses = jax.vmap(mean, (0, None))(hinge, normal)
        losses += SMOOTHNESS * squared_steps(scores) + SPARSITY * scores.sum(1)
        return jnp.sum(abnormal * losses), jnp.sum(abnormal)


def build(config: Any) -> MilRanking:
    """Build it; nothing of the config section `objective` is read."""
    del config
    return MilRanking()
