"""Frames to inputs and boxes back."""

import cv2
import numpy as np
import pytest

from vadjax.errors import UserError
from vadjax.objects import frame_fit


@pytest.mark.parametrize("how", frame_fit.FITS)
@pytest.mark.parametrize("shape", [(240, 360), (100, 37), (64, 96), (721, 1280)])
def test_a_marked_rectangle_is_found_again_in_the_frame(how, shape):
    height, width = shape
    frame = np.zeros((*shape, 3), np.uint8)
    box = np.array([width * 0.25, height * 0.5, width * 0.75, height * 0.875]).round()
    x0, y0, x1, y1 = box.astype(int)
    frame[y0:y1, x0:x1] = 255
    image, placed = frame_fit.fit(frame, size=(256, 384), how=how, pad=0)
    assert image.shape == (256, 384, 3)
    rows, columns = np.nonzero(image[..., 0] > 127)
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    pixel = 1 / min(placed.scale) + 1
    assert np.abs(placed.to_frame(seen) - box).max() <= pixel


def test_stretch_is_opencvs_bilinear_resize():
    frame = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    image, _ = frame_fit.fit(frame, size=(64, 96), how="stretch")
    np.testing.assert_array_equal(image, cv2.resize(frame, (96, 64)))


def test_letterbox_and_corner_fill_what_is_left():
    frame = np.full((50, 100, 3), 200, np.uint8)
    centred, placed = frame_fit.fit(frame, size=(101, 100), how="letterbox", pad=114)
    assert placed.offset == (0, 25) and placed.scale == (1, 1)
    assert (centred[:25] == 114).all() and (centred[75:] == 114).all()
    assert (centred[25:75] == 200).all()
    corner, placed = frame_fit.fit(frame, size=(101, 100), how="corner", pad=0)
    assert placed.offset == (0, 0) and (corner[:50] == 200).all() and (corner[50:] == 0).all()


def test_boxes_are_clipped_to_the_frame():
    _, placed = frame_fit.fit(np.zeros((20, 40, 3), np.uint8), size=(40, 40), how="letterbox")
    got = placed.to_frame(np.array([[-5, -5, 50, 50], [10, 15, 20, 20]]))
    np.testing.assert_array_equal(got, [[0, 0, 40, 20], [10, 5, 20, 10]])


def test_grey_frames_become_colour():
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    for frame in (grey, grey[..., None]):
        np.testing.assert_array_equal(frame_fit.colour(frame), np.stack([grey] * 3, -1))


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((2, 4, 4, 3), np.uint8),
    ],
)
def test_what_is_no_frame_is_refused(frame):
    with pytest.raises(UserError, match=r"takes uint8 \[h, w, 3\]"):
        frame_fit.colour(frame)
