"""The memory-augmented autoencoder of single rows (MemAE, Gong et al. 2019, arXiv 1904.02639)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.models.builder import Wanted, builder
from vadjax.models.layers import dense, make_dropout

SPARSITY = 0.0002  # weight of the entropy of the addresses, that of the paper
TINY = 1e-12


class MemoryAutoencoder(nn.Module):
    """ReLU layers down to a code, the memory's nearest items in its place, and up again.

    An abnormal row has to be rebuilt from what normal rows have left in the memory.

    Attributes:
        units: widths down to and with the code.
        items: number of the memory's items.
        out_features: width of the features.
        dropout: configured rate, on what was read from the memory.
        dtype: of the computation; the memory is read in float32.
    """

    units: tuple[int, ...]
    items: int
    out_features: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; hidden is the code, `address` [b, s, items], `penalty` [b, s]."""
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        x = windows if num_outputs is None else windows[:, -num_outputs:]
        for i, width in enumerate(self.units[:-1]):
            x = nn.relu(dense(width, self.dtype, name=f"encoder_{i}")(x))
        code = dense(self.units[-1], self.dtype, name="code")(x).astype(jnp.float32)
        init = nn.initializers.variance_scaling(1 / 3, "fan_out", "uniform")  # that of its code
        memory = self.param("memory", init, (self.items, self.units[-1]))
        weight = address(code, memory)
        x = drop((weight @ memory).astype(self.dtype), 0)
        for i, width in enumerate(self.units[-2::-1]):
            x = nn.relu(dense(width, self.dtype, name=f"decoder_{i}")(x))
        output = dense(self.out_features, self.dtype, name="output")(x)
        return {
            "hidden": code,
            "output": output.astype(jnp.float32),
            "address": weight,
            "penalty": -SPARSITY * (weight * jnp.log(weight + TINY)).sum(-1),
        }


def address(code: jax.Array, memory: jax.Array) -> jax.Array:
    """Weigh the items of a memory by how much they are like a code (equations 3 to 7).

    The soft-max of cosine similarities, without what lies below 1 / items (hard shrinkage; the
    paper wants a threshold between 1 and 3 of these), normalised to a sum of 1.

    Args:
        code: float32 [..., z].
        memory: float32 [n, z].

    Returns:
        float32 [..., n].
    """
    weight = jax.nn.softmax(_unit(code) @ _unit(memory).T, axis=-1)
    above = weight - 1 / len(memory)
    kept = jax.nn.relu(above) * weight / (jnp.abs(above) + TINY)
    return kept / jnp.maximum(kept.sum(-1, keepdims=True), TINY)


def _unit(x: jax.Array) -> jax.Array:
    return x * jax.lax.rsqrt(jnp.square(x).sum(-1, keepdims=True) + TINY)


def _module(wanted: Wanted) -> MemoryAutoencoder:
    items = int(wanted.config.memory)
    return MemoryAutoencoder(wanted.widths, items, wanted.out_features, **wanted.fields)


build = builder(_module)
