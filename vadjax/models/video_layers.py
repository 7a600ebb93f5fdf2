"""Layers of the networks over pixels: convolutions with bias, batch norm."""

from collections.abc import Sequence

import flax.linen as nn
import jax.numpy as jnp

from vadjax.models.convolution import conv, conv_transpose

LEAKY = 0.2  # slope below 0 of the leaky ReLU


class Conv(nn.Module):
    """A convolution with bias over two or three axes; `extra` makes it a transposed one.

    Attributes:
        width: of the output.
        size: of the kernel, one number an axis.
        strides: one number, or one an axis.
        padding: zeros at both ends, one number or one an axis; "reflect" mirrors two rows instead.
        extra: None, or rows at the far end of a transposed convolution.
        gain: of the initial kernel's variance by its inputs.
        dtype: of the computation.
    """

    width: int
    size: tuple[int, ...] = (3, 3)
    strides: int | tuple[int, ...] = 1
    padding: int | tuple[int, ...] | str = 1
    extra: int | tuple[int, ...] | None = None
    gain: float = 2.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, x):
        """Map [b, ..., i] to [b, ..., width]."""
        init = nn.initializers.variance_scaling(self.gain, "fan_in", "truncated_normal")
        kernel = self.param("kernel", init, (*self.size, x.shape[-1], self.width))
        bias = self.param("bias", nn.initializers.zeros, (self.width,)).astype(self.dtype)
        x, kernel = x.astype(self.dtype), kernel.astype(self.dtype)
        padding = 0 if isinstance(self.padding, str) else self.padding
        if self.padding == "reflect":
            x = jnp.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
        if self.extra is None:
            return conv(x, kernel, strides=self.strides, padding=padding) + bias
        moved = conv_transpose(x, kernel, strides=self.strides, padding=padding, extra=self.extra)
        return moved + bias


def batch_norm(train: bool, dtype, *, name: str | None = None) -> nn.BatchNorm:
    """Return a batch norm with torch's epsilon and momentum.

    Statistics are of the examples on one device, those that pad the last batch included.

    Args:
        train: normalise by the batch, and follow its statistics.
        dtype: of the computation.
        name: of the module.

    Returns:
        The layer.
    """
    return nn.BatchNorm(not train, momentum=0.9, epsilon=1e-5, dtype=dtype, name=name)


def stacked(windows):
    """Put the rows of a window side by side as channels: [b, t, h, w, c] to [b, h, w, t c]."""
    b, t, h, w, c = windows.shape
    return jnp.moveaxis(windows, 1, 3).reshape(b, h, w, t * c)


def undivided(shape: Sequence[int], stride: int) -> bool:
    """Return whether frames cannot be halved until `stride` pixels are one.

    Args:
        shape: (h, w, c).
        stride: a power of 2.

    Returns:
        True if not.
    """
    return any(n % stride or n < stride for n in shape[:2])
