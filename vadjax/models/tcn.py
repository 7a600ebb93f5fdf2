"""A temporal convolutional network: causal, dilated, residual (Bai et al. 2018, 1803.01271)."""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.models.layers import Head, dense, make_dropout, scanner_fields
from vadjax.models.linen import LinenModel

KERNEL = 3  # rows of a convolution


def receptive_field(num_blocks: int) -> int:
    """Return how many rows an output of so many blocks can see.

    >>> receptive_field(4)
    61
    """
    return 1 + 2 * (KERNEL - 1) * (2**num_blocks - 1)


class CausalConvolution(nn.Module):
    """A weight-normalised convolution (Salimans and Kingma 2016) over a row and rows before it.

    Written as one product over shifted rows side by side, as in `autoencoder.conv3x3`. Rows before
    the first are zeros.

    Attributes:
        width: of the output.
        dilation: rows between the taps.
        dtype: of the computation.
    """

    width: int
    dilation: int
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, x):
        """Map [b, t, c] to [b, t, width]; the last of the kernel's taps is the row itself."""
        kernel = self.param(
            "kernel", nn.initializers.normal(0.01), (KERNEL, x.shape[-1], self.width)
        )
        scale = self.param("scale", lambda _: _norms(kernel))
        bias = self.param("bias", nn.initializers.zeros, (self.width,))
        weight = (kernel * (scale / _norms(kernel))).astype(self.dtype)
        back = self.dilation * (KERNEL - 1)
        padded = jnp.pad(x.astype(self.dtype), ((0, 0), (back, 0), (0, 0)))
        taps = [padded[:, i * self.dilation :][:, : x.shape[1]] for i in range(KERNEL)]
        out = jnp.concatenate(taps, -1) @ weight.reshape(-1, self.width)
        return out + bias.astype(self.dtype)


def _norms(kernel: jax.Array) -> jax.Array:
    """Return the norm of the weights of each output: [k, c, o] to [o]."""
    return jnp.sqrt(jnp.square(kernel).sum((0, 1)) + 1e-12)


class TemporalConvolutions(nn.Module):
    """Blocks of two convolutions and a shortcut, dilation 1, 2, 4 ..., then a head.

    By objective:

    - predict: reads rows 0..t-2; each gives the next one, s = t - 1.
    - classify: the last row gives the logits, s = 1.

    Attributes:
        units: width of each block.
        out_features: width of the output.
        task: name of the objective.
        head: widths of the head's hidden layers.
        dropout: configured rate, after each convolution and before the head's layers.
        dtype: of the computation.
    """

    units: tuple[int, ...]
    out_features: int
    task: str
    head: tuple[int, ...] = ()
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; hidden is the last block, [b, t or t - 1, units[-1]]."""
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        x = windows[:, :-1] if self.task == "predict" else windows
        for i, width in enumerate(self.units):
            inner = x
            for j in range(2):
                convolution = CausalConvolution(width, 2**i, self.dtype, name=f"block_{i}_{j}")
                inner = drop(nn.relu(convolution(inner)), 2 * i + j)
            if x.shape[-1] != width:
                x = dense(width, self.dtype, name=f"shortcut_{i}")(x)
            x = nn.relu(x + inner)
        rows = x if self.task == "predict" or (num_outputs or 1) > 1 else x[:, -1:]
        rows = rows if num_outputs is None else rows[:, -num_outputs:]
        head = Head(self.head, self.out_features, self.dtype, name="head")
        return {"hidden": x.astype(jnp.float32), "output": head(rows, drop, 2 * len(self.units))}


@dataclasses.dataclass(frozen=True)
class TemporalConvolutionModel(LinenModel):
    """A temporal convolutional network over the rows of a window."""

    @property
    def every_row(self) -> bool:
        """No row's output reads a later one."""
        return True


def build(config, *, feature_shape, objective) -> TemporalConvolutionModel:
    """Build a temporal convolutional network; see `models.create`.

    Args:
        config: the section `model`.
        feature_shape: shape of one row.
        objective: of the training.

    Returns:
        The model.

    Raises:
        UserError: a value out of range.
    """
    fields = scanner_fields(config, feature_shape=feature_shape, objective=objective)
    module = TemporalConvolutions(**fields)
    return TemporalConvolutionModel(module, feature_shape, min_length=objective.min_length)
