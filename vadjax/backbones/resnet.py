"""ResNet: stages of residual blocks, basic ones or bottlenecks.

arXiv 1512.03385, table 1, with the stride in a bottleneck's 3x3 convolution instead of its first
1x1 (as timm, torchvision and most checkpoints have it). The networks differ in their block and in
how many of them a stage has. timm and torchvision name the weights alike.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.backbones.layers import ConvBnAct, edged
from vadjax.backbones.network import STAGES, Architecture, Layout, Network
from vadjax.backbones.port import conv_rules, dense_rules
from vadjax.backbones.preprocess import Preprocess

WIDTHS = (64, 128, 256, 512)  # of the stages' 3x3 convolutions


@dataclasses.dataclass(frozen=True)
class Variant:
    """What tells one network of the family from another.

    Attributes:
        repeats: Blocks of each stage.
        bottleneck: Blocks of 1x1, 3x3 and a 1x1 to four times the width, instead of two 3x3.
    """

    repeats: tuple[int, int, int, int]
    bottleneck: bool

    @property
    def expand(self) -> int:
        """Output channels of a block over its width."""
        return 4 if self.bottleneck else 1


VARIANTS = {
    "resnet18": Variant((2, 2, 2, 2), bottleneck=False),
    "resnet34": Variant((3, 4, 6, 3), bottleneck=False),
    "resnet50": Variant((3, 4, 6, 3), bottleneck=True),
    "resnet101": Variant((3, 4, 23, 3), bottleneck=True),
    "resnet152": Variant((3, 8, 36, 3), bottleneck=True),
}


class Block(nn.Module):
    """A residual block; where it changes the shape, a 1x1 convolution fits its input to that."""

    variant: Variant
    width: int
    stride: int
    conv: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        features = self.width * self.variant.expand
        shortcut = x
        if self.stride > 1 or x.shape[-1] != features:
            shortcut = self.conv(features, stride=self.stride, act="", name="shortcut")(x, train)
        if self.variant.bottleneck:
            x = self.conv(self.width, name="conv1")(x, train)  # [b, h, w, width]
            x = self.conv(self.width, kernel=3, stride=self.stride, name="conv2")(x, train)
            x = self.conv(features, act="", name="conv3")(x, train)  # [b, h', w', features]
        else:
            x = self.conv(self.width, kernel=3, stride=self.stride, name="conv1")(x, train)
            x = self.conv(features, kernel=3, act="", name="conv2")(x, train)
        return jax.nn.relu(x + shortcut)


class Stage(nn.Module):
    """A chain of residual blocks of which the first has the stride."""

    variant: Variant
    index: int
    conv: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        if self.index == 0:  # the stem's pooling, here so that the tap "stem" shows its convolution
            x = edged(x, -jnp.inf)
            x = nn.max_pool(x, window_shape=(3, 3), strides=(2, 2))  # [b, h / 4, w / 4, 64]
        for i in range(self.variant.repeats[self.index]):
            stride = 2 if i == 0 and self.index else 1
            block = Block(self.variant, WIDTHS[self.index], stride, self.conv, name=f"block{i}")
            x = block(x, train)
        return x


class ResNet(Network):
    """Stem, four stages, mean, classifier.

    Attributes:
        variant: Which network of the family.
        num_classes: Of the classifier; 0 is none.
        folded: Expects variables with batch norm folded.
    """

    variant: Variant
    num_classes: int = 1000
    folded: bool = True

    def setup(self):
        conv = functools.partial(ConvBnAct, act="relu", folded=self.folded)
        self.stem = conv(64, kernel=7, stride=2)
        for i in range(4):
            setattr(self, f"stage{i + 1}", Stage(self.variant, i, conv))
        if self.num_classes:
            self.classifier = nn.Dense(self.num_classes)


def _names(variant: Variant) -> Iterator[tuple[str, str, str]]:
    """Yield (our layer, the checkpoint's convolution, its batch norm)."""
    yield "stem", "conv1", "bn1"
    for i, repeats in enumerate(variant.repeats, start=1):
        for j in range(repeats):
            ours, theirs = f"stage{i}/block{j}", f"layer{i}.{j}"
            for k in range(1, 4 if variant.bottleneck else 3):
                yield f"{ours}/conv{k}", f"{theirs}.conv{k}", f"{theirs}.bn{k}"
            if j == 0 and (i > 1 or variant.bottleneck):
                yield f"{ours}/shortcut", f"{theirs}.downsample.0", f"{theirs}.downsample.1"


def _architecture(name: str, *, tag: str) -> Architecture:
    variant = VARIANTS[name]
    convs = (rule for names in _names(variant) for rule in conv_rules(*names))
    return Architecture(
        network=functools.partial(ResNet, variant),
        preprocess=Preprocess(crop_pct=0.95),
        taps=STAGES,
        num_features=WIDTHS[-1] * variant.expand,
        layouts=(Layout("conv1.weight", (*dense_rules("classifier", "fc"), *convs)),),
        classifier=("fc.weight",),
        checkpoint=f"timm/{name}.{tag}",
        licence="Apache-2.0",
    )


ARCHITECTURES = {
    "resnet18": _architecture("resnet18", tag="a1_in1k"),
    "resnet34": _architecture("resnet34", tag="a1_in1k"),
    "resnet50": _architecture("resnet50", tag="a1_in1k"),
    "resnet101": _architecture("resnet101", tag="a1h_in1k"),
    "resnet152": _architecture("resnet152", tag="a1h_in1k"),
}
