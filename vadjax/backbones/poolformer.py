"""PoolFormer: a transformer whose tokens are mixed by nothing but average pooling.

arXiv 2111.11418, section 3 and table 1. Variants differ in depths and widths only; no batch
norm, so nothing is folded.
"""

import dataclasses
import functools
from collections.abc import Iterator

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones.convolution import conv
from vadjax.backbones.layers import ACTIVATIONS, ConvBnAct, LayerScale
from vadjax.backbones.network import STAGES, Architecture, Layout, Network
from vadjax.backbones.port import Rule, conv_rules, dense_rules, layer_norm_rules
from vadjax.backbones.preprocess import IMAGENET_MEAN, IMAGENET_STD, Preprocess


@dataclasses.dataclass(frozen=True)
class Variant:
    """What tells one network of the family from another.

    Attributes:
        depths: Blocks of each stage.
        widths: Channels of each stage.
        crop_pct: Of the checkpoint.
    """

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    crop_pct: float


_S, _M = (64, 128, 320, 512), (96, 192, 384, 768)

VARIANTS = {
    "poolformer_s12": Variant((2, 2, 6, 2), _S, crop_pct=0.9),
    "poolformer_s24": Variant((4, 4, 12, 4), _S, crop_pct=0.9),
    "poolformer_s36": Variant((6, 6, 18, 6), _S, crop_pct=0.9),
    "poolformer_m36": Variant((6, 6, 18, 6), _M, crop_pct=0.95),
    "poolformer_m48": Variant((8, 8, 24, 8), _M, crop_pct=0.95),
}


def average(x: jax.Array) -> jax.Array:
    """Average each 3x3 neighbourhood, over what of it lies in the map [b, h, w, c]."""
    rows, columns = (
        np.minimum(np.arange(n) + 2, n) - np.maximum(np.arange(n) - 1, 0) for n in x.shape[1:3]
    )
    areas = rows[:, None, None] * columns[:, None]  # [h, w, 1]
    total = conv(x, jnp.ones((3, 3, 1, x.shape[-1]), x.dtype))
    return total * jnp.asarray(1 / areas, x.dtype)


class Block(nn.Module):
    """Add the difference to the neighbours' mean, then what two dense layers make of a token.

    Group norm has one group: mean and variance are the image's.
    """

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        tokens = nn.GroupNorm(1, epsilon=1e-5, name="norm1")(x)
        x = x + LayerScale(name="scale1")(average(tokens) - tokens)
        tokens = nn.GroupNorm(1, epsilon=1e-5, name="norm2")(x)
        tokens = ACTIVATIONS["gelu"](nn.Dense(4 * x.shape[-1], name="expand")(tokens))
        return x + LayerScale(name="scale2")(nn.Dense(x.shape[-1], name="project")(tokens))


class Stage(nn.Module):
    """A chain of blocks, after halving the resolution if the width changes."""

    width: int
    depth: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        if x.shape[-1] != self.width:
            x = ConvBnAct(self.width, 3, stride=2, norm=False, act="", name="conv")(x)
        for i in range(self.depth):
            x = Block(name=f"block{i}")(x)
        return x


class PoolFormer(Network):
    """Stem, four stages, mean, layer norm, classifier.

    Attributes:
        variant: Which network of the family.
        num_classes: Of the classifier; 0 is none.
        folded: As every network takes it; without batch norm it changes nothing.
    """

    variant: Variant
    num_classes: int = 1000
    folded: bool = True

    def setup(self):
        widths, depths = self.variant.widths, self.variant.depths
        self.stem = ConvBnAct(widths[0], 7, stride=4, padding=2, norm=False, act="")
        for i, (width, depth) in enumerate(zip(widths, depths, strict=True), start=1):
            setattr(self, f"stage{i}", Stage(width, depth))
        self.norm = nn.LayerNorm(1e-6)
        if self.num_classes:
            self.classifier = nn.Dense(self.num_classes)

    def head(self, x: jax.Array) -> dict[str, jax.Array]:
        return self.classified(self.norm(x.mean((1, 2))))


def _rules(variant: Variant) -> Iterator[tuple[Rule, ...]]:
    yield conv_rules("stem", "stem.conv")
    for i, depth in enumerate(variant.depths):
        ours, theirs = f"stage{i + 1}", f"stages.{i}"
        yield conv_rules(f"{ours}/conv", f"{theirs}.downsample.conv")
        for j in range(depth):
            yield from _block_rules(f"{ours}/block{j}", f"{theirs}.blocks.{j}")
    yield layer_norm_rules("norm", "head.norm")
    yield dense_rules("classifier", "head.fc")


def _block_rules(ours: str, theirs: str) -> Iterator[tuple[Rule, ...]]:
    for k in (1, 2):
        yield layer_norm_rules(f"{ours}/norm{k}", f"{theirs}.norm{k}")
        yield ((rf"{theirs}\.layer_scale{k}\.scale", f"params/{ours}/scale{k}/scale", "none"),)
    yield dense_rules(f"{ours}/expand", f"{theirs}.mlp.fc1", "conv_as_linear")
    yield dense_rules(f"{ours}/project", f"{theirs}.mlp.fc2", "conv_as_linear")


def _architecture(name: str, variant: Variant) -> Architecture:
    rules = tuple(rule for rules in _rules(variant) for rule in rules)
    return Architecture(
        network=functools.partial(PoolFormer, variant),
        preprocess=Preprocess(
            size=(224, 224),
            interpolation="bicubic",
            mean=IMAGENET_MEAN,
            std=IMAGENET_STD,
            crop_pct=variant.crop_pct,
        ),
        taps=STAGES,
        num_features=variant.widths[-1],
        layouts=(Layout("stem.conv.weight", rules),),
        classifier=("head.fc.weight",),
        checkpoint=f"timm/{name}.sail_in1k",
        licence="Apache-2.0",
    )


ARCHITECTURES = {name: _architecture(name, variant) for name, variant in VARIANTS.items()}
