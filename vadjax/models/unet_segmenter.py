"""A supervised scanner of maps: a window is as abnormal as its most abnormal cells."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.models.autoencoder import conv3x3
from vadjax.models.builder import builder
from vadjax.models.layers import dense, make_dropout

MOST = 3  # cells whose mean is the window's logit


class UNetSegmenter(nn.Module):
    """Classifies each cell of the window's last row as normal or abnormal, from all its rows.

    A small U-Net (Ronneberger et al. 2015) over cells: a 1x1 layer reads all rows of the
    window, concatenated along channels; two halvings widen the receptive field, and skip
    connections concatenate the fine layers again. The first and the last layer have a bias for each
    cell, because for a fixed camera the same appearance or motion means different things in
    different places. The window's logit is the mean of its most abnormal cells'.

    Attributes:
        channels: widths of the full, the half and the quarter resolution.
        out_features: number of logits.
        dropout: configured rate, before the last layer.
        dtype: of the computation.
    """

    channels: tuple[int, ...]  # three
    out_features: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; also `cell_logits` [b, 1, h, w, k]."""
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        b, t, h, w, c = windows.shape
        full, half, quarter = self.channels
        x = jnp.moveaxis(windows, 1, 3).reshape(b, h, w, t * c).astype(self.dtype)
        fine = self._biased(dense(full, self.dtype, name="thin")(x), "place")
        middle = self._conv(self._conv(_halved(fine), half, "half_0"), half, "half_1")
        coarse = self._conv(self._conv(_halved(middle), quarter, "quarter_0"), quarter, "quarter_1")
        middle = self._conv(_concatenated(middle, coarse), half, "half_2")
        x = self._biased(
            dense(full, self.dtype, name="last")(_concatenated(fine, middle)), "last_place"
        )
        cells = dense(self.out_features, self.dtype, name="output")(drop(x, 0))
        cells = cells.astype(jnp.float32)  # [b, h, w, k]
        flat = jnp.moveaxis(cells.reshape(b, h * w, -1), 1, 2)  # [b, k, h w]
        logits = jax.lax.top_k(flat, min(MOST, h * w))[0].mean(-1)
        return {
            "hidden": x[:, None].astype(jnp.float32),
            "output": logits[:, None],
            "cell_logits": cells[:, None],
        }

    def _biased(self, x, name):
        """Add a bias for each cell, and a ReLU."""
        return nn.relu(x + self.param(name, nn.initializers.zeros, x.shape[1:]).astype(x.dtype))

    def _conv(self, x, width, name):
        init = nn.initializers.variance_scaling(2.0, "fan_in", "truncated_normal")
        kernel = self.param(name, init, (3, 3, x.shape[-1], width))
        bias = self.param(f"{name}_bias", nn.initializers.zeros, (width,))
        return nn.relu(conv3x3(x, kernel.astype(self.dtype)) + bias.astype(self.dtype))


def _halved(x):
    """Average 2x2 cells: [b, h, w, c] to [b, ceil(h / 2), ceil(w / 2), c]."""
    b, h, w, c = x.shape
    x = jnp.pad(x, ((0, 0), (0, h % 2), (0, w % 2), (0, 0)))
    return x.reshape(b, (h + 1) // 2, 2, (w + 1) // 2, 2, c).mean((2, 4))


def _concatenated(fine, coarse):
    """Upsample the coarse cells 2x2 and concatenate them to the fine ones' channels."""
    _, h, w, _ = fine.shape
    return jnp.concatenate([fine, coarse.repeat(2, 1).repeat(2, 2)[:, :h, :w]], axis=-1)


build = builder(
    lambda wanted: UNetSegmenter(wanted.widths, wanted.out_features, **wanted.fields),
    example=(48, 64, 64),
)
