"""CoAtNet: two stages of inverted residuals, then two of attention among all places of the map.

arXiv 2106.04803, section 2 and appendix A.1, in the form of timm's "rw" networks. Relative
positions are learnt for the maps of the checkpoint's input size, so that no other will do.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator

import flax.linen as nn
import jax
import numpy as np

from vadjax.backbones import mbconv_attention as blocks
from vadjax.backbones.network import STAGES, Architecture, Layout, Network
from vadjax.backbones.port import Rule, dense_rules, layer_norm_rules
from vadjax.backbones.preprocess import Preprocess

EPS = 1e-6  # of layer norm


@dataclasses.dataclass(frozen=True)
class Variant:
    """What tells one network of the family from another.

    Attributes:
        depths: Blocks of each stage.
        widths: Channels of each stage.
        conv: How inverted residual blocks are made.
        shortcut_bias: Of a transformer block's shortcut.
        stem: Channels of the stem's first convolution; the second has twice as many.
        checkpoint: Tag of timm's.
        crop_pct: Of that checkpoint.
    """

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    conv: blocks.MBConvSpec
    shortcut_bias: bool
    stem: int = 32
    checkpoint: str = "sw_in1k"
    crop_pct: float = 0.95


_conv = functools.partial(blocks.MBConvSpec, "silu", squeeze=4)
_early = functools.partial(
    _conv, squeeze_act="relu", squeeze_first=True, prenorm_act=True, bias=False
)

VARIANTS = {
    "coatnet_nano_rw_224": Variant(
        depths=(3, 4, 6, 3),
        widths=(64, 128, 256, 512),
        conv=_conv(pool=True),
        shortcut_bias=True,
        crop_pct=0.9,
    ),
    "coatnet_0_rw_224": Variant(
        depths=(2, 3, 7, 2),
        widths=(96, 192, 384, 768),
        conv=_early(pool=True),
        shortcut_bias=False,
    ),
    "coatnet_1_rw_224": Variant(
        depths=(2, 6, 14, 2),
        widths=(96, 192, 384, 768),
        conv=_early(),
        shortcut_bias=False,
    ),
    "coatnet_2_rw_224": Variant(
        depths=(2, 6, 14, 2),
        widths=(128, 256, 512, 1024),
        conv=_conv(prenorm_act=True, bias=False),
        shortcut_bias=True,
        stem=64,
        checkpoint="sw_in12k_ft_in1k",
    ),
}


class Transformer(nn.Module):
    """Attention among all places, then an MLP, each behind a layer norm, as residuals.

    With stride 2, the attention's input is pooled and it is attention that widens.
    """

    features: int
    stride: int
    shortcut_bias: bool
    folded: bool

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        y = nn.LayerNorm(EPS, name="norm1")(x)
        if self.stride == 2:
            x, y = blocks.halve(x), blocks.halve(y)
            x = nn.Dense(self.features, self.shortcut_bias, name="shortcut")(x)
        b, h, w, c = y.shape
        y = blocks.Attention(self.features, self.folded, name="attention")(y.reshape(b, h * w, c))
        x = x + y.reshape(x.shape)
        return x + blocks.MLP("gelu", name="mlp")(nn.LayerNorm(EPS, name="norm2")(x))


class Stage(nn.Module):
    """A chain of blocks, of which the first halves the resolution, and a layer norm if asked."""

    block: Callable[..., nn.Module]
    width: int
    depth: int
    norm: bool

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        for i in range(self.depth):
            stride = 1 if i else 2
            x = self.block(features=self.width, stride=stride, name=f"block{i}")(x, train)
        return nn.LayerNorm(EPS, name="norm")(x) if self.norm else x


class CoAtNet(Network):
    """Stem, four stages of which the last ends in a layer norm, mean, classifier.

    Attributes:
        variant: Which network of the family.
        num_classes: Of the classifier; 0 is none.
        folded: Expects variables that `mbconv_attention.fold` made.
    """

    variant: Variant
    num_classes: int = 1000
    folded: bool = True

    def setup(self):
        variant, folded = self.variant, self.folded
        widths = (variant.stem, 2 * variant.stem)
        self.stem = blocks.Stem(widths, variant.conv, bias=False, folded=folded)
        conv = functools.partial(blocks.MBConv, variant.conv, folded=folded)
        attend = functools.partial(Transformer, shortcut_bias=variant.shortcut_bias, folded=folded)
        kinds: tuple[Callable[..., nn.Module], ...] = (conv, conv, attend, attend)
        sizes = zip(kinds, variant.widths, variant.depths, strict=True)
        for i, (block, width, depth) in enumerate(sizes, start=1):
            setattr(self, f"stage{i}", Stage(block, width, depth, norm=i == 4))
        if self.num_classes:
            self.classifier = nn.Dense(self.num_classes)


def _rules(variant: Variant) -> Iterator[Rule]:
    yield from blocks.stem_rules()
    for i, depth in enumerate(variant.depths):
        for j in range(depth):
            ours, theirs = f"stage{i + 1}/block{j}", f"stages.{i}.blocks.{j}"
            if i < 2:
                first = variant.conv.squeeze_first
                yield from blocks.mbconv_rules(ours, theirs, squeeze_first=first)
            else:
                yield from blocks.transformer_rules(ours, theirs, "conv_as_linear")
                yield from layer_norm_rules(f"{ours}/norm1", f"{theirs}.norm1.norm")
                shortcut = f"{ours}/shortcut", f"{theirs}.shortcut.expand"
                yield from dense_rules(*shortcut, "conv_as_linear")
    yield from layer_norm_rules("stage4/norm", "norm")
    yield from dense_rules("classifier", "head.fc")


def _prepare(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Order queries, keys and values as (which, head, channel); timm has (head, which, channel)."""
    for key, x in state.items():
        if ".attn.qkv." in key and x.shape[0] % (3 * blocks.HEAD_WIDTH) == 0:
            heads_first = x.reshape(-1, 3, blocks.HEAD_WIDTH, *x.shape[1:])
            state[key] = heads_first.swapaxes(0, 1).reshape(x.shape)
    return state


def _architecture(name: str, variant: Variant) -> Architecture:
    return Architecture(
        network=functools.partial(CoAtNet, variant),
        preprocess=Preprocess(
            size=(224, 224),
            interpolation="bicubic",
            mean=(0.5,) * 3,
            std=(0.5,) * 3,
            crop_pct=variant.crop_pct,
        ),
        taps=STAGES,
        num_features=variant.widths[-1],
        layouts=(Layout("stem.conv1.weight", tuple(_rules(variant)), _prepare),),
        classifier=("head.fc.weight",),
        eps=variant.conv.eps,
        fold=blocks.fold,
        stem=("stem", "conv1", "kernel"),
        fixed=True,
        checkpoint=f"timm/{name}.{variant.checkpoint}",
        licence="Apache-2.0",
    )


ARCHITECTURES = {name: _architecture(name, variant) for name, variant in VARIANTS.items()}
