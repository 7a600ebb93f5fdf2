"""Flow beside a stage: each half is what its own backbone gives."""

import numpy as np
import pytest

from vadjax import backbones
from vadjax.errors import UserError

SIZE = (64, 96)


@pytest.mark.slow
def test_the_map_is_both_maps_side_by_side():
    frames = np.random.default_rng(0).integers(0, 256, (3, 80, 120, 3), np.uint8)
    both = backbones.create("flow_lite0", size=SIZE)
    read = both.preprocess.reader()
    images = np.stack([read(frame) for frame in frames])
    assert images.shape == (3, *SIZE, 6) and both.map_shape() == (8, 12, 61)
    found = np.asarray(both.apply(both.prepared(), images)["map"])

    flow = backbones.create("flow", size=SIZE)
    read = flow.preprocess.reader()
    moves = flow(np.stack([read(frame) for frame in frames]))["map"]
    np.testing.assert_allclose(found[..., :21], moves, atol=1e-5)

    look = backbones.create("tf_efficientnet_lite0", size=SIZE)
    # The same resizing as flow's: the look is that of frames resized bilinearly.
    images = images[..., :3]
    stage = look(images, taps=("stage3",))["taps"]["stage3"]
    np.testing.assert_allclose(found[..., 21:], stage, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_half_precision_and_sizes():
    half = backbones.create("flow_lite0", size=SIZE, dtype="bfloat16", weights="random")
    assert half(np.zeros((1, *SIZE, 6), np.uint8))["map"].dtype == np.float32
    with pytest.raises(UserError, match="multiples of 8"):
        backbones.create("flow_lite0", size=(60, 96))
    with pytest.raises(UserError, match="preprocess"):
        backbones.create("flow_lite0", preprocess="rahmani_compat")
