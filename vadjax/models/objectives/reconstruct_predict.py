"""Reconstruct the first half of a window and predict the second from it (Zhao et al. 2017)."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from vadjax.models.objectives.base import Arrays, Loss, weighted_sum
from vadjax.models.objectives.reconstruct import Reconstruct
from vadjax.models.objectives.squared_error import fields


@dataclasses.dataclass(frozen=True)
class ReconstructPredict(Reconstruct):
    """Mean error of the reconstructed rows, and of the predicted ones the less the farther.

    The T predicted rows weigh T, T - 1 ... 1, divided by their sum, so that both halves count
    alike. Every row's error is its score: `score.aggregate=mean` puts together what a frame gets as
    the past and as the future of the windows around it. The paper scores by reconstruction alone.
    """

    name = "reconstruct_predict"

    def loss(self, outputs: Arrays, windows: jax.Array, batch: Arrays, hparams: Arrays) -> Loss:
        """Weighted sum of the windows' two losses.

        Args:
            outputs: `output` [b, 2 T, h, w, c].
            windows: [b, 2 T, h, w, c] float.
            batch: `weight` [b]; 0 marks padding; `real` bool [b, 2 T], optional: rows that pad a
                short clip add nothing.
            hparams: not used.

        Returns:
            (sum, sum of weights), float32 scalars.
        """
        errors = self.error_map(outputs, windows).mean((2, 3))  # [b, 2 T]
        errors = jnp.where(batch["real"], errors, 0.0) if "real" in batch else errors
        half = errors.shape[1] // 2
        falling = jnp.arange(half, 0, -1, dtype=jnp.float32)
        future = (errors[:, half:] * falling).sum(1) / falling.sum()
        return weighted_sum(errors[:, :half].mean(1) + future, batch["weight"])


def build(config: Any) -> ReconstructPredict:
    """Build it from the config section `objective`."""
    return ReconstructPredict(**fields(config))
