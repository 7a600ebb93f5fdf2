"""ConvNeXt: depthwise 7x7 convolutions, layer norm, and two dense layers in each block.

arXiv 2201.03545, section 2 and appendix A.4 (tiny, small, base); atto, femto, pico and nano are
timm's. Variants differ in depths and widths only; no batch norm, so nothing is folded.
"""

import dataclasses
import functools
from collections.abc import Iterator

import flax.linen as nn
import jax

from vadjax.backbones.layers import ACTIVATIONS, ConvBnAct, LayerScale
from vadjax.backbones.network import STAGES, Architecture, Layout, Network
from vadjax.backbones.port import Rule, conv_rules, dense_rules, layer_norm_rules
from vadjax.backbones.preprocess import IMAGENET_MEAN, IMAGENET_STD, Preprocess

EPS = 1e-6  # of layer norm


@dataclasses.dataclass(frozen=True)
class Variant:
    """What tells one network of the family from another.

    Attributes:
        depths: Blocks of each stage.
        widths: Channels of each stage.
        checkpoint: Tag of timm's.
        crop_pct: Of that checkpoint.
        dense: How it stores dense layers: "linear", or "conv_as_linear" for 1x1 convolutions.
    """

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    checkpoint: str
    crop_pct: float = 0.875
    dense: str = "linear"


_as_conv = functools.partial(Variant, dense="conv_as_linear")

VARIANTS = {
    "convnext_atto": _as_conv((2, 2, 6, 2), (40, 80, 160, 320), "d2_in1k"),
    "convnext_femto": _as_conv((2, 2, 6, 2), (48, 96, 192, 384), "d1_in1k"),
    "convnext_pico": _as_conv((2, 2, 6, 2), (64, 128, 256, 512), "d1_in1k"),
    "convnext_nano": _as_conv((2, 2, 8, 2), (80, 160, 320, 640), "in12k_ft_in1k", 0.95),
    "convnext_tiny": Variant((3, 3, 9, 3), (96, 192, 384, 768), "in12k_ft_in1k", 0.95),
    "convnext_small": Variant((3, 3, 27, 3), (96, 192, 384, 768), "in12k_ft_in1k", 0.95),
    "convnext_base": Variant((3, 3, 27, 3), (128, 256, 512, 1024), "fb_in22k_ft_in1k"),
}


class Block(nn.Module):
    """Depthwise 7x7, layer norm, a dense layer of four times the width and one back."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        inputs, width = x, x.shape[-1]
        x = ConvBnAct(width, kernel=7, depthwise=True, norm=False, act="", name="depthwise")(x)
        x = nn.LayerNorm(EPS, name="norm")(x)
        x = ACTIVATIONS["gelu"](nn.Dense(4 * width, name="expand")(x))  # [b, h, w, 4 * width]
        return inputs + LayerScale(name="gamma")(nn.Dense(width, name="project")(x))


class Stem(nn.Module):
    """Patches of 4x4 pixels, each a token."""

    width: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        patches = ConvBnAct(self.width, 4, stride=4, padding=0, norm=False, act="", name="conv")
        return nn.LayerNorm(EPS, name="norm")(patches(x))  # [b, h / 4, w / 4, width]


class Stage(nn.Module):
    """A chain of blocks, after halving the resolution if the width changes."""

    width: int
    depth: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        if x.shape[-1] != self.width:
            x = nn.LayerNorm(EPS, name="norm")(x)
            halve = ConvBnAct(self.width, 2, stride=2, padding=0, norm=False, act="", name="conv")
            x = halve(x)  # [b, h / 2, w / 2, width]
        for i in range(self.depth):
            x = Block(name=f"block{i}")(x)
        return x


class ConvNeXt(Network):
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
        self.stem = Stem(self.variant.widths[0])
        sizes = zip(self.variant.widths, self.variant.depths, strict=True)
        for i, (width, depth) in enumerate(sizes, start=1):
            setattr(self, f"stage{i}", Stage(width, depth))
        self.norm = nn.LayerNorm(EPS)
        if self.num_classes:
            self.classifier = nn.Dense(self.num_classes)

    def head(self, x: jax.Array) -> dict[str, jax.Array]:
        return self.classified(self.norm(x.mean((1, 2))))


def _rules(variant: Variant) -> Iterator[tuple[Rule, ...]]:
    yield conv_rules("stem/conv", "stem.0")
    yield layer_norm_rules("stem/norm", "stem.1")
    for i, depth in enumerate(variant.depths):
        ours, theirs = f"stage{i + 1}", f"stages.{i}"
        yield layer_norm_rules(f"{ours}/norm", f"{theirs}.downsample.0")
        yield conv_rules(f"{ours}/conv", f"{theirs}.downsample.1")
        for j in range(depth):
            yield from _block_rules(f"{ours}/block{j}", f"{theirs}.blocks.{j}", variant.dense)
    yield layer_norm_rules("norm", "head.norm")
    yield dense_rules("classifier", "head.fc")


def _block_rules(ours: str, theirs: str, dense: str) -> Iterator[tuple[Rule, ...]]:
    yield conv_rules(f"{ours}/depthwise", f"{theirs}.conv_dw")
    yield layer_norm_rules(f"{ours}/norm", f"{theirs}.norm")
    yield dense_rules(f"{ours}/expand", f"{theirs}.mlp.fc1", dense)
    yield dense_rules(f"{ours}/project", f"{theirs}.mlp.fc2", dense)
    yield ((rf"{theirs}\.gamma", f"params/{ours}/gamma/scale", "none"),)


def _architecture(name: str, variant: Variant) -> Architecture:
    rules = tuple(rule for rules in _rules(variant) for rule in rules)
    return Architecture(
        network=functools.partial(ConvNeXt, variant),
        preprocess=Preprocess(
            size=(224, 224),
            interpolation="bicubic",
            mean=IMAGENET_MEAN,
            std=IMAGENET_STD,
            crop_pct=variant.crop_pct,
        ),
        taps=STAGES,
        num_features=variant.widths[-1],
        layouts=(Layout("stem.0.weight", rules),),
        classifier=("head.fc.weight",),
        stem=("stem", "conv", "kernel"),
        checkpoint=f"timm/{name}.{variant.checkpoint}",
        licence="Apache-2.0",
    )


ARCHITECTURES = {name: _architecture(name, variant) for name, variant in VARIANTS.items()}
