"""A supervised scanner of maps: a window is as abnormal as its most abnormal places."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.errors import UserError
from vadjax.models.autoencoder import conv3x3
from vadjax.models.layers import dense, make_dropout
from vadjax.models.model import Model, read_fields, read_widths

MOST = 3  # places whose mean is the window's logit


class PlaceScanner(nn.Module):
    """Tells of each place of the window's last row whether it is abnormal, from all its rows.

    A small U-Net (Ronneberger et al. 2015) over cells: all rows of the window are seen side by side
    by a 1x1 layer, two halvings widen the view to a third of a walkway, and the fine layer stands
    beside the coarse ones again. The first and the last layer have a bias for each place, because
    in a fixed camera's view the same look or motion means another thing in another place. The
    window's logit is the mean of its most abnormal places'.

    Attributes:
        channels: widths of the full, the half and the quarter resolution.
        out_features: number of logits.
        dropout: configured rate, before the last layer.
        dtype: of the computation.
    """

    channels: tuple[int, int, int]
    out_features: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See Model.apply; also `places` [b, 1, h, w, k], the logits of each place."""
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        b, t, h, w, c = windows.shape
        full, half, quarter = self.channels
        x = jnp.moveaxis(windows, 1, 3).reshape(b, h, w, t * c).astype(self.dtype)
        fine = self._placed(dense(full, self.dtype, name="thin")(x), "place")
        middle = self._conv(self._conv(_halved(fine), half, "half_0"), half, "half_1")
        coarse = self._conv(self._conv(_halved(middle), quarter, "quarter_0"), quarter, "quarter_1")
        middle = self._conv(_beside(middle, coarse), half, "half_2")
        x = self._placed(dense(full, self.dtype, name="last")(_beside(fine, middle)), "last_place")
        places = dense(self.out_features, self.dtype, name="output")(drop(x, 0))
        places = places.astype(jnp.float32)  # [b, h, w, k]
        flat = jnp.moveaxis(places.reshape(b, h * w, -1), 1, 2)  # [b, k, h w]
        logits = jax.lax.top_k(flat, min(MOST, h * w))[0].mean(-1)
        return {
            "hidden": x[:, None].astype(jnp.float32),
            "output": logits[:, None],
            "places": places[:, None],
        }

    def _placed(self, x, name):
        """Add a bias for each place, and cut negative values."""
        return nn.relu(x + self.param(name, nn.initializers.zeros, x.shape[1:]).astype(x.dtype))

    def _conv(self, x, width, name):
        init = nn.initializers.variance_scaling(2.0, "fan_in", "truncated_normal")
        kernel = self.param(name, init, (3, 3, x.shape[-1], width))
        bias = self.param(f"{name}_bias", nn.initializers.zeros, (width,))
        return nn.relu(conv3x3(x, kernel.astype(self.dtype)) + bias.astype(self.dtype))


def _halved(x):
    """Average 2x2 places: [b, h, w, c] to [b, ceil(h / 2), ceil(w / 2), c]."""
    b, h, w, c = x.shape
    x = jnp.pad(x, ((0, 0), (0, h % 2), (0, w % 2), (0, 0)))
    return x.reshape(b, (h + 1) // 2, 2, (w + 1) // 2, 2, c).mean((2, 4))


def _beside(fine, coarse):
    """Repeat the coarse places 2x2 and put them beside the fine ones' channels."""
    _, h, w, _ = fine.shape
    return jnp.concatenate([fine, coarse.repeat(2, 1).repeat(2, 2)[:, :h, :w]], axis=-1)


def build(config, *, feature_shape, objective) -> Model:
    """Build the scanner from the config section `model`; see `models.create`."""
    if objective.name not in ("classify", "segment"):
        raise UserError(
            f"model {config.name} serves the objectives classify and segment, but objective.name "
            f"is {objective.name!r}"
        )
    if len(feature_shape) != 3:
        raise UserError(
            f"model {config.name} reads maps (h, w, c), but the features have shape "
            f"{feature_shape}; use features.tap=map"
        )
    widths = read_widths("model.channels", config.channels)
    if len(widths) != 3:
        raise UserError(
            f"model {config.name} has three resolutions, but model.channels is {widths}; give "
            "three widths, such as (48, 64, 64)"
        )
    module = PlaceScanner(
        channels=widths,
        out_features=objective.out_features(feature_shape),
        **read_fields(config),
    )
    return Model(module, feature_shape, min_length=objective.min_length)
