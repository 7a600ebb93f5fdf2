"""timm's MaxViT, with the windows of its default input size at any size."""

import functools

from tools.references import timm_outputs, timm_shapes

# Not maxvit_base_tf_224, the same code with more blocks: under random statistics its values grow
# until the gates of the last stage see hundreds, which amplifies rounding. In float32, timm is
# 5e-4 and ours 1e-3 to 5e-3 from timm in float64. Both in float64, of the same parameters, are
# 8e-12 apart; in float32 with the gates' last weights divided by 100, 2e-6.
NAMES = ("maxvit_tiny_tf_224", "maxvit_small_tf_224")
SIZES = ((224, 224), (224, 448))
GOLDENS = {"maxvit_tiny_tf_224": (224, 224)}

shapes = timm_shapes


def _taps(network) -> dict:
    stages = {f"stage{i}": stage for i, stage in enumerate(network.stages[:-1], start=1)}
    return {"stem": network.stem, **stages}


outputs = functools.partial(timm_outputs, taps=_taps, transformer_window_size=(7, 7))
