"""Temporal coherence: a penalty on what changes from one row of a window to the next.

Elavarasi et al. train by a "temporal coherence loss" beside the classification loss and give no
formula. Here it is the mean squared difference of successive hidden states, or of successive
outputs (the slowness of Wiskott and Sejnowski 2002, without its other constraints).
"""

from typing import Any

import jax
import jax.numpy as jnp

from vadjax.models.objectives.base import Arrays, choose

OF = ("hidden", "output")


def incoherence(outputs: Arrays, of: str) -> jax.Array:
    """Return how much the rows of each window differ from the rows before them.

    Args:
        outputs: `hidden` and `output`, [b, s, ...].
        of: one of `OF`.

    Returns:
        float32 [b], mean squared difference; 0 where there is one row alone.
    """
    x = outputs[of].astype(jnp.float32)
    if x.ndim < 3 or x.shape[1] < 2:
        return jnp.zeros(len(x), jnp.float32)
    change = jnp.square(x[:, 1:] - x[:, :-1])
    return change.mean(axis=tuple(range(1, change.ndim)))


def coherence_fields(config: Any) -> dict[str, Any]:
    """Return the fields of an objective that has it, from the config section `objective`.

    Raises:
        UserError: `coherence_of` is none of its choices.
    """
    return {
        "coherence": float(getattr(config, "coherence", 0.0)),
        "coherence_of": choose("coherence_of", getattr(config, "coherence_of", "hidden"), OF),
    }
