"""Fit a density of how each place moves; what is unlikely is abnormal."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax

from vadjax.models.objectives.base import Arrays, Loss, Registered, mean_over_rows, weighted_sum


@dataclasses.dataclass(frozen=True)
class Density(Registered):
    """The model gives mean and variance of the motion of each place in the window's last rows.

    The loss is the negative log likelihood, the score the largest surprise of a place at the last
    row.

    Attributes:
        num_motion: channels of motion, a map's first ones.
    """

    num_motion: int = 5

    name = "density"

    def out_features(self, feature_shape: Sequence[int]) -> int:
        """Width of the model's output: mean and variance of each channel of motion."""
        return 2 * self.num_motion

    def loss(self, outputs: Arrays, windows: jax.Array, batch: Arrays, hparams: Arrays) -> Loss:
        """Weighted sum of the windows' mean negative log likelihoods.

        Args:
            outputs: `nll` [b, s].
            windows: not read: the model has the motion.
            batch: `weight` [b]; 0 marks padding.
            hparams: not used.

        Returns:
            (sum, sum of weights), float32 scalars.
        """
        return weighted_sum(*mean_over_rows(outputs["nll"], batch, predicts=True))

    def frame_score(self, outputs: Arrays, windows: jax.Array) -> jax.Array:
        """Score the last row by its most surprising place.

        Args:
            outputs: `surprise` [b, 1, h, w].
            windows: not read.

        Returns:
            float32 [b, 1].
        """
        return outputs["surprise"].max((2, 3))


def build(config: Any) -> Density:
    """Build it; the config section `objective` has no setting of its own for it."""
    return Density()
