"""The flow against OpenCV's, which is written otherwise, and against a known motion."""

import cv2
import numpy as np
import pytest

from vadjax.backbones import optical_flow as flows
from vadjax.backbones.optical_flow import FARNEBACK, Expanded, flow_spec, optical_flow


def scene(height, width, shift, noise=2.0):
    """Two pictures of smooth texture with a faster patch, uint8, the second shifted."""
    rng = np.random.default_rng(height * width)
    base = cv2.GaussianBlur(rng.normal(0, 1, (height + 40, width + 40)), (0, 0), 2)
    base = (128 + 90 * base / np.abs(base).max()).astype(np.float32)
    x, y = shift
    frames = []
    for step in (0, 1):
        move = np.float32([[1, 0, -20 + step * x], [0, 1, -20 + step * y]])
        frame = cv2.warpAffine(base, move, (width, height))
        corner = height // 3, width // 3 + 3 * step
        frame[corner[0] : corner[0] + 20, corner[1] : corner[1] + 12] = 20
        frames.append((frame + rng.normal(0, noise, frame.shape)).clip(0, 255).astype(np.uint8))
    return frames


@pytest.mark.parametrize("size", [(240, 360), (200, 304), (121, 77), (64, 64), (40, 33), (12, 14)])
@pytest.mark.parametrize("shift", [(1.5, -0.75), (-6.0, 4.0)])
def test_it_is_opencvs_but_for_rounding(size, shift):
    last, grey = scene(*size, shift)
    want = cv2.calcOpticalFlowFarneback(last, grey, None, **FARNEBACK)
    away = np.hypot(*np.moveaxis(optical_flow(last, grey) - want, -1, 0))
    assert away.mean() < 1e-4 and away.max() < 0.05  # px; the largest where the picture is flat
    assert np.hypot(*np.moveaxis(want, -1, 0)).mean() > 0.5  # and there was something to compare


def test_a_shift_is_found():
    last, grey = scene(96, 128, (2.0, -1.0), noise=0.0)
    inner = optical_flow(last, grey)[60:-12, 70:-12]
    np.testing.assert_allclose(np.median(inner, axis=(0, 1)), (2.0, -1.0), atol=0.05)


def test_frames_that_are_kept_for_the_next_pair_give_the_same_bits():
    first, second = scene(60, 90, (1.0, 0.5))
    third = np.roll(second, 2, axis=1)
    kept = Expanded(second)
    for pair, plain in (((first, kept), (first, second)), ((kept, third), (second, third))):
        np.testing.assert_array_equal(optical_flow(*pair), optical_flow(*plain))


def test_flat_and_equal_pictures_do_not_move():
    """But for the last row and column, which count as out of sight, and what is near them."""
    flat, textured = np.full((50, 70), 90, np.uint8), scene(50, 70, (0, 0))[0]
    assert np.abs(optical_flow(flat, flat)).max() < 1e-5
    assert np.abs(optical_flow(textured, textured)[:20, :30]).max() < 1e-3


def test_results_are_not_overwritten_by_later_pairs_and_few_sizes_are_kept(monkeypatch):
    monkeypatch.setattr(flows, "_KEPT", 3)
    last, grey = scene(60, 90, (1.0, 0.5))
    first = optical_flow(last, grey)
    before = first.copy()
    optical_flow(grey, last)
    optical_flow(*scene(64, 80, (1.0, 1.0)))
    np.testing.assert_array_equal(first, before)
    assert len(flows._kept.works) <= 3


def test_the_spec_tells_it_from_the_flow_of_opencv():
    assert flow_spec().items() > FARNEBACK.items() and flow_spec() != FARNEBACK
