"""The flow backbone: a known translation, plain NumPy boxes, and no look-ahead."""

import cv2
import numpy as np
import pytest

from vadjax import backbones
from vadjax.backbones.flow import STEPS, ZERO, _box_mean, cells
from vadjax.errors import UserError


def frames(speed, count=4):
    noise = np.random.default_rng(0).normal(size=(64, 200))
    wide = cv2.GaussianBlur(noise, (0, 0), 3)
    wide = (wide - wide.min()) / np.ptp(wide) * 255
    return [wide[:, 60 - speed * t : 156 - speed * t].astype(np.uint8) for t in range(count)]


@pytest.mark.parametrize("speed", [2, -2])
def test_cells_hold_the_speed_of_a_translation(speed):
    backbone = backbones.create("flow", size=(64, 96))
    read = backbone.preprocess.reader()
    images = np.stack([read(frame) for frame in frames(speed)])
    rows = np.asarray(backbone(images)["map"])
    assert rows.shape == (4, *backbone.map_shape()) == (4, 8, 12, 21)
    assert backbone.num_features == 21
    assert np.abs(rows[0, ..., :5]).max() == 0, "nothing comes before the first frame"
    right, left, _, _, length = rows[1:, 2:-2, 2:-2, :5].mean((0, 1, 2))
    ahead, back = (right, left) if speed > 0 else (left, right)
    assert ahead == pytest.approx(2, rel=0.12) == length and back < 0.05


def test_a_reader_has_one_video_and_no_future():
    preprocess = backbones.create("flow", size=(64, 96)).preprocess
    clip = frames(2)
    first, second = preprocess.reader(), preprocess.reader()
    whole = [first(frame) for frame in clip]
    np.testing.assert_array_equal(whole[:2], [second(frame) for frame in clip[:2]])
    np.testing.assert_array_equal(preprocess(clip[1])[..., 1:], ZERO)


def test_contrast_does_not_depend_on_the_light():
    image = np.full((1, 32, 48, 3), ZERO, np.uint8)
    image[..., 0] = np.random.default_rng(0).integers(0, 100, (32, 48))
    lighter = image + np.array([100, 0, 0], np.uint8)
    np.testing.assert_allclose(cells(image), cells(lighter), atol=1e-4)
    image[..., 1] = ZERO + 2 * STEPS
    np.testing.assert_allclose(cells(image)[..., :5], np.full((1, 4, 6, 5), [2, 0, 0, 0, 2]))


def test_box_means_are_those_of_plain_numpy():
    values = np.random.default_rng(0).normal(size=(1, 9, 7, 1)).astype(np.float32)
    found = np.asarray(_box_mean(values, 5))
    for y, x in [(0, 0), (4, 3), (8, 6), (1, 5)]:
        box = values[0, max(0, y - 2) : y + 3, max(0, x - 2) : x + 3]
        assert found[0, y, x, 0] == pytest.approx(box.mean(), rel=1e-4)


def test_sizes_are_multiples_of_a_cell():
    with pytest.raises(UserError, match="multiples of 8"):
        backbones.create("flow", size=(60, 96))
