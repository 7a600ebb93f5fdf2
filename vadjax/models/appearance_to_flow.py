"""A scanner that predicts the motion of each cell from its appearance."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.errors import UserError
from vadjax.models.autoencoder import conv3x3
from vadjax.models.layers import dense, make_dropout
from vadjax.models.linen import LinenModel, read_fields, read_widths

DECAY = 0.995  # of the largest error, a training step


class AppearanceToFlow(nn.Module):
    """Predicts the motion of the window's last row from the appearance of the row before it.

    After Nguyen and Meunier 2019 (appearance-motion correspondence), on cells instead of pixels and
    without a memory of the past motion, so that what keeps on moving wrongly stays wrong. A 1x1
    layer and 3x3 convolutions; the first and the last hidden layer have a bias for each cell,
    because a fixed camera sees other speeds and directions in each.

    The state `calibration` follows the largest error that training windows have shown, for each
    row of cells and motion channel; it decays, so that the errors of early training are forgotten.

    Attributes:
        channels: widths of the hidden layers.
        num_motion: the first channels of a cell, which are its motion; the others, appearance.
        dropout: configured rate, before the last layer.
        dtype: of the computation.
    """

    channels: tuple[int, ...]
    num_motion: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    reductions = {"calibration": "max"}  # noqa: RUF012 - a constant, no field

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; also `scale` [b, 1, h, w, k], how large an error may be."""
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        x = windows[:, -2, ..., self.num_motion :].astype(self.dtype)  # [b, h, w, c]
        place = (*x.shape[1:3], self.channels[0])
        x = dense(self.channels[0], self.dtype, name="thin")(x)
        x = nn.relu(x + self.param("place", nn.initializers.zeros, place).astype(self.dtype))
        init = nn.initializers.variance_scaling(2.0, "fan_in", "truncated_normal")
        for i, width in enumerate(self.channels[1:]):
            kernel = self.param(f"conv_{i}", init, (3, 3, x.shape[-1], width))
            bias = self.param(f"conv_{i}_bias", nn.initializers.zeros, (width,))
            x = nn.relu(conv3x3(x, kernel.astype(self.dtype)) + bias.astype(self.dtype))
        last = (*x.shape[1:3], self.channels[-1])
        x = dense(self.channels[-1], self.dtype, name="last")(x)
        x = nn.relu(x + self.param("last_place", nn.initializers.zeros, last).astype(self.dtype))
        output = dense(self.num_motion, self.dtype, name="output")(drop(x, 0))
        output = output.astype(jnp.float32)
        scale = self._calibrate(output, windows[:, -1, ..., : self.num_motion], train)
        return {
            "hidden": x[:, None].astype(jnp.float32),
            "output": output[:, None],
            "scale": jnp.broadcast_to(scale, output.shape)[:, None],
        }

    def _calibrate(self, output, target, train):
        """Follow the largest errors in training; return them, kept from below by their mean."""
        shape = (output.shape[1], 1, self.num_motion)
        largest = self.variable("calibration", "largest", jnp.zeros, shape)
        if train and not self.is_initializing():
            errors = jnp.abs(jax.lax.stop_gradient(output) - target).max((0, 2))[:, None]
            largest.value = jnp.maximum(DECAY * largest.value, errors)
        value = largest.value  # [h, 1, k]
        return value + 0.3 * value.mean(0, keepdims=True) + 1e-6


def build(config, *, feature_shape, objective) -> LinenModel:
    """Build the scanner; see `models.create`.

    Args:
        config: the section `model`.
        feature_shape: shape of one row.
        objective: of the training.

    Returns:
        The model.

    Raises:
        UserError: a value out of range.
    """
    if feature_shape[2] <= objective.num_motion:
        raise UserError(
            f"model {config.name} reads maps (h, w, c) with {objective.num_motion} channels of "
            f"motion and others of appearance, but the features have shape {feature_shape}; use "
            "features.backbone=flow and features.tap=map"
        )
    module = AppearanceToFlow(
        channels=read_widths("model.channels", config.channels),
        num_motion=objective.num_motion,
        **read_fields(config),
    )
    return LinenModel(module, feature_shape, min_length=objective.min_length)
