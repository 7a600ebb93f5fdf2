"""Maps over frames: fair colours, contours only where a map points, the truth dashed."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vadjax.explain import overlay

GREY = np.full((40, 60), 120, np.uint8)


def lightness(colours: np.ndarray) -> np.ndarray:
    """CIE L* of uint8 RGB [n, 3]."""
    return cv2.cvtColor(np.float32(colours)[None] / 255, cv2.COLOR_RGB2LAB)[0, :, 0]


def test_colours_rise_evenly_in_lightness():
    steps = np.diff(lightness(overlay._COLOURS[::16]))
    assert (steps > 0).all()
    assert steps.max() < 2.5 * steps.min()


def test_strength_is_opacity():
    ramp = np.linspace(0, 1, 60, dtype=np.float32)[None].repeat(40, 0)
    image = overlay.overlay(GREY, ramp)
    assert (image[:, 0] == 120).all()  # nothing where the map is 0
    full = overlay.OPACITY * overlay._COLOURS[-1] + (1 - overlay.OPACITY) * 120
    np.testing.assert_allclose(image[0, -1], full, atol=1.5)


def test_frames_are_left_as_they_are():
    colour = np.random.default_rng(0).integers(0, 255, (9, 8, 3), np.uint8)
    for frame in (colour, colour[..., 0]):
        before = frame.copy()
        made = overlay.explained(frame, np.eye(9, 8), mask=np.eye(9, 8, dtype=np.uint8))
        assert made.shape == (9, 8, 3)
        assert np.array_equal(frame, before)
        assert np.array_equal(overlay.overlay(frame, np.zeros((9, 8))), overlay.rgb(frame))


@given(st.floats(0, 1))
def test_a_constant_map_points_nowhere(value):
    heat = np.full((20, 30), value)
    assert overlay.contours(heat) == overlay.boxes(heat) == []


@given(st.integers(1, 20), st.integers(1, 20), st.integers(3, 15), st.integers(3, 12))
def test_a_box_is_the_block(x, y, width, height):
    heat = np.zeros((40, 60), np.float32)
    heat[y : y + height, x : x + width] = 0.8
    assert overlay.boxes(heat) == [(x, y, width, height)]
    assert overlay.boxes(heat, level=0.9) == []
    (outline,) = overlay.contours(heat)
    assert overlay._pixels(outline) == width * height


def test_specks_are_left_out_and_large_boxes_come_first():
    heat = np.zeros((100, 100), np.float32)
    heat[5, 5] = 1  # a pixel of ten thousand
    heat[20:30, 20:30], heat[60:90, 60:80] = 0.6, 0.9
    assert overlay.boxes(heat) == [(60, 60, 20, 30), (20, 20, 10, 10)]


def test_the_truth_is_dashed_and_the_detector_solid():
    mask = np.zeros((40, 60), np.uint8)
    mask[8:32, 10:50] = 1
    border = np.zeros_like(mask)
    cv2.rectangle(border, (10, 8), (49, 31), 1)
    drawn = (overlay.draw_truth(overlay.rgb(GREY), mask) == overlay.TRUE).all(2)[border == 1]
    assert 0.4 < drawn.mean() < 0.6
    image = overlay.draw_contours(overlay.rgb(GREY), overlay.contours(np.float32(mask)))
    assert np.abs(image[border == 1].astype(int) - overlay.DETECTED).max() < 60  # antialiased
    image = overlay.draw_boxes(overlay.rgb(GREY), overlay.boxes(np.float32(mask)))
    assert (image[border == 1] == overlay.DETECTED).all()


def test_a_strip_has_one_height():
    pictures = [np.full((20, 30, 3), 9, np.uint8), np.full((90, 60, 3), 200, np.uint8)]
    row = overlay.strip(pictures, height=60, gap=4)
    assert row.shape == (60, 90 + 4 + 40, 3)
    assert (row[:, 90:94] == 255).all()
    assert (row[30, 45, 0], row[30, 110, 0]) == (9, 200)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: overlay.overlay(GREY, np.zeros((4, 4))), r"\(4, 4\).*\(40, 60\), as the frame's"),
        (lambda: overlay.contours(np.zeros(5)), r"it must be \[H, W\]"),
        (lambda: overlay.contours(np.array([[0, np.nan, np.inf]])), "2 values that are not finite"),
        (lambda: overlay.draw_truth(overlay.rgb(GREY), GREY[1:]), r"mask of \(39, 60\) pixels"),
        (lambda: overlay.strip([]), "a strip needs a picture"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
