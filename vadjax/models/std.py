"""STD, re-interpreted: appearance and motion apart, and clusters of both together.

After Chang et al., "Video anomaly detection with spatio-temporal dissociation" (Pattern Recognition
122, 2022). No code of theirs is public and the abstract is all that was read: widths, weights, how
clusters are drawn (at random; theirs is a deep k-means) and how errors make a score are ours.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.models.builder import builder
from vadjax.models.objectives.adversarial import edge_error
from vadjax.models.strided import Down, Up, check_strides
from vadjax.models.video_layers import stacked

CLUSTERED = 0.1  # weight of the distance from the clusters in the loss


class STD(nn.Module):
    """Rebuilds the last row of a window, and the differences between all its rows.

    The spatial stream reads the last row, the motion stream all of them; places whose motion code
    varies more over its channels weigh more (variance attention). Both codes of a place together
    lie at a distance from `clusters` learnt centres, which multiplies the place's errors.

    Attributes:
        channels: widths on the way down.
        clusters: number of centres.
        dropout: not used.
        dtype: of the computation; distances are float32.
    """

    channels: tuple[int, ...]
    clusters: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; `more_error`, `factor` [b, 1, h, w] and `penalty` [b, 1]."""
        frames = windows.astype(jnp.float32)
        t, c = windows.shape[1], windows.shape[-1]
        look = Down(self.channels, self.dtype, name="spatial_down")(windows[:, -1])
        motion = Down(self.channels, self.dtype, name="motion_down")(stacked(windows))
        motion = motion * attention(motion).astype(motion.dtype)
        rebuilt = Up(self.channels, c, self.dtype, name="spatial_up")(look)
        rebuilt = jnp.tanh(rebuilt).astype(jnp.float32)
        changes = Up(self.channels, (t - 1) * c, self.dtype, name="motion_up")(motion)
        wrong = changes.astype(jnp.float32) - stacked(jnp.diff(frames, axis=1))
        distance = self._distance(jnp.concatenate([look, motion], -1).astype(jnp.float32))
        stride = 2 ** len(self.channels)
        far = distance.repeat(stride, 1).repeat(stride, 2)  # [b, h, w], of the nearest place
        own = CLUSTERED * distance.mean((1, 2))
        own += edge_error(rebuilt, frames[:, -1]).mean((1, 2, 3))
        return {
            "hidden": motion[:, None].astype(jnp.float32),
            "output": rebuilt[:, None],
            "more_error": jnp.abs(wrong).mean(-1)[:, None],
            "factor": 1 + far[:, None],
            "penalty": own[:, None],
        }

    def _distance(self, code):
        """[b, h', w'], the mean squared difference to centres, weighed by how near they are."""
        init = nn.initializers.normal(1.0)
        centres = self.param("centres", init, (self.clusters, code.shape[-1]))
        squared = jnp.square(code[..., None, :] - centres).mean(-1)  # [b, h', w', k]
        return (jax.nn.softmax(-squared, -1) * squared).sum(-1)


def attention(code: jax.Array) -> jax.Array:
    """Weigh places by the soft-max of the variance of their channels, times the number of places.

    Args:
        code: [b, h, w, c].

    Returns:
        float32 [b, h, w, 1], 1 in the mean.
    """
    b, h, w, _ = code.shape
    varies = code.astype(jnp.float32).var(-1).reshape(b, h * w)
    return (h * w * jax.nn.softmax(varies, -1)).reshape(b, h, w, 1)


build = builder(  # `memory` is the number of clusters
    lambda wanted: STD(wanted.widths, int(wanted.config.memory), **wanted.fields),
    check=check_strides,
    min_length=lambda wanted: 2,
)
