import importlib.util
import math
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vadjax import backbones
from vadjax.backbones.input_size import MOST, STEP, follows_frames, size_of_frames

FOLLOWING = [name for name in backbones.list_backbones() if follows_frames(name)]


@pytest.mark.parametrize(
    ("frame", "size"),
    [
        ((240, 360), (224, 336)),  # UCSD Ped2, and configs/ped2_lstm.py
        ((360, 640), (224, 384)),  # Avenue
        ((240, 320), (224, 288)),  # UMN
        ((256, 256), (224, 224)),
        ((640, 360), (384, 224)),
        ((158, 238), (224, 336)),  # Ped1, nearly 2:3
        ((480, 1920), (144, 576)),  # four times as wide as high: not four times the work
    ],
)
def test_sizes_are_those_of_the_shipped_configs(frame, size):
    assert size_of_frames("tf_efficientnet_lite0", frame) == size


@given(name=st.sampled_from(FOLLOWING), height=st.integers(1, 4000), width=st.integers(1, 4000))
def test_every_size_is_one_that_the_backbone_takes(name, height, width):
    size = size_of_frames(name, (height, width))
    backbones.check_input(name, size=size, fit="stretch")
    family = importlib.import_module(f"vadjax.backbones.{backbones.family_of(name)}")
    own = family.ARCHITECTURES[name].preprocess.size
    assert math.prod(size) <= MOST * math.prod(own)
    assert size_of_frames(name, (width, height)) == size[::-1]
    if max(height, width) <= 2 * min(height, width) and own[0] == own[1]:
        assert min(size) == own[0]
        asked, kept = max(height, width) / min(height, width), max(size) / min(size)
        assert asked - STEP / own[0] <= kept + 1e-9 <= asked + 1e-6 or max(size) == own[0]


@pytest.mark.parametrize(
    "name",
    [
        "vit_base_patch16_224",
        "coatnet_0_rw_224",
        "maxvit_tiny_tf_224",
        "pixels",
        "flow",
        "flow_lite0",
        "transformers",
    ],
)
def test_backbones_of_one_size_keep_it(name):
    assert size_of_frames(name, (240, 360)) is None


@pytest.mark.parametrize(
    ("name", "frame"),
    [("ped2_lstm", (240, 360)), ("avenue_lstm", (360, 640)), ("umn_lstm", (240, 320))],
)
def test_shipped_configs_have_the_size_that_would_be_chosen(name, frame):
    path = pathlib.Path(__file__).parents[2] / "configs" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    f = module.get_config().features
    assert (f.height, f.width) == size_of_frames(f.backbone, frame)
