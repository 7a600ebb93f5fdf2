"""What all objectives share: the facts of their registration, and the weighted sum of a loss."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from vadjax.errors import unknown
from vadjax.models.registry import OBJECTIVES

Arrays = Mapping[str, jax.Array]
Loss = tuple[jax.Array, jax.Array]


class Registered:
    """An objective with a line in the registry, found by its `name`."""

    name: ClassVar[str]

    @property
    def min_length(self) -> int:
        """Fewest rows of a window."""
        return OBJECTIVES[self.name].min_length

    @property
    def reads(self) -> tuple[str, ...]:
        """Labels that the loss reads from a batch."""
        return OBJECTIVES[self.name].reads

    @property
    def supervised(self) -> bool:
        """Whether it learns from labels."""
        return OBJECTIVES[self.name].supervised

    def num_scored(self, t: int) -> int:
        """Number of a window's rows that get a score, the last ones: here one."""
        return 1

    def lookahead(self, t: int, bidirectional: bool) -> int:
        """Return for how many later frames the score of a frame waits: here none.

        Args:
            t: rows of a window.
            bidirectional: whether the model reads a window in both directions.

        Returns:
            Frames.
        """
        return 0


def weighted_sum(losses: jax.Array, weight: ArrayLike) -> Loss:
    """Return a batch's loss as numerator and denominator, which devices sum before they divide.

    Args:
        losses: [b] float32, one a window.
        weight: [b] float; 0 marks padding.

    Returns:
        (sum of weight * loss, sum of weights), float32 scalars.
    """
    weight = jnp.asarray(weight, jnp.float32)
    return jnp.sum(weight * losses), jnp.sum(weight)


def mean_over_rows(
    values: jax.Array, batch: Arrays, *, predicts: bool
) -> tuple[jax.Array, jax.Array]:
    """Average over the rows of each window; rows that pad a short clip do not count.

    Args:
        values: [b, s, ...] float32, of the last s rows of the windows.
        batch: `weight` [b]; `real` bool [b, t] where windows are padded.
        predicts: each value compares a row with a prediction from the rows before it, so that the
            first row of a padded window does not count either.

    Returns:
        (means [b], weights [b]): the weight is 0 where no row counts.
    """
    if "real" not in batch:
        return values.mean(axis=tuple(range(1, values.ndim))), batch["weight"]
    means = values.mean(axis=tuple(range(2, values.ndim)))  # [b, s]; of vectors nothing changes
    real = batch["real"]
    if predicts:
        before = jnp.pad(real, ((0, 0), (1, 0)), constant_values=True)[:, :-1]
        real = real & (before | real.all(axis=1, keepdims=True))
    counted = real[:, -means.shape[1] :].astype(jnp.float32)
    number = counted.sum(axis=1)
    average = (counted * means).sum(axis=1) / jnp.maximum(number, 1.0)
    return average, batch["weight"] * (number > 0)


def choose(key: str, value: str, choices: Sequence[str]) -> str:
    """Return the value of a key of the config section `objective`.

    Args:
        key: of the section.
        value: what the config says.
        choices: what it may say.

    Returns:
        The value.

    Raises:
        UserError: it is none of the choices.
    """
    if value not in choices:
        raise unknown(f"objective.{key}", value, choices)
    return value
