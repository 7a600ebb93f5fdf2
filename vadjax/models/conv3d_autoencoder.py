"""Autoencoders of windows by 3-D convolutions, one with a memory (Gong et al., ICCV 2019)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.errors import UserError
from vadjax.models.builder import Wanted, builder
from vadjax.models.linen import LinenModel
from vadjax.models.memory_autoencoder import SPARSITY, TINY
from vadjax.models.strided import check_strides
from vadjax.models.video_layers import LEAKY, Conv, batch_norm

SHRINK = 0.0025  # addresses below are 0: the threshold of the authors' code
SIZE = (3, 3, 3)


class Conv3dAutoencoder(nn.Module):
    """Strided 3-D convolutions down and transposed ones up, batch norm and leaky ReLU after each.

    The first layer halves height and width, all others the length too. With `items` the code at
    each place is replaced by what is like it in a memory, which the gradient learns: the network
    of donggong1/memae-anomaly-detection.

    Attributes:
        channels: widths on the way down.
        items: of the memory; 0 is none.
        out_features: channels of a frame.
        dropout: not used.
        dtype: of the computation; the memory is read in float32.
    """

    channels: tuple[int, ...]
    items: int
    out_features: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    reductions = {"batch_stats": "mean"}  # noqa: RUF012 - a constant, no field

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; with a memory also `penalty` [b, 1]."""
        x, outputs = windows, {}
        for i, width in enumerate(self.channels):
            x = self._block(x, width, f"down_{i}", train, strides=(2 if i else 1, 2, 2))
        outputs["hidden"] = x.astype(jnp.float32)
        if self.items:
            init = nn.initializers.variance_scaling(1 / 3, "fan_out", "uniform")
            memory = self.param("memory", init, (self.items, x.shape[-1]))
            weight = address(outputs["hidden"], memory)
            entropy = -(weight * jnp.log(weight + TINY)).sum(-1)
            outputs["penalty"] = SPARSITY * entropy.mean((1, 2, 3))[:, None]
            x = (weight @ memory).astype(self.dtype)
        for i in reversed(range(1, len(self.channels))):
            up = {"strides": (2, 2, 2), "extra": (1, 1, 1)}
            x = self._block(x, self.channels[i - 1], f"up_{i}", train, **up)
        last = Conv(
            self.out_features,
            SIZE,
            strides=(1, 2, 2),
            extra=(0, 1, 1),
            dtype=self.dtype,
            name="output",
        )
        x = last(x)
        rows = x if num_outputs is None else x[:, -num_outputs:]
        return {**outputs, "output": rows.astype(jnp.float32)}

    def _block(self, x, width, name, train, **moved):
        x = Conv(width, SIZE, dtype=self.dtype, name=name, **moved)(x)
        x = batch_norm(train, self.dtype, name=f"{name}_norm")(x)
        return nn.leaky_relu(x, LEAKY)


def address(code: jax.Array, memory: jax.Array) -> jax.Array:
    """Weigh the items of a memory by their products with a code, as the authors' code does.

    The paper has cosines; `memory_autoencoder.address` is that form.

    Args:
        code: float32 [..., z].
        memory: float32 [n, z].

    Returns:
        float32 [..., n], below `SHRINK` 0, of sum 1.
    """
    weight = jax.nn.softmax(code @ memory.T, axis=-1)
    above = weight - SHRINK
    kept = jax.nn.relu(above) * weight / (jnp.abs(above) + TINY)
    return kept / jnp.maximum(kept.sum(-1, keepdims=True), TINY)


class WholeWindows(LinenModel):
    """A model whose strides have to divide the window."""

    def _check(self, windows, row_shape) -> None:
        super()._check(windows, row_shape)
        if windows.shape[1] % self.min_length:
            raise UserError(
                f"window.length is {windows.shape[1]}, but this model halves windows until "
                f"{self.min_length} rows are one: give a multiple of {self.min_length}"
            )


def _module(wanted: Wanted) -> Conv3dAutoencoder:
    items = int(wanted.config.memory) if wanted.config.name == "memae" else 0
    return Conv3dAutoencoder(wanted.widths, items, wanted.out_features, **wanted.fields)


build = builder(
    _module,
    check=check_strides,
    min_length=lambda wanted: 2 ** (len(wanted.widths) - 1),
    model=WholeWindows,
)
