"""timm's CoAtNet, at its only input size."""

import functools

from tools.references import timm_outputs, timm_shapes

NAMES = ("coatnet_0_rw_224", "coatnet_nano_rw_224", "coatnet_1_rw_224", "coatnet_2_rw_224")
SIZES = ((224, 224),)
GOLDENS = {"coatnet_0_rw_224": (224, 224)}

shapes = timm_shapes


def _taps(network) -> dict:
    stages = {f"stage{i}": stage for i, stage in enumerate(network.stages[:-1], start=1)}
    return {"stem": network.stem, **stages}


outputs = functools.partial(timm_outputs, taps=_taps)
