"""Predict how the cells of a window's last row move."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from vadjax.models.objectives.base import Arrays
from vadjax.models.objectives.squared_error import SquaredError, fields


@dataclasses.dataclass(frozen=True)
class Motion(SquaredError):
    """The model predicts how the last row's cells move from how they look.

    The score is the largest error of any cell and motion channel, in units of the largest one that
    training windows have shown there: motion that is too fast or the wrong way, and its lack.

    Attributes:
        num_motion: channels of motion, a map's first ones.
    """

    num_motion: int = 5

    name = "motion"

    def out_features(self, feature_shape: Sequence[int]) -> int:
        """Width of the model's output: the channels of motion."""
        return self.num_motion

    def frame_score(self, outputs: Arrays, windows: jax.Array) -> jax.Array:
        """Score the last row: the largest |error| / `scale` over cells and channels.

        Args:
            outputs: `output` and `scale` [b, 1, h, w, num_motion].
            windows: [b, t, h, w, c] float, or its last row.

        Returns:
            float32 [b, 1].
        """
        output = outputs["output"][:, -1:].astype(jnp.float32)
        errors = jnp.abs(output - self._target(windows, 1)) / outputs["scale"]
        return errors.max((2, 3, 4))

    def _target(self, windows: jax.Array, num_rows: int) -> jax.Array:
        return super()._target(windows, num_rows)[..., : self.num_motion]


def build(config: Any) -> Motion:
    """Build it from the config section `objective`."""
    return Motion(**fields(config))
