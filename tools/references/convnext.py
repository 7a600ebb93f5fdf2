"""timm's ConvNeXt."""

import functools

from tools.references import timm_outputs, timm_shapes

# The first and the golden differ in how they store dense layers.
NAMES = (
    "convnext_tiny",
    "convnext_atto",
    "convnext_femto",
    "convnext_pico",
    "convnext_nano",
    "convnext_small",
    "convnext_base",
)
# The second size is no multiple of the stride: every halving drops a row or a column.
SIZES = ((224, 224), (140, 188))
GOLDENS = {"convnext_atto": (64, 96)}

shapes = timm_shapes


def _taps(network) -> dict:
    stages = {f"stage{i}": stage for i, stage in enumerate(network.stages[:-1], start=1)}
    return {"stem": network.stem, **stages}


outputs = functools.partial(timm_outputs, taps=_taps)
