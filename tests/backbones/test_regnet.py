"""RegNet's stages: the rule gives the blocks and widths of timm's networks."""

import pytest

from vadjax.backbones.regnet import VARIANTS

TIMM = {  # (blocks, width) of each stage, read off the shapes of timm 1.0.31's state dicts
    "regnety_002": ((1, 24), (1, 56), (4, 152), (7, 368)),
    "regnety_004": ((1, 48), (3, 104), (6, 208), (6, 440)),
    "regnety_006": ((1, 48), (3, 112), (7, 256), (4, 608)),
    "regnety_008": ((1, 64), (3, 128), (8, 320), (2, 768)),
    "regnety_016": ((2, 48), (6, 120), (17, 336), (2, 888)),
    "regnety_032": ((2, 72), (5, 216), (13, 576), (1, 1512)),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_stages_are_those_of_timm(name):
    assert VARIANTS[name].stages == TIMM[name]
