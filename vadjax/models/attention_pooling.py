"""Gated attention over the rows of a window: a weighted mean (Ilse et al. 2018, 1802.04712)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.models.layers import Head, dense, make_dropout, scanner_fields
from vadjax.models.linen import LinenModel


class AttentionPooling(nn.Module):
    """ReLU layers on every row, the mean of the rows by their attention, and a head.

    The weight of a row is the soft-max over the window of w' (tanh(V h) * sigmoid(U h)); the order
    of the rows does not count. `predict` reads all rows but the last, which it predicts.

    Attributes:
        units: width of each layer; the last one is that of the attention too.
        out_features: width of the output.
        task: name of the objective.
        head: widths of the head's hidden layers.
        dropout: configured rate, after every layer on rows and before the head's layers.
        dtype: of the computation; the soft-max is in float32.
    """

    units: tuple[int, ...]
    out_features: int
    task: str
    head: tuple[int, ...] = ()
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; hidden is the mean [b, 1, units[-1]], `attention` float32 [b, t]."""
        del num_outputs  # there is one output in any case
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        x = windows[:, :-1] if self.task == "predict" else windows
        for i, width in enumerate(self.units):
            x = drop(nn.relu(dense(width, self.dtype, name=f"layer_{i}")(x)), i)
        seen = jnp.tanh(dense(x.shape[-1], self.dtype, name="seen")(x))
        gate = nn.sigmoid(dense(x.shape[-1], self.dtype, name="gate")(x))
        kernel = self.param("attention", nn.initializers.glorot_uniform(), (x.shape[-1], 1))
        logits = ((seen * gate) @ kernel.astype(self.dtype))[..., 0].astype(jnp.float32)
        weight = jax.nn.softmax(logits, axis=1)
        pooled = (weight[..., None].astype(x.dtype) * x).sum(1, keepdims=True)
        head = Head(self.head, self.out_features, self.dtype, name="head")
        return {
            "hidden": pooled.astype(jnp.float32),
            "attention": weight,
            "output": head(pooled, drop, len(self.units)),
        }


def build(config, *, feature_shape, objective) -> LinenModel:
    """Build a model of attention pooling; see `models.create`.

    Args:
        config: the section `model`.
        feature_shape: shape of one row.
        objective: of the training.

    Returns:
        The model.

    Raises:
        UserError: a value out of range.
    """
    fields = scanner_fields(config, feature_shape=feature_shape, objective=objective)
    module = AttentionPooling(**fields)
    return LinenModel(module, feature_shape, min_length=objective.min_length)
