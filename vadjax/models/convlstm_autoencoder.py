"""The convolutional LSTM autoencoder (Chong and Tay, ISNN 2017)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.models.builder import builder
from vadjax.models.convolution import conv
from vadjax.models.recurrence import whole
from vadjax.models.stacked_autoencoder import check_reach
from vadjax.models.video_layers import Conv

REACH, STRIDE = 27, 8  # of the two strided convolutions together


class ConvLSTMAutoencoder(nn.Module):
    """Two strided convolutions a frame, three convolutional LSTMs over time, and back.

    Attributes:
        channels: widths of the two convolutions and of the middle LSTM; the outer LSTMs have that
            of the second convolution.
        out_features: channels of a frame.
        dropout: not used.
        dtype: of the computation.
    """

    channels: tuple[int, ...]  # three
    out_features: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; hidden is the middle LSTM's states [b, t, h', w', channels[2]]."""
        b, t = windows.shape[:2]
        wide, narrow, middle = self.channels
        x = windows.reshape(b * t, *windows.shape[2:])
        x = self._conv(x, wide, "down_0", (11, 11), strides=4)
        x = self._conv(x, narrow, "down_1", (5, 5), strides=2)
        x = x.reshape(b, t, *x.shape[1:])
        x = ConvLSTM(narrow, self.dtype, name="lstm_0")(x)
        hidden = ConvLSTM(middle, self.dtype, name="lstm_1")(x)
        x = ConvLSTM(narrow, self.dtype, name="lstm_2")(hidden)
        x = x if num_outputs is None else x[:, -num_outputs:]
        s = x.shape[1]
        x = x.reshape(b * s, *x.shape[2:])
        x = self._conv(x, wide, "up_1", (5, 5), strides=2, extra=0)
        x = self._conv(x, self.out_features, "output", (11, 11), strides=4, extra=0)
        x = x.reshape(b, s, *x.shape[1:])
        return {"hidden": hidden.astype(jnp.float32), "output": x.astype(jnp.float32)}

    def _conv(self, x, width, name, size, **moved):
        made = Conv(width, size, padding=0, gain=1.0, dtype=self.dtype, name=name, **moved)
        return jnp.tanh(made(x))


class ConvLSTM(nn.Module):
    """An LSTM whose products are 3x3 convolutions (Shi et al. 2015, without peepholes).

    Attributes:
        width: of the states.
        dtype: of the computation.
    """

    width: int
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, x):
        """Map [b, t, h, w, i] to the state after each row, [b, t, h, w, width]."""
        b, t, h, w, _ = x.shape
        init = nn.initializers.variance_scaling(1.0, "fan_in", "truncated_normal")
        shape = (3, 3, self.width, 4 * self.width)
        kernel = self.param("recurrent_kernel", init, shape).astype(self.dtype)
        # What the rows give to the gates (i, f, g, o) does not wait for a state: all rows at once.
        rows = x.reshape(b * t, h, w, -1)
        gates = Conv(4 * self.width, gain=1.0, dtype=self.dtype, name="input")(rows)
        gates = jnp.moveaxis(gates.reshape(b, t, h, w, -1), 1, 0)

        def step(carry, gates):
            state, cell = carry
            i, f, g, o = jnp.split(gates + conv(state, kernel, padding=1), 4, axis=-1)
            cell = nn.sigmoid(f) * cell + nn.sigmoid(i) * jnp.tanh(g)
            state = nn.sigmoid(o) * jnp.tanh(cell)
            return (state, cell), state

        zeros = jnp.zeros((b, h, w, self.width), gates.dtype)
        _, states = jax.lax.scan(step, (zeros, zeros), gates, unroll=whole())
        return jnp.moveaxis(states, 0, 1)


build = builder(
    lambda wanted: ConvLSTMAutoencoder(wanted.widths, wanted.out_features, **wanted.fields),
    check=lambda name, _, shape: check_reach(name, shape, REACH, STRIDE, REACH),
    example=(128, 64, 32),
)
