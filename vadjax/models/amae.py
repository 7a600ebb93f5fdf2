"""AMAE, re-interpreted: appearance and motion are coded apart and decoded together.

After Liu et al., "Appearance-motion united auto-encoder framework for video anomaly detection"
(IEEE TCAS-II 69(5), 2022). No code of theirs is public and the abstract is all that was read:
widths, losses and their weights, and how errors make a score are ours.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.models.builder import builder
from vadjax.models.objectives.adversarial import edge_error
from vadjax.models.strided import Down, Up, check_strides
from vadjax.models.video_layers import stacked

SQUEEZE, LEAST = 16, 4  # the channels over this, or this many, between the attention's layers


class AMAE(nn.Module):
    """Predicts the last row of a window from the rows before it.

    A spatial autoencoder rebuilds the newest row that it may read; a temporal one gives the change
    from that row to the next from all rows; a third decoder makes the next row of both codes,
    whose channels it weighs (squeeze and excitation, Hu et al. 2018).

    Attributes:
        channels: widths on the way down.
        out_features: channels of a frame.
        dropout: not used.
        dtype: of the computation.
    """

    channels: tuple[int, ...]
    out_features: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; `more_error` [b, 1, h, w] of the change, `penalty` [b, 1]."""
        past, newest = windows[:, :-1], windows[:, -2]
        target = jax.lax.stop_gradient(windows[:, -1].astype(jnp.float32))
        look = Down(self.channels, self.dtype, name="spatial_down")(newest)
        motion = Down(self.channels, self.dtype, name="temporal_down")(stacked(past))
        rebuilt = self._up(look, "spatial_up", jnp.tanh)
        change = self._up(motion, "temporal_up")
        frame = self._up(self._weighed(jnp.concatenate([look, motion], -1)), "up", jnp.tanh)
        moved = jnp.abs(change - (target - newest.astype(jnp.float32))).mean(-1)
        own = jnp.square(rebuilt - newest).mean((1, 2, 3)) + edge_error(frame, target).mean(
            (1, 2, 3)
        )
        return {
            "hidden": motion[:, None].astype(jnp.float32),
            "output": frame[:, None],
            "more_error": moved[:, None],
            "penalty": own[:, None],
        }

    def _up(self, x, name, activation=lambda x: x):
        made = Up(self.channels, self.out_features, self.dtype, name=name)
        return activation(made(x)).astype(jnp.float32)

    def _weighed(self, x):
        """Multiply channels by a weight in 0 .. 1 that follows from their means."""
        width = x.shape[-1]
        x_mean = x.mean((1, 2))
        narrow = nn.Dense(max(LEAST, width // SQUEEZE), dtype=self.dtype, name="squeeze")(x_mean)
        weight = nn.sigmoid(nn.Dense(width, dtype=self.dtype, name="excite")(nn.relu(narrow)))
        return x * weight[:, None, None]


build = builder(
    lambda wanted: AMAE(wanted.widths, wanted.out_features, **wanted.fields), check=check_strides
)
