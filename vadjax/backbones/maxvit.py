"""MaxViT: each block is an inverted residual, attention in windows, and attention on grids.

arXiv 2204.01697, section 3 and table 1, as google-research/maxvit trained it: windows and grids of
7x7 tokens, TensorFlow's padding. The input's sides must be multiples of 7 windows of the last
map, 224 pixels. Variants differ in depths and widths only.
"""

import dataclasses
import functools
from collections.abc import Iterator

import flax.linen as nn
import jax
import numpy as np

from vadjax.backbones import mbconv_attention as blocks
from vadjax.backbones.network import STAGES, Architecture, Layout, Network
from vadjax.backbones.port import Rule, dense_rules, layer_norm_rules
from vadjax.backbones.preprocess import IMAGENET_MEAN, IMAGENET_STD, Preprocess

ACT = "gelu_tanh"
EPS = 1e-5  # of layer norm
SIDE = 7  # of a window or a grid, in tokens
MULTIPLE = 32 * SIDE
SPEC = blocks.MBConvSpec(ACT, squeeze=16, widen_output=True, padding="same", eps=1e-3)


@dataclasses.dataclass(frozen=True)
class Variant:
    """What tells one network of the family from another: blocks and channels of each stage."""

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    stem: int = 64


VARIANTS = {
    "maxvit_tiny_tf_224": Variant((2, 2, 5, 2), (64, 128, 256, 512)),
    "maxvit_small_tf_224": Variant((2, 2, 5, 2), (96, 192, 384, 768)),
    "maxvit_base_tf_224": Variant((2, 6, 14, 2), (96, 192, 384, 768)),
}


def cut(x: jax.Array, *, grid: bool) -> jax.Array:
    """Cut a map [b, h, w, c] into sets of 7x7 tokens, [sets, 49, c].

    Args:
        x: Of sides that are multiples of 7.
        grid: Tokens of a set are spread evenly over the map; else they are neighbours.

    Returns:
        [sets, 49, c].
    """
    b, h, w, c = x.shape
    if grid:
        x = x.reshape(b, SIDE, h // SIDE, SIDE, w // SIDE, c).transpose(0, 2, 4, 1, 3, 5)
    else:
        x = x.reshape(b, h // SIDE, SIDE, w // SIDE, SIDE, c).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(-1, SIDE * SIDE, c)


def join(x: jax.Array, shape: tuple[int, ...], *, grid: bool) -> jax.Array:
    """Invert `cut`.

    Args:
        x: [sets, 49, c].
        shape: (b, h, w, c) of the map.
        grid: As for `cut`.

    Returns:
        [b, h, w, c].
    """
    b, h, w, c = shape
    x = x.reshape(b, h // SIDE, w // SIDE, SIDE, SIDE, c)
    return x.transpose((0, 3, 1, 4, 2, 5) if grid else (0, 1, 3, 2, 4, 5)).reshape(shape)


class Transformer(nn.Module):
    """Attention within sets of tokens, then an MLP, each behind a layer norm, as residuals."""

    grid: bool
    folded: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = cut(nn.LayerNorm(EPS, name="norm1")(x), grid=self.grid)
        y = blocks.Attention(x.shape[-1], self.folded, name="attention")(y)
        x = x + join(y, x.shape, grid=self.grid)
        return x + blocks.MLP(ACT, name="mlp")(nn.LayerNorm(EPS, name="norm2")(x))


class Stage(nn.Module):
    """A chain of MaxViT blocks, of which the first halves the resolution."""

    width: int
    depth: int
    folded: bool

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        for i in range(self.depth):
            stride = 1 if i else 2
            conv = blocks.MBConv(SPEC, self.width, stride, self.folded, name=f"block{i}_conv")
            x = conv(x, train)
            x = Transformer(grid=False, folded=self.folded, name=f"block{i}_window")(x)
            x = Transformer(grid=True, folded=self.folded, name=f"block{i}_grid")(x)
        return x


class MaxViT(Network):
    """Stem, four stages, mean, layer norm, a dense layer under tanh, classifier.

    Attributes:
        variant: Which network of the family.
        num_classes: Of the classifier; 0 is none.
        folded: Expects variables that `mbconv_attention.fold` made.
    """

    variant: Variant
    num_classes: int = 1000
    folded: bool = True

    def setup(self):
        variant = self.variant
        self.stem = blocks.Stem((variant.stem,) * 2, SPEC, bias=True, folded=self.folded)
        sizes = zip(variant.widths, variant.depths, strict=True)
        for i, (width, depth) in enumerate(sizes, start=1):
            setattr(self, f"stage{i}", Stage(width, depth, self.folded))
        self.norm = nn.LayerNorm(EPS)
        self.hidden = nn.Dense(variant.widths[-1])
        if self.num_classes:
            self.classifier = nn.Dense(self.num_classes)

    def head(self, x: jax.Array) -> dict[str, jax.Array]:
        return self.classified(nn.tanh(self.hidden(self.norm(x.mean((1, 2))))))


def _rules(variant: Variant) -> Iterator[Rule]:
    yield from blocks.stem_rules()
    for i, depth in enumerate(variant.depths):
        for j in range(depth):
            ours, theirs = f"stage{i + 1}/block{j}", f"stages.{i}.blocks.{j}"
            yield from blocks.mbconv_rules(f"{ours}_conv", f"{theirs}.conv")
            yield from blocks.transformer_rules(f"{ours}_window", f"{theirs}.attn_block", "linear")
            yield from blocks.transformer_rules(f"{ours}_grid", f"{theirs}.attn_grid", "linear")
    yield from layer_norm_rules("norm", "head.norm")
    yield from dense_rules("hidden", "head.pre_logits.fc")
    yield from dense_rules("classifier", "head.fc")


def _prepare(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Bring tables of offsets into our order; take a bias in front of a batch norm into it."""
    bias, mean = "stem.conv1.bias", "stem.norm1.running_mean"
    if bias in state and mean in state and state[bias].shape == state[mean].shape:
        state[mean] = state[mean].astype(np.float32) - state.pop(bias).astype(np.float32)
    for key, table in state.items():
        if key.endswith("relative_position_bias_table") and table.ndim == 3:
            # [heads, rows, columns] of (key - query)
            state[key] = table[:, ::-1, ::-1].reshape(len(table), -1).T
    return state


def _architecture(name: str, variant: Variant) -> Architecture:
    return Architecture(
        network=functools.partial(MaxViT, variant),
        preprocess=Preprocess(
            size=(224, 224),
            interpolation="bicubic",
            mean=IMAGENET_MEAN,
            std=IMAGENET_STD,
            crop_pct=0.95,
        ),
        taps=STAGES,
        num_features=variant.widths[-1],
        layouts=(Layout("stem.conv1.bias", tuple(_rules(variant)), _prepare),),
        classifier=("head.fc.weight",),
        eps=SPEC.eps,
        fold=blocks.fold,
        stem=("stem", "conv1", "kernel"),
        multiple=MULTIPLE,
        least=MULTIPLE,
        checkpoint=f"timm/{name}.in1k",
        licence="Apache-2.0",
    )


ARCHITECTURES = {name: _architecture(name, variant) for name, variant in VARIANTS.items()}
