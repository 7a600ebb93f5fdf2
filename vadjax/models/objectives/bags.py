"""What objectives of bags share: a bag is a video, and only its label is known."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from vadjax.models.objectives.base import Arrays, Registered

TINY = 1e-12


class OfBags(Registered):
    """An objective whose window is a bag: all instances of a video, with one label."""

    def out_features(self, feature_shape: Sequence[int]) -> int:
        """One logit an instance."""
        return 1

    def num_scored(self, t: int) -> int:
        """Every instance has a score."""
        return t

    def frame_score(self, outputs: Arrays, windows: jax.Array) -> jax.Array:
        """Score instances by the logistic function of their logits.

        Args:
            outputs: `output` [b, s, 1] logits.
            windows: not used.

        Returns:
            float32 [b, s] in [0, 1].
        """
        return jax.nn.sigmoid(outputs["output"][..., 0].astype(jnp.float32))


def sides(batch: Arrays) -> tuple[jax.Array, jax.Array]:
    """Return the weights of abnormal and of normal bags, float32 [b] each; 0 on the other side.

    Args:
        batch: `weight` [b], `video_label` int32 [b].
    """
    weight, label = batch["weight"].astype(jnp.float32), batch["video_label"] > 0
    return jnp.where(label, weight, 0.0), jnp.where(label, 0.0, weight)


def mean(values: jax.Array, weight: jax.Array) -> jax.Array:
    """Return the weighted mean of values [b]; 0 where all weights are 0.

    Args:
        values: float32 [b].
        weight: float32 [b].

    Returns:
        A scalar.
    """
    return (values * weight).sum() / jnp.maximum(weight.sum(), TINY)


def squared_steps(scores: jax.Array) -> jax.Array:
    """Return the sum of squared differences of neighbours in time: [b, s] to [b]."""
    return jnp.square(jnp.diff(scores, axis=1)).sum(1)


def cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Return the binary cross-entropy of logits [b] and labels [b] in [0, 1].

    Args:
        logits: float32 [b].
        labels: [b].

    Returns:
        float32 [b].
    """
    return jax.nn.softplus(logits) - labels * logits
