"""A Transformer encoder over the rows of a window, with causal attention unless told otherwise."""

import dataclasses
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vadjax.models.layers import Head, dense, make_dropout, scanner_fields
from vadjax.models.linen import LinenModel

HEAD_WIDTH = 32  # units of one attention head


def num_heads(width: int) -> int:
    """Return how many attention heads a block has: one for every 32 units.

    >>> num_heads(128), num_heads(48)
    (4, 1)

    A width that 32 does not divide has one head.
    """
    return width // HEAD_WIDTH if width % HEAD_WIDTH == 0 else 1


def positions(length: int, width: int) -> np.ndarray:
    """Return the sinusoids of Vaswani et al. 2017, section 3.5.

    Args:
        length: number of rows.
        width: of a row.

    Returns:
        [length, width] float32; columns 2i and 2i + 1 are the sine and cosine of
        row / 10000^(2i / width).
    """
    angle = np.arange(length)[:, None] / 10000.0 ** (np.arange(0, width, 2) / width)
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(length, -1)
    return waves[:, :width].astype(np.float32)


class Block(nn.Module):
    """Attention over rows, then two dense layers, each on normalised rows and added to its input.

    It is torch's `TransformerEncoderLayer` with `norm_first` (Xiong et al. 2020), with a ReLU layer
    of four times the width, without biases of queries, keys and values (that of the keys has no
    effect), and without dropout inside attention and between the two dense layers.

    Attributes:
        width: of a row; `num_heads` gives the heads.
        causal: a row attends to itself and the rows before it; else to all rows.
        dtype: of the computation; the softmax is in float32.
    """

    width: int
    causal: bool
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, x, drop, layer):
        """Map [b, t, width] to the same shape; `layer` numbers the first of two dropouts."""
        norm = functools.partial(nn.LayerNorm, epsilon=1e-5, dtype=self.dtype)
        of_rows = nn.Dense(
            3 * self.width,
            use_bias=False,
            dtype=self.dtype,
            kernel_init=nn.initializers.glorot_uniform(),
            name="query_key_value",
        )(norm(name="attention_norm")(x))
        query, key, value = (
            part.reshape(*x.shape[:2], num_heads(self.width), -1)  # [b, t, heads, width / heads]
            for part in jnp.split(of_rows, 3, axis=-1)
        )
        seen = jax.nn.dot_product_attention(query, key, value, is_causal=self.causal)
        seen = dense(self.width, self.dtype, name="attention_output")(seen.reshape(x.shape))
        x = x + drop(seen, layer)
        inner = dense(4 * self.width, self.dtype, name="inner")(norm(name="dense_norm")(x))
        return x + drop(dense(self.width, self.dtype, name="outer")(nn.relu(inner)), layer + 1)


class TransformerScanner(nn.Module):
    """A dense layer on every row, sinusoidal positions, pre-norm blocks, a norm and a head.

    By objective:

    - predict: reads rows 0..t-2. With causal attention each row gives the next one, s = t - 1; with
      attention to all rows the last row that is read gives the last row of the window, s = 1.
    - classify: the last row gives the logits, s = 1.

    Attributes:
        units: width of each block; between blocks of two widths stands a dense layer.
        out_features: width of the output.
        task: name of the objective.
        bidirectional: rows attend to later rows too.
        head: widths of the head's hidden layers.
        dropout: configured rate, on what a block adds to its input and before the head's layers.
        dtype: of the computation.
    """

    units: tuple[int, ...]
    out_features: int
    task: str
    bidirectional: bool = False
    head: tuple[int, ...] = ()
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; hidden is the last norm, [b, t or t - 1, units[-1]]."""
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        x = windows[:, :-1] if self.task == "predict" else windows
        x = dense(self.units[0], self.dtype, name="embedding")(x)
        x = x + positions(*x.shape[1:]).astype(self.dtype)
        for i, width in enumerate(self.units):
            if x.shape[-1] != width:
                x = dense(width, self.dtype, name=f"resize_{i}")(x)
            x = Block(width, not self.bidirectional, self.dtype, name=f"block_{i}")(x, drop, 2 * i)
        x = nn.LayerNorm(epsilon=1e-5, dtype=self.dtype, name="norm")(x)
        every_row = self.task == "predict" or (num_outputs or 1) > 1
        every_row = every_row and not self.bidirectional
        rows = x if every_row else x[:, -1:]
        rows = rows if num_outputs is None else rows[:, -num_outputs:]
        head = Head(self.head, self.out_features, self.dtype, name="head")
        return {"hidden": x.astype(jnp.float32), "output": head(rows, drop, 2 * len(self.units))}


@dataclasses.dataclass(frozen=True)
class TransformerModel(LinenModel):
    """A transformer over the rows of a window."""

    @property
    def every_row(self) -> bool:
        """Under causal attention each row's output reads no later row."""
        return not self.module.bidirectional


def build(config, *, feature_shape, objective) -> TransformerModel:
    """Build the model; see `models.create`.

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
    module = TransformerScanner(bidirectional=bool(config.bidirectional), **fields)
    return TransformerModel(module, feature_shape, min_length=objective.min_length)
