"""Ten crops against torchvision's rule, written out, and features against each crop alone."""

import jax
import numpy as np
import pytest
from PIL import Image

from vadjax import backbones
from vadjax.backbones.preprocess import Preprocess
from vadjax.backbones.ten_crops import TenCrops, with_ten_crops
from vadjax.errors import UserError
from vadjax.features.calibrate import choose_micro_batch
from vadjax.features.extractor import Extractor, FrameExtractor, features_spec

rng = np.random.default_rng(0)
FRAME = rng.integers(0, 256, (48, 80, 3), np.uint8)


def expected(frame, side, resized):
    """Resize the short side, crop at four corners and the centre, mirror: by hand."""
    height, width = resized
    pixels = np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BICUBIC))
    top, left = round((height - side) / 2), round((width - side) / 2)
    down, across = height - side, width - side
    places = [(top, left), (0, 0), (0, across), (down, 0), (down, across)]
    crops = [pixels[y : y + side, x : x + side] for y, x in places]
    return np.stack([*crops, *(np.fliplr(crop) for crop in crops)])


def test_crops_are_those_of_torchvision_the_centre_first():
    made = TenCrops(size=(28, 28), crop_pct=0.875)(FRAME)
    assert made.shape == (10, 28, 28, 3) and made.dtype == np.uint8
    np.testing.assert_array_equal(made, expected(FRAME, 28, (32, 53)))  # 32 * 80 / 48 = 53.3
    centre = Preprocess(size=(28, 28), crop_pct=0.875, fit="crop")(FRAME)
    np.testing.assert_array_equal(made[0], centre)
    grey = TenCrops(size=(28, 28))(FRAME[..., 0])
    assert grey.shape == (10, 28, 28, 1)


@pytest.fixture(scope="module")
def plain():
    return backbones.create("mobilenetv2_100", weights="random", size=32, fit="crop")


@pytest.mark.parametrize("kept", ["mean", "all"])
def test_features_are_those_of_each_crop(plain, kept):
    crops = with_ten_crops(plain, kept=kept)
    images = np.stack([crops.preprocess(FRAME), crops.preprocess(FRAME[::-1])])
    extractor = Extractor(crops, taps=("features",), batch_size=2)
    rows = np.asarray(extractor(images)["features"])
    each = np.asarray(jax.jit(plain)(images.reshape(-1, 32, 32, 3))["features"])
    each = each.reshape(2, 10, -1)
    np.testing.assert_allclose(rows, each.mean(1) if kept == "mean" else each, atol=2e-5)
    row = FrameExtractor(extractor)(FRAME)["features"]
    np.testing.assert_allclose(row, rows[0], atol=1e-6)


def test_rows_of_crops_are_kept_apart_from_others(plain):
    specs = [
        features_spec(each, tap="features")
        for each in (plain, with_ten_crops(plain, kept="mean"), with_ten_crops(plain, kept="all"))
    ]
    assert specs[0] != specs[1] != specs[2] != specs[0]
    more = {"taps": ("features",), "batch_size": 16, "cache_dir": "/", "num_frames": 10**6}
    assert choose_micro_batch(with_ten_crops(plain, kept="mean"), **more) <= 1


def test_what_has_no_crops(plain):
    with pytest.raises(UserError, match=r"backbone pixels_rgb is none; set features\.crops=1"):
        with_ten_crops(backbones.create("pixels_rgb", size=8), kept="mean")
    with pytest.raises(UserError, match="pooled features alone"):
        crops = with_ten_crops(plain, kept="mean")
        crops(crops.preprocess(FRAME)[None], taps=("map",))
