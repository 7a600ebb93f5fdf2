"""Separate videos by the instances whose features are longest (RTFM, Tian et al. 2021)."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from vadjax.models.objectives.bags import OfBags, cross_entropy, mean, sides, squared_steps
from vadjax.models.objectives.base import Arrays, Loss

SHARE = 10  # one instance in so many is taken: 3 of 32
MARGIN, MAGNITUDE = 100.0, 1e-4
BATCH = 32  # abnormal bags of the published batch, over which its last two terms are summed
SMOOTHNESS, SPARSITY = 8e-4 * BATCH, 8e-3 * BATCH**0.5
LEAST = 1e-7  # of a probability in a logarithm


@dataclasses.dataclass(frozen=True)
class MilTopK(OfBags):
    """Tian et al., ICCV 2021, as tianyu0207/RTFM has it, on any model with `hidden` features.

    The instances of a bag whose `hidden` features are longest stand for it: the mean of their
    scores is compared with the bag's label, and the length of the mean of their features is to be
    100 in abnormal and 0 in normal bags, for every pair of one of each. The published code drops
    instances at random when it chooses, and pairs bags in the order of its batch; neither is done
    here. Its smoothness runs over the border of two bags, here it does not.
    """

    name = "mil_topk"

    def loss(self, outputs: Arrays, windows: jax.Array, batch: Arrays, hparams: Arrays) -> Loss:
        """Weighted sum over the bags.

        Args:
            outputs: `output` [b, s, 1] logits; `hidden` [b, s, h], or [b, s, crops, h].
            windows: not used.
            batch: `weight` [b] (0 marks padding), `video_label` [b].
            hparams: not used.

        Returns:
            (sum, sum of weights), float32 scalars.
        """
        scores, (abnormal, normal) = self.frame_score(outputs, windows), sides(batch)
        hidden = outputs["hidden"].astype(jnp.float32)
        hidden = hidden[:, :, None] if hidden.ndim == 3 else hidden  # [b, s, crops, h]
        count = max(1, scores.shape[1] // SHARE)
        _, chosen = jax.lax.top_k(_length(hidden).mean(-1), count)  # [b, k]
        top = jnp.take_along_axis(scores, chosen, 1).mean(1)
        top = jnp.clip(top, LEAST, 1 - LEAST)
        longest = jnp.take_along_axis(hidden, chosen[..., None, None], 1).mean(1)  # [b, crops, h]
        length = _length(longest)  # [b, crops]
        gap, own = jnp.abs(MARGIN - length), jax.vmap(mean, (1, None))
        # The mean of (gap + length)^2 over all pairs of an abnormal and a normal bag.
        pairs = own(gap**2, abnormal) + own(length**2, normal)
        pairs += 2 * own(gap, abnormal) * own(length, normal)
        weight = abnormal + normal
        energy = mean(jnp.square(scores).sum(1), abnormal)
        loss = (
            mean(cross_entropy(jnp.log(top) - jnp.log1p(-top), abnormal > 0), weight)
            + MAGNITUDE * pairs.mean()
            + SMOOTHNESS * mean(squared_steps(scores), abnormal)
            + SPARSITY * jnp.sqrt(energy + LEAST**2)
        )
        return weight.sum() * loss, weight.sum()


def _length(features: jax.Array) -> jax.Array:
    """Return the Euclidean norm over the last axis, with a gradient of 0 where it is 0."""
    squares = jnp.square(features).sum(-1)
    return jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1.0)), 0.0)


def build(config: Any) -> MilTopK:
    """Build it; nothing of the config section `objective` is read."""
    del config
    return MilTopK()
