"""Fit a density of how each place moves; what is unlikely is abnormal."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax

from vadjax.models.objectives.base import Arrays, Loss, Registered, mean_over_rows, weighted_sum


@dataclasses.dataclass(frozen=True)
class Density(Registered):
    """The model gives mean and variance of the motion of each place in the window's last rows.

    The loss is the negative log likelihood, the score of a row the largest surprise of a place.

    Attributes:
        num_motion: channels of motion, a map's first ones.
        scored_rows: rows of a window that are scored, the last ones.
        top_places: the score is the mean of so many of the largest surprises.
    """

    num_motion: int = 5
    scored_rows: int = 1
    top_places: int = 1

    name = "density"

    def num_scored(self, t: int) -> int:
        """Rows that the config says."""
        return self.scored_rows

    def lookahead(self, t: int, bidirectional: bool) -> int:
        """Return for how many later frames the score of a frame waits.

        Args:
            t: rows of a window.
            bidirectional: not used.

        Returns:
            Frames: the rows that are scored beside it.
        """
        return self.scored_rows - 1

    def out_features(self, feature_shape: Sequence[int]) -> int:
        """Width of the output for one Gaussian: mean and variance of each channel of motion."""
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
        """Score the last rows by their most surprising places.

        Args:
            outputs: `surprise` [b, s, h, w].
            windows: not read.

        Returns:
            float32 [b, s].
        """
        surprise = outputs["surprise"]
        if self.top_places == 1:
            return surprise.max((2, 3))
        flat = surprise.reshape(*surprise.shape[:2], -1)
        return jax.lax.top_k(flat, min(self.top_places, flat.shape[-1]))[0].mean(-1)


def build(config: Any) -> Density:
    """Build it from the config section `objective`."""
    return Density(
        scored_rows=int(getattr(config, "scored_rows", 1)),
        top_places=int(getattr(config, "top_places", 1)),
    )
