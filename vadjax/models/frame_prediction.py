"""Future frame prediction: a U-Net and its discriminator (Liu et al., CVPR 2018)."""

import flax.linen as nn
import jax.numpy as jnp

from vadjax.errors import UserError
from vadjax.models.builder import Wanted, builder
from vadjax.models.convolution import max_pool
from vadjax.models.video_layers import LEAKY, Conv, stacked, undivided

JUDGES = 4  # convolutions of the discriminator before its logits


class Generator(nn.Module):
    """A U-Net without normalisation: the frames before, stacked as channels, to the next frame.

    Attributes:
        channels: widths from the full resolution down; each level halves the one above.
        out_features: channels of a frame.
        dtype: of the computation.
    """

    channels: tuple[int, ...]
    out_features: int
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, x):
        """Map [b, h, w, i] to (frame [b, h, w, c] in -1 .. 1, deepest maps)."""
        skips = []
        for i, width in enumerate(self.channels):
            x = max_pool(x) if i else x
            x = self._twice(x, width, f"down_{i}")
            skips.append(x)
        deepest = x
        for i in reversed(range(len(self.channels) - 1)):
            width = self.channels[i]
            up = Conv(width, (2, 2), 2, 0, extra=0, dtype=self.dtype, name=f"up_{i}")(x)
            x = jnp.concatenate([skips[i], nn.relu(up)], axis=-1)
            x = self._twice(x, width, f"merge_{i}")
        return jnp.tanh(Conv(self.out_features, dtype=self.dtype, name="output")(x)), deepest

    def _twice(self, x, width, name):
        for j in range(2):
            x = nn.relu(Conv(width, dtype=self.dtype, name=f"{name}_{j}")(x))
        return x


class Discriminator(nn.Module):
    """Judges patches of a single frame: 4x4 convolutions over mirrored borders.

    Attributes:
        channels: widths; all but the last halve the resolution.
        dtype: of the computation.
    """

    channels: tuple[int, ...]
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, x):
        """Map [b, h, w, c] to logits [b, h', w', 1]; high is real."""
        for i, width in enumerate(self.channels):
            stride = 1 if i == len(self.channels) - 1 else 2
            judged = Conv(width, (4, 4), stride, "reflect", dtype=self.dtype, name=f"conv_{i}")
            x = nn.leaky_relu(judged(x), LEAKY)
        return Conv(1, (4, 4), 1, "reflect", gain=1.0, dtype=self.dtype, name="logits")(x)


class FramePrediction(nn.Module):
    """Predicts the last row of a window from the rows before it; a discriminator may judge it.

    As StevenLiuWen/ano_pred_cvpr2018 has it, its graph of losses apart: see the objective
    "adversarial".

    Attributes:
        channels: widths of the U-Net's levels.
        judges: widths of the discriminator; () is none.
        out_features: channels of a frame.
        dropout: not used.
        dtype: of the computation.
    """

    channels: tuple[int, ...]
    judges: tuple[int, ...]
    out_features: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; also `real` and `fake` [b, h', w', 1], the discriminator's logits."""
        generator = Generator(self.channels, self.out_features, self.dtype, name="generator")
        frame, deepest = generator(stacked(windows[:, :-1]))
        outputs = {
            "hidden": deepest[:, None].astype(jnp.float32),
            "output": frame[:, None].astype(jnp.float32),
        }
        if self.judges:
            judge = Discriminator(self.judges, self.dtype, name="discriminator")
            outputs["real"] = judge(windows[:, -1]).astype(jnp.float32)
            outputs["fake"] = judge(frame).astype(jnp.float32)
        return outputs


def check_levels(name: str, channels: tuple[int, ...], feature_shape: tuple[int, ...]) -> None:
    """Refuse frames that cannot be halved between the levels of a U-Net.

    Args:
        name: of the model, for the message.
        channels: widths of the levels.
        feature_shape: (h, w, c).

    Raises:
        UserError: they cannot.
    """
    stride = 2 ** (len(channels) - 1)
    if undivided(feature_shape, stride):
        raise UserError(
            f"model {name} halves frames {len(channels) - 1} times, so height and width have to be "
            f"multiples of {stride}, but rows have shape {tuple(feature_shape)}; set "
            "features.height and features.width, or fewer model.channels"
        )


def _module(wanted: Wanted) -> FramePrediction:
    wide = tuple(2 * width for width in wanted.widths)
    # The published widths 64, 128, 256, 512 are judged by 128, 256, 512, 512.
    judges = (*wide[: JUDGES - 1], wanted.widths[-1])
    if not getattr(wanted.objective, "judged", False):
        judges = ()
    return FramePrediction(wanted.widths, judges, wanted.out_features, **wanted.fields)


build = builder(_module, check=check_levels)
