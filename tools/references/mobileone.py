"""timm's MobileOne."""

import functools

from tools.references import timm_outputs, timm_shapes
from tools.references.repvgg import stage_taps

NAMES = tuple(f"mobileone_s{i}" for i in range(5))
SIZES = ((224, 224), (100, 172))
GOLDENS = {"mobileone_s0": (96, 64)}

shapes = timm_shapes
outputs = functools.partial(timm_outputs, taps=stage_taps)
