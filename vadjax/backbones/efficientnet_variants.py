"""The variants of EfficientNet, its Lite form and MobileNetV2: stages scaled in width and depth."""

import dataclasses
import math
from typing import Any


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
    """What tells one network of the family from another.

    Attributes:
        stages: Between the stem and the last convolution.
        padding: "same" as TensorFlow pads, or "symmetric".
        eps: Batch norm's epsilon.
        stem: Channels of the first convolution.
        num_features: Channels of the last one.
        act: Activation.
        squeeze: Width of a block's squeeze-and-excitation over its input's channels; 0 is none.
    """

    stages: tuple[StageSpec, ...]
    padding: str
    eps: float
    stem: int = 32
    num_features: int = 1280
    act: str = "relu6"
    squeeze: float = 0.0


_EFFICIENTNET = (
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


def _wider(channels: int, width: float) -> int:
    """Scale a number of channels to a multiple of 8 that is no less than nine tenths of it."""
    scaled = max(8, int(channels * width + 4) // 8 * 8)
    return scaled + 8 if scaled < 0.9 * channels * width else scaled


def _scaled(
    stages: tuple[StageSpec, ...], width: float, depth: float, *, outer: bool = True
) -> tuple[StageSpec, ...]:
    """Scale stages; without `outer`, first and last keep their depth."""
    depths = [depth if outer or 0 < i < len(stages) - 1 else 1 for i in range(len(stages))]
    return tuple(
        dataclasses.replace(
            spec, repeats=math.ceil(spec.repeats * factor), features=_wider(spec.features, width)
        )
        for spec, factor in zip(stages, depths, strict=True)
    )


def _efficientnet(width: float, depth: float, *, padding: str, eps: float) -> Variant:
    return Variant(
        _scaled(_EFFICIENTNET, width, depth),
        padding=padding,
        eps=eps,
        stem=_wider(32, width),
        num_features=_wider(1280, width),
        act="silu",
        squeeze=0.25,
    )


def _lite(width: float, depth: float, *, padding: str, eps: float) -> Variant:
    return Variant(_scaled(_EFFICIENTNET, width, depth, outer=False), padding=padding, eps=eps)


def _mobilenetv2(width: float, depth: float = 1.0) -> Variant:
    """Return MobileNetV2; the deeper ones ("d") keep the ends of the network as they are."""
    deeper = depth > 1
    return Variant(
        _scaled(_MOBILENETV2, width, depth, outer=not deeper),
        padding="symmetric",
        eps=1e-5,
        stem=32 if deeper else _wider(32, width),
        num_features=1280 if deeper else max(1280, _wider(1280, width)),
    )


_TF: dict[str, Any] = {"padding": "same", "eps": 1e-3}
_TORCH: dict[str, Any] = {"padding": "symmetric", "eps": 1e-5}

VARIANTS = {
    "efficientnet_b0": _efficientnet(1.0, 1.0, **_TORCH),
    "efficientnet_b1": _efficientnet(1.0, 1.1, **_TORCH),
    "efficientnet_b2": _efficientnet(1.1, 1.2, **_TORCH),
    "efficientnet_b3": _efficientnet(1.2, 1.4, **_TORCH),
    "tf_efficientnet_b0": _efficientnet(1.0, 1.0, **_TF),
    "efficientnet_lite0": _lite(1.0, 1.0, **_TORCH),
    "tf_efficientnet_lite0": _lite(1.0, 1.0, **_TF),
    "tf_efficientnet_lite1": _lite(1.0, 1.1, **_TF),
    "tf_efficientnet_lite2": _lite(1.1, 1.2, **_TF),
    "tf_efficientnet_lite3": _lite(1.2, 1.4, **_TF),
    "tf_efficientnet_lite4": _lite(1.4, 1.8, **_TF),
    "mobilenetv2_050": _mobilenetv2(0.5),
    "mobilenetv2_100": _mobilenetv2(1.0),
    "mobilenetv2_140": _mobilenetv2(1.4),
    "mobilenetv2_110d": _mobilenetv2(1.1, 1.2),
    "mobilenetv2_120d": _mobilenetv2(1.2, 1.4),
}
