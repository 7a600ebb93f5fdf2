"""The LSTM encoder-decoder (Srivastava et al. 2015; EncDec-AD: Malhotra et al. 2016)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.models.cells import CELLS
from vadjax.models.layers import dense, make_dropout
from vadjax.models.linen import LinenModel, read_fields, read_widths
from vadjax.models.recurrence import Recurrence, whole

CELL = "lstm"


class EncoderDecoder(nn.Module):
    """One stack of LSTMs reads the window, another gives its rows back, the last one first.

    The decoder begins with the encoder's states, from which a linear layer gives the last row. Each
    step reads the row that was given last: in training the true one (teacher forcing), in scoring
    its own output.

    Attributes:
        units: width of each layer, of the encoder and of the decoder.
        out_features: width of a row.
        dropout: configured rate, on the states before the linear layer.
        dtype: of the computation.
    """

    units: tuple[int, ...]
    out_features: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    def setup(self):
        widths = (self.out_features, *self.units)
        layers = [
            [Recurrence(CELL, d, u, self.dtype) for d, u in zip(widths, self.units, strict=False)]
            for _ in ("encoder", "decoder")
        ]
        self.encoder, self.decoder = layers
        self.linear = dense(self.out_features, self.dtype)

    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; hidden are the states of the decoder's last layer, [b, s, u]."""
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        rows = jnp.moveaxis(windows.astype(self.dtype), 1, 0)  # [t, b, d]
        carries, x = [], rows
        for layer in self.encoder:
            carry, x = layer.scan(layer.init_carry(rows.shape[1]), layer.project(x))
            carries.append(carry)
        steps = (num_outputs or len(rows)) - 1
        after = self._forced(carries, rows[len(rows) - steps :]) if train else None
        if after is None:
            after = self._free(carries, rows[:1], steps)
        states = jnp.concatenate([after, carries[-1][0][None]])  # [s, b, u], in time's order
        states = jnp.moveaxis(states, 0, 1)
        output = self.linear(drop(states, 0))
        return {"hidden": states.astype(jnp.float32), "output": output.astype(jnp.float32)}

    def _forced(self, carries, rows):
        """States [n, b, u] after reading the true rows [n, b, d], the last one first."""
        for layer, carry in zip(self.decoder, carries, strict=True):
            _, rows = layer.scan(carry, layer.project(rows), reverse=True)
        return rows

    def _free(self, carries, example, steps):
        """States [steps, b, u] of a decoder that reads its own outputs, in time's order."""
        for layer in self.decoder:  # parameters are made outside the scan
            example = layer.project(example)[..., : layer.units]
        self.linear(example)
        kernels = [layer.recurrent_kernel.astype(self.dtype) for layer in self.decoder]

        def body(carries, _):
            x, new = self.linear(carries[-1][0]), []
            for layer, kernel, carry in zip(self.decoder, kernels, carries, strict=True):
                gates = layer.project(x), carry[0] @ kernel
                carry, _ = CELLS[CELL].update(carry, *gates)
                new.append(carry)
                x = carry[0]
            return new, x

        _, states = jax.lax.scan(body, carries, length=steps, unroll=whole())
        return states[::-1]


def build(config, *, feature_shape, objective) -> LinenModel:
    """Build an LSTM encoder-decoder; see `models.create`.

    Args:
        config: the section `model`.
        feature_shape: shape of one row.
        objective: not used.

    Returns:
        The model.

    Raises:
        UserError: a value out of range.
    """
    units = read_widths("model.units", config.units)
    module = EncoderDecoder(units, feature_shape[-1], **read_fields(config))
    return LinenModel(module, feature_shape)
