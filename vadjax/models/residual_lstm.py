"""Residual LSTM: three recurrent layers, of which the second's states are added to the first's.

The classifier of WaseemUllah655/Attention-Residual-LSTM_For-Anomaly-Recognition: LSTM cells with
ReLU, the states of all rows side by side, hidden layers, classes. Its repository is named after
attention, and its code has none; nor has this.
"""

import flax.linen as nn
import jax.numpy as jnp

from vadjax.errors import UserError
from vadjax.models.layers import Head, head_widths, make_dropout
from vadjax.models.linen import LinenModel, read_fields, read_widths
from vadjax.models.recurrence import Recurrence

CELL = "relu_lstm"


class ResidualLSTM(nn.Module):
    """Three layers and a head on the states of all rows.

    Attributes:
        units: widths of the layers; the first two are equal.
        in_features: width of the features.
        out_features: number of logits.
        bidirectional: every layer has a second direction; states are concatenated.
        head: widths of the head's hidden layers.
        dropout: configured rate, after every layer.
        dtype: of the computation.
    """

    units: tuple[int, ...]
    in_features: int
    out_features: int
    bidirectional: bool = False
    head: tuple[int, ...] = ()
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; hidden is the last layer, [b, t, u]."""
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        x = jnp.swapaxes(windows, 0, 1)  # [t, b, d]
        first = drop(self._layer(x, 0), 0, batch_axis=1)
        second = drop(self._layer(first, 1), 1, batch_axis=1)
        x = drop(self._layer(first + second, 2), 2, batch_axis=1)
        hidden = jnp.swapaxes(x, 0, 1)  # [b, t, u]
        flat = hidden.reshape(hidden.shape[0], 1, -1)  # [b, 1, t * u]
        output = Head(self.head, self.out_features, dtype=self.dtype)(flat, drop, 3)
        return {"hidden": hidden.astype(jnp.float32), "output": output}

    def _layer(self, x, i):
        """States [t, b, u] of layer i, both directions side by side."""
        states = []
        for way in ("forward", "backward")[: 1 + self.bidirectional]:
            layer = Recurrence(
                CELL, x.shape[-1], self.units[i], dtype=self.dtype, name=f"{way}_{i}"
            )
            carry, reverse = layer.init_carry(x.shape[1]), way == "backward"
            states.append(layer.scan(carry, layer.project(x), reverse=reverse)[1])
        return jnp.concatenate(states, axis=-1)


def build(config, *, feature_shape, objective) -> LinenModel:
    """Build a residual LSTM; see `models.create`.

    Args:
        config: the section `model`; units, bidirectional, head, dropout and dtype are read.
        feature_shape: shape of one row.
        objective: of the training.

    Returns:
        The model.

    Raises:
        UserError: a value out of range, or other than three layers of which the first two are
            alike.
    """
    units = read_widths("model.units", config.units)
    if len(units) != 3 or units[0] != units[1]:
        raise UserError(
            f"model.units is {units}, but residual_lstm adds the states of its second layer to "
            "those of its first and has a third: give three widths, the first two equal, for "
            "instance (256, 256, 256)"
        )
    module = ResidualLSTM(
        units=units,
        in_features=feature_shape[0],
        out_features=objective.out_features(feature_shape),
        bidirectional=bool(config.bidirectional),
        head=head_widths(config.head),
        **read_fields(config),
    )
    return LinenModel(module, feature_shape, min_length=objective.min_length)
