"""timm's EfficientNet-Lite and MobileNetV2."""

import functools

from tools.peers import timm_outputs, timm_shapes

NAMES = ("tf_efficientnet_lite0", "efficientnet_lite0", "mobilenetv2_100")
# The second size is odd in one axis: TensorFlow's padding then differs from stage to stage.
SIZES = ((224, 224), (100, 172))
GOLDENS = dict.fromkeys(NAMES, (96, 64))

shapes = timm_shapes


def _taps(network) -> dict:
    stages = {f"stage{i}": stage for i, stage in enumerate(network.blocks, start=1)}
    return {"stem": network.bn1, **stages}


outputs = functools.partial(timm_outputs, taps=_taps)
