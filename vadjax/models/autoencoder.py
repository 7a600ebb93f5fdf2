"""Autoencoders of single rows: dense over pooled features, convolutional over feature maps.

Rows of a window are reconstructed each for itself; windows of one row are the usual case.
"""

import flax.linen as nn
import jax.numpy as jnp

from vadjax.models.builder import Wanted, builder
from vadjax.models.layers import dense, make_dropout


class DenseAutoencoder(nn.Module):
    """ReLU layers down to a code and the same widths up again, linear output.

    Attributes:
        units: widths down to and with the code.
        out_features: width of the features.
        dropout: configured rate, on the code.
        dtype: of the computation.
    """

    units: tuple[int, ...]
    out_features: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; hidden is the code [b, s, units[-1]]."""
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        x = windows if num_outputs is None else windows[:, -num_outputs:]
        for i, width in enumerate(self.units):
            x = nn.relu(dense(width, self.dtype, name=f"encoder_{i}")(x))
        code = x
        x = drop(x, 0)
        for i, width in enumerate(self.units[-2::-1]):
            x = nn.relu(dense(width, self.dtype, name=f"decoder_{i}")(x))
        output = dense(self.out_features, self.dtype, name="output")(x)
        return {"hidden": code.astype(jnp.float32), "output": output.astype(jnp.float32)}


class ConvAutoencoder(nn.Module):
    """Convolutions of stride 2 down and transposed ones up, between two 1x1 layers.

    The first layer (1x1) thins the many channels of a backbone. Its maps are padded with zeros to a
    multiple of the strides, and cropped again before the last layer, so maps may have any size.

    Attributes:
        channels: width of the 1x1 layer, then of each convolution down; going up mirrors them.
        out_features: channels c of the maps.
        dropout: configured rate, on the code.
        dtype: of the computation.
    """

    channels: tuple[int, ...]
    out_features: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; hidden is the code [b, s, h', w', channels[-1]]."""
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        x = windows if num_outputs is None else windows[:, -num_outputs:]
        b, s, h, w, _ = x.shape
        x = nn.relu(dense(self.channels[0], self.dtype, name="thin")(x))
        x = x.reshape(b * s, h, w, -1)  # [b * s, h, w, c0]
        stride = 2 ** (len(self.channels) - 1)
        x = jnp.pad(x, ((0, 0), (0, -h % stride), (0, -w % stride), (0, 0)))
        for i, width in enumerate(self.channels[1:]):
            kernel, bias = self._weights(f"down_{i}", (3, 3, x.shape[-1], width), gain=2.0)
            x = nn.relu(conv3x3(x, kernel, stride=2) + bias)
        code = x.reshape(b, s, *x.shape[1:])
        x = drop(code, 0).reshape(x.shape)
        for i, width in enumerate(self.channels[-2::-1]):
            # An output sees 4 of the 16 taps, hence four times He's gain.
            kernel, bias = self._weights(f"up_{i}", (4, 4, x.shape[-1], width), gain=8.0)
            x = nn.relu(conv_transpose4x4(x, kernel) + bias)
        x = x[:, :h, :w].reshape(b, s, h, w, -1)
        output = dense(self.out_features, self.dtype, name="output")(x)
        return {"hidden": code.astype(jnp.float32), "output": output.astype(jnp.float32)}

    def _weights(self, name, shape, *, gain):
        init = nn.initializers.variance_scaling(gain, "fan_in", "truncated_normal")
        kernel = self.param(f"{name}_kernel", init, shape)
        bias = self.param(f"{name}_bias", nn.initializers.zeros, shape[-1:])
        return kernel.astype(self.dtype), bias.astype(self.dtype)


def conv3x3(x, kernel, *, stride: int = 1):
    """3x3 convolution, padding 1, as one product over gathered neighbours.

    On small maps this beats XLA's convolution on CPU, and a population's vmap makes of it a batched
    product where a convolution would become a slow grouped one.

    Args:
        x: [n, h, w, i], h and w multiples of `stride`.
        kernel: [3, 3, i, o].
        stride: 1 or 2.

    Returns:
        [n, h / stride, w / stride, o].
    """
    _, h, w, _ = x.shape
    x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    taps = [x[:, i : i + h : stride, j : j + w : stride] for i in range(3) for j in range(3)]
    return jnp.concatenate(taps, axis=-1) @ kernel.reshape(-1, kernel.shape[-1])


def conv_transpose4x4(x, kernel):
    """4x4 transposed convolution of stride 2, padding as `lax.conv_transpose(padding="SAME")`.

    In the sub-pixel form (Shi et al. 2016): the four phases of the output are channels of one 3x3
    convolution. On CPU the gradient of `lax.conv_transpose` is three times slower.

    Args:
        x: [n, h, w, i].
        kernel: [4, 4, i, o].

    Returns:
        [n, 2 h, 2 w, o].
    """
    n, h, w, _ = x.shape
    _, _, i, o = kernel.shape
    # Output row 2 y + a sums inputs y + a - 1 and y + a under kernel rows a and a + 2: two of the
    # three rows of a 3x3 kernel, the third being zero. Columns likewise.
    rows = [jnp.pad(kernel[a::2], ((a, 1 - a), (0, 0), (0, 0), (0, 0))) for a in (0, 1)]
    phases = [
        jnp.pad(row[:, b::2], ((0, 0), (b, 1 - b), (0, 0), (0, 0))) for row in rows for b in (0, 1)
    ]  # four of [3, 3, i, o]
    y = conv3x3(x, jnp.stack(phases, axis=3).reshape(3, 3, i, 4 * o))
    y = y.reshape(n, h, w, 2, 2, o).transpose(0, 1, 3, 2, 4, 5)
    return y.reshape(n, 2 * h, 2 * w, o)


def _module(wanted: Wanted) -> DenseAutoencoder | ConvAutoencoder:
    kind = DenseAutoencoder if wanted.config.name == "dense_autoencoder" else ConvAutoencoder
    return kind(wanted.widths, wanted.out_features, **wanted.fields)


build = builder(_module)
