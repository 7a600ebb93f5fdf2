"""Small pictures of what a box shows."""

import cv2
import numpy as np
import pytest

from vadjax.explain.crops import AROUND, SIDE, crop_jpeg


def decoded(jpeg):
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)


def ramps(height=200, width=300):
    """Red grows to the right and green downwards, half a level a pixel."""
    y, x = np.mgrid[:height, :width]
    return np.dstack([x / 2, y / 2, np.full_like(x, 90)]).astype(np.uint8)


@pytest.mark.parametrize(
    ("box", "middle"),
    [
        ((100, 80, 24, 40), (112, 100)),
        ((0, 0, 24, 40), (28, 28)),
        ((276, 160, 24, 40), (272, 172)),
    ],
    ids=["inside", "upper left corner", "lower right corner"],
)
def test_the_square_is_around_the_box_and_within_the_frame(box, middle):
    found = decoded(crop_jpeg(ramps(), box)).astype(float)
    side = AROUND * 40
    assert found.shape == (SIDE, SIDE, 3)
    blue, green, red = found.mean((0, 1))
    assert blue == pytest.approx(90, abs=2)  # OpenCV reads BGR
    assert 2 * red == pytest.approx(middle[0], abs=3)
    assert 2 * green == pytest.approx(middle[1], abs=3)
    rise = 2 * (found[:, -1, 2].mean() - found[:, 0, 2].mean())
    assert rise == pytest.approx(side, rel=0.1)


def test_grey_frames_and_boxes_larger_than_the_frame():
    found = decoded(crop_jpeg(np.full((20, 30), 70, np.uint8), (0, 0, 30, 20)))
    assert found.shape == (SIDE, SIDE) and np.abs(found.astype(int) - 70).max() <= 1
