"""timm's RepVGG."""

import functools

from tools.references import timm_outputs, timm_shapes

NAMES = tuple(f"repvgg_{size}" for size in ("a0", "a1", "a2", "b0", "b1", "b2", "b3"))
SIZES = ((224, 224), (100, 172))
GOLDENS = {"repvgg_a0": (96, 64)}

shapes = timm_shapes


def stage_taps(network) -> dict:
    """Return the submodules of {tap: its output}, for RepVGG and MobileOne."""
    stages = {f"stage{i}": stage for i, stage in enumerate(network.stages[:-1], start=1)}
    return {"stem": network.stem, **stages}


outputs = functools.partial(timm_outputs, taps=stage_taps)
