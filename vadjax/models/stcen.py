"""STCEN, re-interpreted: a noisy code of past frames, judged by 3-D convolutions over time.

After Hao et al., "Spatiotemporal consistency-enhanced network for video anomaly detection" (Pattern
Recognition 121, 2022). No code of theirs is public and the abstract is all that was read: widths,
losses and their weights are ours, after `frame_prediction` where the two are alike.
"""

import flax.linen as nn
import jax.numpy as jnp

from vadjax.models.builder import Wanted, builder
from vadjax.models.strided import check_strides
from vadjax.models.variational_autoencoder import divergence, noise
from vadjax.models.video_layers import LEAKY, Conv

DIVERGENCE = 1e-3  # weight of the mean divergence of a value of the code


class Generator(nn.Module):
    """3-D convolutions down over the rows before, 2-D ones up to the next row.

    Each level's maps, collapsed over time, are joined to the way up. The code is drawn around a
    mean in training, and is the mean in scoring.

    Attributes:
        channels: widths; each level halves height and width.
        out_features: channels of a frame.
        dtype: of the computation.
    """

    channels: tuple[int, ...]
    out_features: int
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, x, keys):
        """Map [b, t, h, w, c] to (frame [b, h, w, c] in -1 .. 1, mean code, penalty [b]).

        `keys` [b] draw the code; None takes its mean.
        """
        flat = []
        for i, width in enumerate(self.channels):
            down = Conv(width, (3, 3, 3), (1, 2, 2), dtype=self.dtype, name=f"down_{i}")
            x = nn.leaky_relu(down(x), LEAKY)
            if i < len(self.channels) - 1:
                flat.append(self._collapsed(x, f"skip_{i}"))
        mean = self._collapsed(x, "mean").astype(jnp.float32)
        log_variance = self._collapsed(x, "log_variance").astype(jnp.float32)
        code = mean
        if keys is not None:
            code = mean + jnp.exp(0.5 * log_variance) * noise(keys, mean.shape[1:])
        x = code.astype(self.dtype)
        for i in reversed(range(len(flat))):
            up = Conv(self.channels[i], strides=2, extra=1, dtype=self.dtype, name=f"up_{i}")
            x = jnp.concatenate([flat[i], nn.leaky_relu(up(x), LEAKY)], axis=-1)
            merge = Conv(self.channels[i], dtype=self.dtype, name=f"merge_{i}")
            x = nn.leaky_relu(merge(x), LEAKY)
        last = Conv(self.out_features, strides=2, extra=1, gain=1.0, dtype=self.dtype, name="out")
        penalty = DIVERGENCE * divergence(mean, log_variance).mean((1, 2)) / mean.shape[-1]
        return jnp.tanh(last(x)).astype(jnp.float32), mean, penalty

    def _collapsed(self, x, name):
        """One map of the rows' [b, t, h, w, c], by a convolution as long as they are."""
        made = Conv(x.shape[-1], (x.shape[1], 1, 1), 1, 0, gain=1.0, dtype=self.dtype, name=name)
        return made(x)[:, 0]


class Discriminator(nn.Module):
    """Judges a row together with the rows before it.

    Attributes:
        channels: widths; each halves height and width.
        dtype: of the computation.
    """

    channels: tuple[int, ...]
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, x):
        """Map [b, t, h, w, c] to logits [b, t, h', w', 1]; high is real."""
        for i, width in enumerate(self.channels):
            judged = Conv(width, (3, 4, 4), (1, 2, 2), dtype=self.dtype, name=f"conv_{i}")
            x = nn.leaky_relu(judged(x), LEAKY)
        return Conv(1, (3, 3, 3), gain=1.0, dtype=self.dtype, name="logits")(x)


class STCEN(nn.Module):
    """Predicts the last row of a window from the rows before it; a discriminator sees them all.

    Attributes:
        channels: widths of the generator, and of the discriminator.
        judged: whether there is a discriminator.
        out_features: channels of a frame.
        dropout: not used.
        dtype: of the computation.
    """

    channels: tuple[int, ...]
    judged: bool
    out_features: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; also `penalty` [b, 1] and `real`, `fake` [b, t, h', w', 1], logits."""
        past = windows[:, :-1]
        made = Generator(self.channels, self.out_features, self.dtype, name="generator")
        frame, mean, penalty = made(past, keys["dropout"] if train else None)
        outputs = {"hidden": mean[:, None], "output": frame[:, None], "penalty": penalty[:, None]}
        if self.judged:
            judge = Discriminator(self.channels, self.dtype, name="discriminator")
            outputs["real"] = judge(windows).astype(jnp.float32)
            continued = jnp.concatenate([past, frame[:, None].astype(past.dtype)], axis=1)
            outputs["fake"] = judge(continued).astype(jnp.float32)
        return outputs


def _module(wanted: Wanted) -> STCEN:
    judged = getattr(wanted.objective, "judged", False)
    return STCEN(wanted.widths, judged, wanted.out_features, **wanted.fields)


build = builder(_module, check=check_strides)
