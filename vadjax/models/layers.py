"""Parts that several models share: dropout with a traced rate, and heads."""

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.errors import unknown
from vadjax.models.linen import read_fields, read_widths

# Widths of the hidden ReLU layers between a scanner and its output: all others are the
# heads of the published systems of these names.
HEADS = {"linear": (), "rahmani": (16,), "firas": (64,), "ullah": (128, 128)}


def head_widths(name: str) -> tuple[int, ...]:
    """Look up the hidden layers of a head."""
    if name not in HEADS:
        raise unknown("model.head", name, HEADS)
    return HEADS[name]


def scanner_fields(config: Any, *, feature_shape: Sequence[int], objective: Any) -> dict[str, Any]:
    """Return the fields that modules over the rows of a window share.

    Args:
        config: the section `model`.
        feature_shape: shape of one row.
        objective: of the training.

    Returns:
        units, out_features, task, head, dropout, dtype.

    Raises:
        UserError: a value out of range.
    """
    return {
        "units": read_widths("model.units", config.units),
        "out_features": objective.out_features(feature_shape),
        "task": objective.name,
        "head": head_widths(config.head),
        **read_fields(config),
    }


def make_dropout(static_rate: float, *, train: bool, hparams: dict, keys: dict) -> Callable:
    """Return `drop(x, layer, batch_axis=0)`, the identity unless units are dropped.

    Linen's own Dropout takes neither a traced rate, which a vmapped population needs, nor a key
    per example, which makes the result independent of how a batch is split over devices.

    Args:
        static_rate: the configured rate; 0 means that no dropout exists and nothing is computed.
        train: False gives the identity.
        hparams: "dropout", a scalar array in [0, 1), takes the place of the configured rate.
        keys: "dropout", [b] typed keys, one per example.

    Returns:
        (x, number of the layer, axis of examples) -> x with units dropped and the others scaled.

    Raises:
        ValueError: the keys are missing or are not one per example.
    """
    if not train or static_rate == 0:
        return lambda x, layer, batch_axis=0: x
    own = keys.get("dropout")
    if own is None:
        raise ValueError("training with dropout wants rngs={'dropout': keys}, one key per example")
    keep = 1.0 - jnp.asarray(hparams.get("dropout", static_rate), jnp.float32)

    def drop(x, layer, batch_axis=0):
        if own.shape != (x.shape[batch_axis],):
            raise ValueError(f"{x.shape[batch_axis]} examples but dropout keys {own.shape}")
        shape = x.shape[:batch_axis] + x.shape[batch_axis + 1 :]

        def draw(key):
            return jax.random.bernoulli(jax.random.fold_in(key, layer), keep, shape)

        kept = jax.vmap(draw, out_axes=batch_axis)(own)
        return jnp.where(kept, x / keep.astype(x.dtype), 0)

    return drop


class Head(nn.Module):
    """Hidden ReLU layers and a linear output, dropout before each, with Keras's initial values.

    Attributes:
        hidden: widths of the hidden layers.
        out_features: width of the output.
        dtype: of the computation; the output is float32.
    """

    hidden: tuple[int, ...]
    out_features: int
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, x, drop, layer):
        """Map [..., u] to [..., out_features]; `layer` numbers the first dropout."""
        for i, width in enumerate(self.hidden):
            x = nn.relu(dense(width, self.dtype, name=f"hidden_{i}")(drop(x, layer + i)))
        x = drop(x, layer + len(self.hidden))
        return dense(self.out_features, self.dtype, name="output")(x).astype(jnp.float32)


def dense(width: int, dtype, *, name: str | None = None) -> nn.Dense:
    """Return a dense layer with Keras's initial values: Glorot uniform kernel, zero bias.

    Args:
        width: of the output.
        dtype: of the computation.
        name: of the module.

    Returns:
        The layer.
    """
    return nn.Dense(width, dtype=dtype, kernel_init=nn.initializers.glorot_uniform(), name=name)
