"""timm's ResNets."""

import functools

from tools.references import timm_outputs, timm_shapes

NAMES = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
SIZES = ((224, 224), (100, 172))
GOLDENS = {"resnet18": (64, 96), "resnet50": (64, 96)}  # basic blocks, bottlenecks

shapes = timm_shapes


def _taps(network) -> dict:
    stages = (network.act1, network.layer1, network.layer2, network.layer3)
    return dict(zip(("stem", "stage1", "stage2", "stage3"), stages, strict=True))


outputs = functools.partial(timm_outputs, taps=_taps)
