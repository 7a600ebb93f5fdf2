"""timm's EfficientNet, EfficientNet-Lite and MobileNetV2."""

import functools

from tools.references import timm_outputs, timm_shapes

NAMES = (
    "tf_efficientnet_lite0",
    "efficientnet_lite0",
    *(f"tf_efficientnet_lite{i}" for i in range(1, 5)),
    *(f"mobilenetv2_{size}" for size in ("050", "100", "110d", "120d", "140")),
    *(f"efficientnet_b{i}" for i in range(4)),
    "tf_efficientnet_b0",
)
# The second size is odd in one axis: TensorFlow's padding then differs from stage to stage.
SIZES = ((224, 224), (100, 172))
_SMALL = ("tf_efficientnet_lite0", "efficientnet_lite0", "mobilenetv2_100", "efficientnet_b0")
GOLDENS = dict.fromkeys(_SMALL, (96, 64))

shapes = timm_shapes


def _taps(network) -> dict:
    stages = {f"stage{i}": stage for i, stage in enumerate(network.blocks, start=1)}
    return {"stem": network.bn1, **stages}


outputs = functools.partial(timm_outputs, taps=_taps)
