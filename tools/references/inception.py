"""timm's Inception-V3."""

import functools

from tools.references import timm_outputs, timm_shapes

NAMES = ("inception_v3",)
SIZES = ((299, 299), (150, 221))
GOLDENS = {"inception_v3": (96, 112)}

shapes = timm_shapes


def _taps(network) -> dict:
    return {
        "stem": network.Conv2d_2b_3x3,
        "stage1": network.Conv2d_4a_3x3,
        "stage2": network.Mixed_5d,
        "stage3": network.Mixed_6e,
    }


outputs = functools.partial(timm_outputs, taps=_taps)
