"""RegNetY: bottlenecks of grouped 3x3 convolutions with squeeze and excitation.

arXiv 2003.13678. Four numbers give the width of every block: a line over the blocks, quantised to
the starting width times powers of `growth`, rounded to eights and then to whole groups. Blocks of
one width are a stage. Names of weights are timm's.
"""

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Iterator

import flax.linen as nn
import jax

from vadjax.backbones.layers import ConvBnAct, SqueezeExcite
from vadjax.backbones.network import STAGES, Architecture, Layout, Network
from vadjax.backbones.port import Rule, conv_rules, dense_rules
from vadjax.backbones.preprocess import Preprocess

STEM = 32


@dataclasses.dataclass(frozen=True)
class Variant:
    """What tells one network of the family from another.

    Attributes:
        depth: Blocks of all stages.
        initial: Width at which the line starts.
        slope: Of the line, per block.
        growth: Width of a stage over that of the one before, before rounding.
        group_size: Channels of a group.
    """

    depth: int
    initial: int
    slope: float
    growth: float
    group_size: int

    @property
    def stages(self) -> tuple[tuple[int, int], ...]:
        """(blocks, width) of each stage."""
        widths = []
        for i in range(self.depth):
            power = round(math.log(1 + i * self.slope / self.initial, self.growth))
            widths.append(8 * round(self.initial * self.growth**power / 8))
        whole = [self.group_size * round(width / self.group_size) for width in widths]
        return tuple((len(list(same)), width) for width, same in itertools.groupby(whole))


VARIANTS = {
    "regnety_002": Variant(13, 24, 36.44, 2.49, 8),
    "regnety_004": Variant(16, 48, 27.89, 2.09, 8),
    "regnety_006": Variant(15, 48, 32.54, 2.32, 16),
    "regnety_008": Variant(14, 56, 38.84, 2.4, 16),
    "regnety_016": Variant(27, 48, 20.71, 2.65, 24),
    "regnety_032": Variant(21, 80, 42.63, 2.66, 24),
}


class Block(nn.Module):
    """A bottleneck without a bottleneck: all its convolutions have the same width."""

    width: int
    stride: int
    group_size: int
    conv: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        channels = x.shape[-1]
        shortcut = x
        if self.stride > 1 or channels != self.width:
            shortcut = self.conv(self.width, stride=self.stride, act="", name="shortcut")(x, train)
        x = self.conv(self.width, name="conv1")(x, train)
        groups = self.width // self.group_size
        x = self.conv(self.width, kernel=3, stride=self.stride, groups=groups, name="conv2")(
            x, train
        )  # [b, h', w', width]
        x = SqueezeExcite(round(channels / 4), name="squeeze")(x)  # a quarter of the block's input
        x = self.conv(self.width, act="", name="conv3")(x, train)
        return jax.nn.relu(x + shortcut)


class Stage(nn.Module):
    """A chain of blocks of which the first halves height and width."""

    blocks: int
    width: int
    group_size: int
    conv: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        for i in range(self.blocks):
            stride = 1 if i else 2
            block = Block(self.width, stride, self.group_size, self.conv, name=f"block{i}")
            x = block(x, train)
        return x


class RegNet(Network):
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
        self.stem = conv(STEM, kernel=3, stride=2)
        for i, (blocks, width) in enumerate(self.variant.stages, start=1):
            setattr(self, f"stage{i}", Stage(blocks, width, self.variant.group_size, conv))
        if self.num_classes:
            self.classifier = nn.Dense(self.num_classes)


def _rules(variant: Variant) -> Iterator[Rule]:
    yield from conv_rules("stem", "stem.conv", "stem.bn")
    for i, (blocks, _) in enumerate(variant.stages, start=1):
        for j in range(blocks):
            ours, theirs = f"stage{i}/block{j}", f"s{i}.b{j + 1}"
            convs = {f"conv{k}": f"conv{k}" for k in (1, 2, 3)}
            if j == 0:
                convs["shortcut"] = "downsample"
            for layer, name in convs.items():
                yield from conv_rules(
                    f"{ours}/{layer}", f"{theirs}.{name}.conv", f"{theirs}.{name}.bn"
                )
            for layer, name in (("reduce", "fc1"), ("expand", "fc2")):
                yield from dense_rules(
                    f"{ours}/squeeze/{layer}", f"{theirs}.se.{name}", "conv_as_linear"
                )
    yield from dense_rules("classifier", "head.fc")


def _architecture(name: str, *, tag: str, licence: str, crop_pct: float = 0.875) -> Architecture:
    variant = VARIANTS[name]
    return Architecture(
        network=functools.partial(RegNet, variant),
        preprocess=Preprocess(crop_pct=crop_pct),
        taps=STAGES,
        num_features=variant.stages[-1][1],
        layouts=(Layout("s1.b1.conv1.conv.weight", tuple(_rules(variant))),),
        classifier=("head.fc.weight",),
        checkpoint=f"timm/{name}.{tag}",
        licence=licence,
    )


ARCHITECTURES = {
    name: _architecture(name, tag=tag, licence=licence, crop_pct=crop_pct)
    for name, tag, licence, crop_pct in (
        ("regnety_002", "pycls_in1k", "MIT", 0.875),
        ("regnety_004", "tv2_in1k", "BSD-3-Clause", 0.965),
        ("regnety_006", "pycls_in1k", "MIT", 0.875),
        ("regnety_008", "pycls_in1k", "MIT", 0.875),
        ("regnety_016", "tv2_in1k", "BSD-3-Clause", 0.965),
        ("regnety_032", "ra_in1k", "Apache-2.0", 0.95),
    )
}
