"""Bound the likelihood of the rows of a window from below."""

import dataclasses
from typing import Any

import jax

from vadjax.models.objectives.base import Arrays
from vadjax.models.objectives.reconstruct import Reconstruct
from vadjax.models.objectives.squared_error import fields


@dataclasses.dataclass(frozen=True)
class Elbo(Reconstruct):
    """As `Reconstruct`, but a row's score is its error plus the model's `penalty` for it.

    With a variational autoencoder that is the negative evidence lower bound (Kingma and Welling
    2014) times 2 / d, without its constant.
    """

    name = "elbo"

    def frame_score(self, outputs: Arrays, windows: jax.Array) -> jax.Array:
        """Score all rows by their error and penalty; see `SquaredError.frame_score`.

        Args:
            outputs: `output` [b, s, ...], `penalty` [b, s].
            windows: [b, t, ...] float.

        Returns:
            float32 [b, s].
        """
        errors = super().frame_score(outputs, windows)
        return errors + outputs["penalty"][:, -errors.shape[1] :]


def build(config: Any) -> Elbo:
    """Build it from the config section `objective`."""
    return Elbo(**fields(config))
