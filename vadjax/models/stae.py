"""STAE: 3-D convolutions, after which one decoder rebuilds and one predicts (Zhao et al. 2017)."""

import flax.linen as nn
import jax.numpy as jnp

from vadjax.models.builder import builder
from vadjax.models.conv3d_autoencoder import SIZE, WholeWindows
from vadjax.models.convolution import max_pool
from vadjax.models.frame_prediction import check_levels
from vadjax.models.video_layers import LEAKY, Conv, batch_norm


class STAE(nn.Module):
    """Reads the first half of a window; rebuilds it, and predicts the second half.

    Zhao et al., "Spatio-temporal autoencoder for video anomaly detection" (ACM Multimedia 2017);
    widths as in YuhaoCheng/PyAnomaly. Poolings halve length, height and width. The last layers are
    tanh, for pixels in -1 .. 1, where the paper has a sigmoid, for pixels in 0 .. 1.

    Attributes:
        channels: widths down to the code; a pooling lies between two of them.
        out_features: channels of a frame.
        dropout: not used.
        dtype: of the computation.
    """

    channels: tuple[int, ...]
    out_features: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    reductions = {"batch_stats": "mean"}  # noqa: RUF012 - a constant, no field

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; `output` has the rebuilt rows, then the predicted ones."""
        x = windows[:, : windows.shape[1] // 2]
        for i, width in enumerate(self.channels):
            x = self._block(pooled(x) if i else x, width, f"down_{i}", train)
        halves = [self._decoded(x, name, train) for name in ("rebuild", "predict")]
        rows = jnp.concatenate(halves, axis=1)
        rows = rows if num_outputs is None else rows[:, -num_outputs:]
        return {"hidden": x.astype(jnp.float32), "output": rows.astype(jnp.float32)}

    def _decoded(self, x, name, train):
        for i in reversed(range(len(self.channels) - 1)):
            width = self.channels[max(i - 1, 0)]
            x = self._block(x, width, f"{name}_{i}", train, strides=2, extra=1)
        last = Conv(self.out_features, SIZE, gain=1.0, dtype=self.dtype, name=f"{name}_output")
        return jnp.tanh(last(x))

    def _block(self, x, width, name, train, **moved):
        x = Conv(width, SIZE, dtype=self.dtype, name=name, **moved)(x)
        return nn.leaky_relu(batch_norm(train, self.dtype, name=f"{name}_norm")(x), LEAKY)


def pooled(x):
    """Take the largest of 2x2x2 values: [b, t, h, w, c] to [b, t / 2, h / 2, w / 2, c]."""
    b, t, h, w, c = x.shape
    x = max_pool(x.reshape(b * t, h, w, c)).reshape(b, t // 2, 2, h // 2, w // 2, c)
    return jnp.where(x[:, :, 1] > x[:, :, 0], x[:, :, 1], x[:, :, 0])  # as `max_pool` compares


build = builder(
    lambda wanted: STAE(wanted.widths, wanted.out_features, **wanted.fields),
    check=check_levels,
    min_length=lambda wanted: 2 ** len(wanted.widths),  # both halves are halved between widths
    model=WholeWindows,
)
