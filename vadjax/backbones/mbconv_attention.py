"""Blocks that CoAtNet and MaxViT share: inverted residuals, attention with relative positions.

MBConv with batch norm in front: arXiv 2106.04803, appendix A.1. Relative positions: a learnt
number for each head and each offset between two tokens of a square, as in arXiv 2103.14030, eq. 4;
our tables are [offsets, heads], of offsets (query - key) in rows, then columns.
"""

import dataclasses
import functools
import math
import re
from collections.abc import Iterator, Mapping

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones.convolution import Padding
from vadjax.backbones.layers import (
    ACTIVATIONS,
    BatchNorm,
    ConvBnAct,
    SqueezeExcite,
    fold_batch_norm,
)
from vadjax.backbones.port import Rule, conv_rules, dense_rules, layer_norm_rules, norm_rules

HEAD_WIDTH = 32


@dataclasses.dataclass(frozen=True)
class MBConvSpec:
    """What tells the inverted residual blocks of one network from those of another.

    Attributes:
        act: A key of `ACTIVATIONS`.
        squeeze: The blocks' inner width over the width of the layer between in their gates.
        squeeze_act: Of that layer.
        squeeze_first: Gates come before the depthwise convolution's batch norm, not behind it.
        widen_output: The inner width is four times the output's, not the input's.
        prenorm_act: An activation follows the batch norm in front.
        pool: Halve the resolution by pooling in front, not by the depthwise convolution's stride.
        bias: Of the projection, and of the shortcut where widths differ.
        padding: As `conv` takes it.
        eps: Batch norm's.
    """

    act: str
    squeeze: int
    squeeze_act: str = "silu"
    squeeze_first: bool = False
    widen_output: bool = False
    prenorm_act: bool = False
    pool: bool = False
    bias: bool = True
    padding: Padding = "symmetric"
    eps: float = 1e-5


def halve(x: jax.Array) -> jax.Array:
    """Average squares of 2x2 places of a map [b, h, w, c] with even sides."""
    b, h, w, c = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, c).mean((2, 4))


class Stem(nn.Module):
    """Two 3x3 convolutions, of which the first halves the resolution."""

    widths: tuple[int, int]
    spec: MBConvSpec
    bias: bool
    folded: bool

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        spec = self.spec
        conv = functools.partial(ConvBnAct, kernel=3, padding=spec.padding, folded=self.folded)
        x = conv(self.widths[0], stride=2, act=spec.act, eps=spec.eps, name="conv1")(x, train)
        return conv(self.widths[1], norm=False, bias=self.bias, act="", name="conv2")(x)


class MBConv(nn.Module):
    """Batch norm, expand by a 1x1, convolve depthwise, gate channels, project by a 1x1."""

    spec: MBConvSpec
    features: int
    stride: int
    folded: bool

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        spec, act = self.spec, ACTIVATIONS[self.spec.act]
        width = 4 * (self.features if spec.widen_output else x.shape[-1])
        conv = functools.partial(ConvBnAct, width, eps=spec.eps, folded=self.folded)
        norm = functools.partial(BatchNorm, spec.eps, self.folded)
        squeeze = SqueezeExcite(width // spec.squeeze, spec.squeeze_act, name="squeeze")

        shortcut = halve(x) if self.stride == 2 else x
        if shortcut.shape[-1] != self.features:
            shortcut = nn.Dense(self.features, spec.bias, name="shortcut")(shortcut)
        x = norm(name="prenorm")(x, train)
        x = act(x) if spec.prenorm_act else x
        stride = self.stride
        if spec.pool and stride == 2:
            x, stride = halve(x), 1
        x = conv(act=spec.act, name="expand")(x, train)  # [b, h, w, width]
        depthwise = functools.partial(
            conv, kernel=3, stride=stride, padding=spec.padding, depthwise=True, name="depthwise"
        )
        if spec.squeeze_first:
            x = depthwise(norm=False, bias=False, act="")(x)
            x = act(norm(name="depthwise_norm")(squeeze(x), train))
        else:
            x = squeeze(depthwise(act=spec.act)(x, train))
        return shortcut + nn.Dense(self.features, spec.bias, name="project")(x)


class Attention(nn.Module):
    """Attention among the tokens of a square [n, side * side, c], in heads of 32 channels."""

    features: int
    folded: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        n, t, c = x.shape
        qkv = nn.Dense(3 * c, name="qkv")(x).reshape(n, t, 3, c // HEAD_WIDTH, HEAD_WIDTH)
        q, k, v = qkv.transpose(2, 0, 3, 1, 4)  # each [n, heads, t, d]
        scores = (q * HEAD_WIDTH**-0.5) @ k.mT  # [n, heads, t, t]
        scores += RelativeBias(c // HEAD_WIDTH, t, self.folded, name="relative")()
        weights = jax.nn.softmax(scores.astype(jnp.float32)).astype(x.dtype)
        x = (weights @ v).swapaxes(1, 2).reshape(n, t, c)
        return nn.Dense(self.features, name="project")(x)


class RelativeBias(nn.Module):
    """What attention adds to the scores of two tokens: a table's entry for their offset.

    Folded, the table is spread out already, because looking up is slow.
    """

    heads: int
    tokens: int
    folded: bool

    @nn.compact
    def __call__(self) -> jax.Array:
        if self.folded:
            return self.param("bias", nn.initializers.zeros, (self.heads, self.tokens, self.tokens))
        side = math.isqrt(self.tokens)
        shape = ((2 * side - 1) ** 2, self.heads)
        return spread(self.param("table", nn.initializers.normal(0.02), shape))


class MLP(nn.Module):
    """A dense layer of four times the width and one back."""

    act: str

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        width = x.shape[-1]
        x = ACTIVATIONS[self.act](nn.Dense(4 * width, name="expand")(x))
        return nn.Dense(width, name="project")(x)


def spread(table):
    """Give each pair of tokens its offset's entry: [offsets, heads] -> [heads, t, t]."""
    return table[_offsets((math.isqrt(len(table)) + 1) // 2)].transpose(2, 0, 1)


@functools.cache
def _offsets(side: int) -> np.ndarray:
    """Return the row [t, t] of a table that holds the offset of two tokens of a square."""
    places = np.stack(np.divmod(np.arange(side * side), side), axis=-1)  # [t, 2]
    offsets = places[:, None] - places + side - 1  # [t, t, 2], from 0
    return offsets[..., 0] * (2 * side - 1) + offsets[..., 1]


def fold(variables: Mapping, *, eps: float) -> dict:
    """Fold every batch norm (see `fold_batch_norm`) and expand every table of offsets.

    Args:
        variables: {"params", "batch_stats"} of a network built with `folded=False`.
        eps: Batch norm's epsilon.

    Returns:
        {"params"} of the same network built with `folded=True`.
    """

    def walk(params):
        if "table" in params:
            return {"bias": spread(np.asarray(params["table"]))}
        return {k: walk(v) if isinstance(v, Mapping) else v for k, v in params.items()}

    return {"params": walk(fold_batch_norm(variables, eps=eps)["params"])}


def stem_rules() -> tuple[Rule, ...]:
    """Return the rules of `Stem`, of timm's names."""
    return (
        *conv_rules("stem/conv1", "stem.conv1", "stem.norm1"),
        *conv_rules("stem/conv2", "stem.conv2"),
    )


def mbconv_rules(ours: str, theirs: str, *, squeeze_first: bool = False) -> Iterator[Rule]:
    """Yield the rules of one `MBConv`, for timm's names.

    Args:
        ours: Path of the block.
        theirs: Its name in timm.
        squeeze_first: Whether squeeze-and-excitation precedes the batch norm.

    Yields:
        Rules of `port`.
    """
    squeeze = f"{theirs}.{'se_early' if squeeze_first else 'se'}"
    yield from norm_rules(f"{ours}/prenorm", f"{theirs}.pre_norm")
    yield from conv_rules(f"{ours}/expand", f"{theirs}.conv1_1x1", f"{theirs}.norm1")
    yield from conv_rules(f"{ours}/depthwise", f"{theirs}.conv2_kxk")
    after = f"{ours}/depthwise_norm" if squeeze_first else f"{ours}/depthwise"
    yield from norm_rules(after, f"{theirs}.norm2")
    yield from dense_rules(f"{ours}/squeeze/reduce", f"{squeeze}.fc1", "conv_as_linear")
    yield from dense_rules(f"{ours}/squeeze/expand", f"{squeeze}.fc2", "conv_as_linear")
    yield from dense_rules(f"{ours}/project", f"{theirs}.conv3_1x1", "conv_as_linear")
    yield from dense_rules(f"{ours}/shortcut", f"{theirs}.shortcut.expand", "conv_as_linear")


def transformer_rules(ours: str, theirs: str, dense: str) -> Iterator[Rule]:
    """Yield the rules of a block of `norm1`, `attention`, `norm2`, `mlp`, for timm's names.

    Args:
        ours: Path of the block.
        theirs: Its name.
        dense: How the source stores dense layers: "linear" or "conv_as_linear".

    Yields:
        Rules of `port`.
    """
    yield from layer_norm_rules(f"{ours}/norm1", f"{theirs}.norm1")
    yield from dense_rules(f"{ours}/attention/qkv", f"{theirs}.attn.qkv", dense)
    table = rf"{re.escape(theirs)}\.attn\.rel_pos\.relative_position_bias_table"
    yield table, f"params/{ours}/attention/relative/table", "none"
    yield from dense_rules(f"{ours}/attention/project", f"{theirs}.attn.proj", dense)
    yield from layer_norm_rules(f"{ours}/norm2", f"{theirs}.norm2")
    yield from dense_rules(f"{ours}/mlp/expand", f"{theirs}.mlp.fc1", dense)
    yield from dense_rules(f"{ours}/mlp/project", f"{theirs}.mlp.fc2", dense)
