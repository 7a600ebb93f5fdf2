"""Conv-AE: frames stacked as channels through two poolings and back (Hasan et al., CVPR 2016)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.errors import UserError
from vadjax.models.builder import builder
from vadjax.models.convolution import max_pool
from vadjax.models.video_layers import Conv, stacked

REACH, STRIDE = 11, 4  # of the first and the last convolution
LEAST = REACH + 3 * STRIDE  # pixels that leave something after two poolings


class StackedAutoencoder(nn.Module):
    """Rebuilds all frames of a window at once from 13x13 places (of frames of 227x227).

    The paper's text leaves two things open, which are ours: unpooling repeats the nearest value,
    and the last layer is a tanh too, for pixels in -1 .. 1.

    Attributes:
        channels: widths of the 11x11, the 5x5 and the 3x3 convolution.
        dropout: not used.
        dtype: of the computation.
    """

    channels: tuple[int, ...]  # three
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; hidden is the code [b, h', w', channels[2]]."""
        b, t, h, w, c = windows.shape
        wide, middle, narrow = self.channels
        x = self._conv(stacked(windows), wide, "down_0", (REACH, REACH), strides=STRIDE, padding=0)
        sizes = [x.shape[1:3]]
        x = self._conv(_pooled(x), middle, "down_1", (5, 5), padding=2)
        sizes.append(x.shape[1:3])
        code = self._conv(_pooled(x), narrow, "down_2", (3, 3))
        x = self._conv(code, narrow, "up_2", (3, 3), extra=0)
        x = self._conv(_unpooled(x, sizes[1]), middle, "up_1", (5, 5), padding=2, extra=0)
        last = {"strides": STRIDE, "padding": 0, "extra": 0}
        x = self._conv(_unpooled(x, sizes[0]), t * c, "output", (REACH, REACH), **last)
        rows = jnp.moveaxis(x.reshape(b, h, w, t, c), 3, 1)
        rows = rows if num_outputs is None else rows[:, -num_outputs:]
        return {"hidden": code.astype(jnp.float32), "output": rows.astype(jnp.float32)}

    def _conv(self, x, width, name, size, **moved):
        return jnp.tanh(Conv(width, size, gain=1.0, dtype=self.dtype, name=name, **moved)(x))


def _pooled(x):
    """Take the largest of 2x2 places; a last odd row or column is left out."""
    return max_pool(x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2])


def _unpooled(x, size):
    """Repeat each place 2x2, and the last row or column once more where one was left out."""
    x = x.repeat(2, 1).repeat(2, 2)
    for axis, wanted in enumerate(size, 1):
        if x.shape[axis] < wanted:  # jnp.pad becomes ONNX that does not run
            last = jax.lax.slice_in_dim(x, x.shape[axis] - 1, None, axis=axis)
            x = jnp.concatenate([x, last], axis=axis)
    return x


def check_reach(name: str, shape: tuple[int, ...], reach: int, stride: int, least: int) -> None:
    """Refuse frames of which a strided convolution without padding would leave pixels out.

    Args:
        name: of the model, for the message.
        shape: (h, w, c).
        reach: pixels that one output of the strided convolutions sees.
        stride: pixels between two outputs.
        least: the smallest height and width.

    Raises:
        UserError: it would.
    """
    if any(n < least or (n - reach) % stride for n in shape[:2]):
        fitting = ", ".join(str(n) for n in range(reach, 260, stride) if n >= max(least, 59))
        raise UserError(
            f"model {name} wants a height and a width of {reach} and a multiple of {stride} more, "
            f"at least {least}, but rows have shape {tuple(shape)}; set features.height and "
            f"features.width, for instance to one of {fitting}"
        )


build = builder(
    lambda wanted: StackedAutoencoder(wanted.widths, **wanted.fields),
    check=lambda name, _, shape: check_reach(name, shape, REACH, STRIDE, LEAST),
    example=(512, 256, 128),
)
