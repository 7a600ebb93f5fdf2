"""Strided convolutions down and transposed ones up: the plain halves of several models."""

import flax.linen as nn
import jax.numpy as jnp

from vadjax.errors import UserError
from vadjax.models.video_layers import LEAKY, Conv, undivided


class Down(nn.Module):
    """3x3 convolutions of stride 2 with a leaky ReLU each.

    Attributes:
        channels: widths; each layer halves height and width.
        dtype: of the computation.
    """

    channels: tuple[int, ...]
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, x):
        """Map [b, h, w, i] to [b, h', w', channels[-1]]."""
        for i, width in enumerate(self.channels):
            x = Conv(width, strides=2, dtype=self.dtype, name=f"conv_{i}")(x)
            x = nn.leaky_relu(x, LEAKY)
        return x


class Up(nn.Module):
    """The way back of a `Down` of the same widths, without an activation at the end.

    Attributes:
        channels: widths of the way down.
        out_features: of the output.
        dtype: of the computation.
    """

    channels: tuple[int, ...]
    out_features: int
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, x):
        """Map [b, h', w', i] to [b, h, w, out_features]."""
        widths = (self.out_features, *self.channels[:-1])
        for i in reversed(range(len(widths))):
            x = nn.leaky_relu(x, LEAKY) if i < len(widths) - 1 else x
            x = Conv(widths[i], strides=2, extra=1, dtype=self.dtype, name=f"conv_{i}")(x)
        return x


def check_strides(name: str, channels: tuple[int, ...], feature_shape: tuple[int, ...]) -> None:
    """Refuse frames that cannot be halved once for each width.

    Args:
        name: of the model, for the message.
        channels: widths.
        feature_shape: (h, w, c).

    Raises:
        UserError: they cannot.
    """
    stride = 2 ** len(channels)
    if undivided(feature_shape, stride):
        raise UserError(
            f"model {name} halves frames {len(channels)} times, so height and width have to be "
            f"multiples of {stride}, but rows have shape {tuple(feature_shape)}; set "
            "features.height and features.width, or fewer model.channels"
        )
