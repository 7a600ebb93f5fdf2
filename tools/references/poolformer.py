"""timm's PoolFormer."""

import functools

from tools.references import timm_outputs, timm_shapes

NAMES = ("poolformer_s12", "poolformer_s24", "poolformer_s36", "poolformer_m36", "poolformer_m48")
# The second size is no multiple of the stride: maps are odd, and strides meet their borders.
SIZES = ((224, 224), (140, 188))
GOLDENS = {"poolformer_s12": (64, 96)}

shapes = timm_shapes


def _taps(network) -> dict:
    stages = {f"stage{i}": stage for i, stage in enumerate(network.stages[:-1], start=1)}
    return {"stem": network.stem, **stages}


outputs = functools.partial(timm_outputs, taps=_taps)
