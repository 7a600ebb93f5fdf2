"""timm's RegNets."""

import functools

from tools.references import timm_outputs, timm_shapes

NAMES = tuple(f"regnety_{size}" for size in ("002", "004", "006", "008", "016", "032"))
SIZES = ((224, 224), (101, 172))
GOLDENS = {"regnety_002": (64, 96)}

shapes = timm_shapes


def _taps(network) -> dict:
    stages = (network.stem, network.s1, network.s2, network.s3)
    return dict(zip(("stem", "stage1", "stage2", "stage3"), stages, strict=True))


outputs = functools.partial(timm_outputs, taps=_taps)
