"""A supervised scanner of maps: a window is as abnormal as its most abnormal place."""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.errors import UserError
from vadjax.models.autoencoder import conv3x3
from vadjax.models.layers import dense, make_dropout
from vadjax.models.model import Model, read_fields, read_widths


class PlaceScanner(nn.Module):
    """Classifies each place of a window of maps, and the window by its most abnormal places.

    All rows of the window are seen side by side by a 1x1 layer; 3x3 convolutions follow, the first
    of stride 2. The first and the last hidden layer have a bias for each place, because in a fixed
    camera's view the same look or motion means another thing in another place. The window's logits
    are the soft maximum over places (log-mean-exp), as in multiple-instance learning: labels say
    that a frame holds an anomaly, not where.

    Attributes:
        channels: widths of the hidden layers.
        out_features: number of logits.
        dropout: configured rate, before the last layer.
        dtype: of the computation.
    """

    channels: tuple[int, ...]
    out_features: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See Model.apply; also `places` [b, 1, h', w', k], the logits of each place."""
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        b, t, h, w, c = windows.shape
        x = jnp.moveaxis(windows, 1, 3).reshape(b, h, w, t * c).astype(self.dtype)
        x = self._placed(dense(self.channels[0], self.dtype, name="thin")(x), "place")
        x = jnp.pad(x, ((0, 0), (0, -h % 2), (0, -w % 2), (0, 0)))
        init = nn.initializers.variance_scaling(2.0, "fan_in", "truncated_normal")
        for i, width in enumerate(self.channels[1:]):
            kernel = self.param(f"conv_{i}", init, (3, 3, x.shape[-1], width))
            bias = self.param(f"conv_{i}_bias", nn.initializers.zeros, (width,))
            x = conv3x3(x, kernel.astype(self.dtype), stride=1 if i else 2)
            x = nn.relu(x + bias.astype(self.dtype))
        x = self._placed(dense(self.channels[-1], self.dtype, name="last")(x), "last_place")
        places = dense(self.out_features, self.dtype, name="output")(drop(x, 0))
        places = places.astype(jnp.float32)  # [b, h', w', k]
        logits = jax.nn.logsumexp(places, axis=(1, 2)) - math.log(places[0, ..., 0].size)
        return {
            "hidden": x[:, None].astype(jnp.float32),
            "output": logits[:, None],
            "places": places[:, None],
        }

    def _placed(self, x, name):
        """Add a bias for each place, and cut negative values."""
        return nn.relu(x + self.param(name, nn.initializers.zeros, x.shape[1:]).astype(x.dtype))


def build(config, *, feature_shape, objective) -> Model:
    """Build the scanner from the config section `model`; see `models.create`."""
    if objective.name != "classify":
        raise UserError(
            f"model {config.name} serves the objective classify only, but objective.name is "
            f"{objective.name!r}"
        )
    if len(feature_shape) != 3:
        raise UserError(
            f"model {config.name} reads maps (h, w, c), but the features have shape "
            f"{feature_shape}; use features.tap=map"
        )
    module = PlaceScanner(
        channels=read_widths("model.channels", config.channels),
        out_features=objective.out_features(feature_shape),
        **read_fields(config),
    )
    return Model(module, feature_shape, min_length=objective.min_length)
