"""MNAD: a memory of normal patterns inside an autoencoder (Park et al., CVPR 2020)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.models.builder import Wanted, builder
from vadjax.models.convolution import max_pool
from vadjax.models.frame_prediction import check_levels
from vadjax.models.video_layers import Conv, batch_norm, stacked

WEIGHTS = {"predict": 0.1, "reconstruct": 0.01}  # of either loss of the memory
MARGIN, NEAR = 1.0, 1e-6  # of the triplet loss; added to differences, as torch does
TINY = 1e-12


class MNAD(nn.Module):
    """Rebuilds a frame from what it looks like and from the items of a memory that are like it.

    As cvlab-yonsei/MNAD has it. Under "predict" the frames before give the next one, over skip
    connections; under "reconstruct" a frame gives itself, without any. The items are state, which
    training updates without a gradient, and which scoring leaves as it is: the published code goes
    on updating them with test frames, by a rule of its own.

    Attributes:
        channels: widths from the full resolution down; each level halves the one above.
        items: number of the memory's items.
        out_features: channels of a frame.
        task: "predict" or "reconstruct".
        dropout: not used.
        dtype: of the computation; the memory is read in float32.
    """

    channels: tuple[int, ...]
    items: int
    out_features: int
    task: str
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    reductions = {"memory": "mean", "batch_stats": "mean"}  # noqa: RUF012 - a constant, no field

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; `compactness` and `penalty` [b, 1], of the memory."""
        predicts, widths = self.task == "predict", self.channels
        x, skips = stacked(windows[:, :-1] if predicts else windows[:, -1:]), []
        deep = len(widths) - 1
        for i, width in enumerate(widths[:-1]):
            x = self._twice(max_pool(x) if i else x, width, f"down_{i}", train)
            skips.append(x)
        x = self._block(max_pool(x), widths[deep], f"down_{deep}_0", train)
        x = Conv(widths[deep], dtype=self.dtype, name=f"down_{deep}_1")(x)
        query = unit(x.astype(jnp.float32))  # [b, h', w', d]
        memory = self.variable("memory", "items", self._draw, widths[deep])
        b, h, w, depth = query.shape
        items, flat = memory.value, query.reshape(b, h * w, depth)
        compactness, separateness = distances(flat, items)
        like = jax.lax.stop_gradient(jax.nn.softmax(query @ items.T, axis=-1))
        x = jnp.concatenate([query, like @ items], axis=-1).astype(self.dtype)
        if train and not self.is_initializing():
            memory.value = updated(items, flat.reshape(-1, flat.shape[-1]))
        x = self._twice(x, widths[deep], "code", train)
        for i in reversed(range(deep)):
            x = self._block(x, widths[i + (not predicts)], f"up_{i}", train, up=True)
            x = jnp.concatenate([skips[i], x], axis=-1) if predicts else x
            x = self._twice(x, widths[i], f"merge_{i}", train)
        frame = jnp.tanh(Conv(self.out_features, dtype=self.dtype, name="output")(x))
        return {
            "hidden": query[:, None],
            "output": frame[:, None].astype(jnp.float32),
            "compactness": compactness[:, None],
            "penalty": WEIGHTS[self.task] * (compactness + separateness)[:, None],
        }

    def _draw(self, width: int) -> jax.Array:
        key = self.make_rng("params")
        return unit(jax.random.uniform(key, (self.items, width), jnp.float32))

    def _twice(self, x, width, name, train):
        return self._block(self._block(x, width, f"{name}_0", train), width, f"{name}_1", train)

    def _block(self, x, width, name, train, up=False):
        strides, extra = (2, 1) if up else (1, None)
        x = Conv(width, strides=strides, extra=extra, dtype=self.dtype, name=name)(x)
        return nn.relu(batch_norm(train, self.dtype, name=f"{name}_norm")(x))


def unit(x: jax.Array) -> jax.Array:
    """Scale vectors [..., d] to length 1."""
    return x / jnp.maximum(jnp.linalg.norm(x, axis=-1, keepdims=True), TINY)


def distances(query: jax.Array, items: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return how far queries are from their items: equations 8 and 9, means over queries.

    Args:
        query: float32 [b, n, d], of length 1.
        items: float32 [m, d].

    Returns:
        compactness [b], the mean squared difference to the nearest item; separateness [b], by how
        much the second nearest is not `MARGIN` farther.
    """
    items = jnp.asarray(items)  # variables may be arrays of numpy
    score = query @ items.T  # [b, n, m]
    _, nearest = jax.lax.top_k(score, 2)
    first, second = items[nearest[..., 0]], items[nearest[..., 1]]
    near, far = (jnp.sqrt(jnp.square(query - x + NEAR).sum(-1)) for x in (first, second))
    compactness = jnp.square(query - first).mean((1, 2))
    return compactness, jax.nn.relu(near - far + MARGIN).mean(1)


def updated(items: jax.Array, query: jax.Array) -> jax.Array:
    """Move each item towards the queries whose nearest item it is: equations 5 to 7.

    Args:
        items: float32 [m, d].
        query: float32 [n, d].

    Returns:
        The items, without a gradient.
    """
    items, query = jax.lax.stop_gradient((items, query))
    score = query @ items.T
    own = jax.nn.one_hot(score.argmax(1), len(items))
    weight = own * jnp.exp(score - score.max(0))  # the soft-max over queries, by its largest
    return unit(items + weight.T @ query)


def _module(wanted: Wanted) -> MNAD:
    items, task = int(wanted.config.memory), wanted.objective.name
    return MNAD(wanted.widths, items, wanted.out_features, task, **wanted.fields)


build = builder(_module, check=check_levels)
