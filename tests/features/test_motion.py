"""Motion measures: a known translation, plain NumPy boxes, and the frames they accept."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.backbones.optical_flow import FARNEBACK
from vadjax.errors import UserError
from vadjax.features.motion import MOTION_NAMES, MotionMeter, _largest_mean, motion_spec


def measure(frames):
    meter = MotionMeter()
    for frame in frames:
        meter.update(frame)
    return meter.rows()


def texture(height, width, seed=0):
    noise = np.random.default_rng(seed).normal(size=(height, width))
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return (smooth - smooth.min()) / np.ptp(smooth) * 255


def shifted(image, pixels, size):
    """A window of a wide picture that moves to the left: its content moves to the right."""
    move = np.float32([[1, 0, pixels - 60], [0, 1, 0]])
    return np.rint(cv2.warpAffine(image, move, size[::-1], flags=cv2.INTER_CUBIC)).clip(0, 255)


@pytest.mark.parametrize("speed", [0.5, 2.0, 4.0])
def test_flow_is_the_speed_of_a_translation(speed):
    picture = texture(120, 300)
    frames = [shifted(picture, speed * t, (120, 160)).astype(np.uint8) for t in range(4)]
    rows = measure(frames)
    np.testing.assert_allclose(rows[:, 1], speed, rtol=0.12)


def test_a_moving_patch_counts_although_most_of_the_frame_is_still():
    still = texture(240, 360).astype(np.uint8)
    patch = texture(60, 60, seed=1).astype(np.uint8)
    frames = []
    for t in range(3):
        frame = still.copy()
        frame[90:150, 100 + 3 * t : 160 + 3 * t] = patch
        frames.append(frame)
    assert measure(frames)[1:, 1] == pytest.approx(3, rel=0.2)
    assert measure([still] * 3).max() < 0.02


def test_flow_is_the_largest_mean_speed_over_33_pixels():
    still = texture(240, 360).astype(np.uint8)
    moved = still.copy()
    moved[100:140, 103:143] = still[100:140, 100:140]
    flow = cv2.calcOpticalFlowFarneback(still, moved, None, **FARNEBACK)
    speed = np.hypot(flow[..., 0], flow[..., 1])
    means = {
        side: np.lib.stride_tricks.sliding_window_view(speed, (side, side)).mean((2, 3)).max()
        for side in (16, 32, 33, 34)
    }
    assert measure([still, moved])[1, 1] == pytest.approx(means[33], rel=1e-4)
    assert min(abs(means[33] / means[side] - 1) for side in (16, 32, 34)) > 1e-3


def test_difference_is_the_largest_box_mean_of_plain_numpy():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 256, (2, 240, 360), dtype=np.uint8)
    change = np.abs(first.astype(float) - second)
    boxes = np.lib.stride_tricks.sliding_window_view(change, (16, 16)).mean((2, 3))
    rows = measure([first, second])
    assert rows[1, 0] == pytest.approx(boxes.max(), rel=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 10**6))
def test_boxes_lie_wholly_in_frames_of_any_size(height, width, seed):
    values = np.random.default_rng(seed).random((height, width), dtype=np.float32)
    side = max(1, round(33 * height / 240))
    shape = (min(side, height), min(side, width))
    boxes = np.lib.stride_tricks.sliding_window_view(values, shape).mean((2, 3))
    assert _largest_mean(values, 33) == pytest.approx(boxes.max(), rel=1e-5)


def test_the_first_frame_gets_the_second_ones_row():
    rows = measure(np.random.default_rng(0).integers(0, 256, (3, 32, 48), dtype=np.uint8))
    assert rows.shape == (3, len(MOTION_NAMES))
    assert rows.dtype == np.float32
    assert (rows[0] == rows[1]).all()
    assert (rows[2] != rows[1]).all()


def test_each_frame_gives_its_measures_at_once_in_constant_memory():
    frames = np.random.default_rng(0).integers(0, 256, (4, 32, 48), dtype=np.uint8)
    meter = MotionMeter(keep=False)
    newest = np.stack([meter.update(frame) for frame in frames])
    assert newest.dtype == np.float32 and (newest[0] == 0).all()
    assert (newest[1:] == measure(frames)[1:]).all()
    assert meter.rows().shape == (0, 2)


def test_few_frames():
    assert measure([]).shape == (0, 2)
    assert measure([np.zeros((16, 16), np.uint8)]).tolist() == [[0, 0]]


def test_grey_frames_and_the_same_in_colour():
    grey = np.random.default_rng(0).integers(0, 256, (3, 64, 96), dtype=np.uint8)
    np.testing.assert_allclose(measure(np.stack([grey] * 3, -1)), measure(grey), rtol=1e-4)


def test_large_frames_are_shrunk_first():
    small = [shifted(texture(240, 600), 2.0 * t, (240, 360)).astype(np.uint8) for t in range(2)]
    large = [cv2.resize(f, (720, 480), interpolation=cv2.INTER_NEAREST) for f in small]
    np.testing.assert_allclose(measure(large), measure(small), rtol=1e-5)


def test_frames_of_two_sizes():
    with pytest.raises(UserError, match=r"Frame 1 .*\(16, 20\) pixels.*\(16, 16\)"):
        measure([np.zeros((16, 16), np.uint8), np.zeros((16, 20), np.uint8)])


def test_the_spec_names_everything():
    assert motion_spec().keys() == {"motion", "names", "height", "boxes", "farneback"}


@pytest.mark.parametrize(("height", "side"), [(288, 19), (290, 16)])
def test_frames_of_288_pixels_are_measured_as_they_are_and_taller_ones_shrunk(height, side):
    first, second = np.random.default_rng(0).integers(0, 256, (2, height, 64), dtype=np.uint8)
    if height > 288:
        size = (round(64 * 240 / height), 240)
        small = [cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in (first, second)]
    else:
        small = [first, second]
    change = np.abs(small[0].astype(float) - small[1])
    boxes = np.lib.stride_tricks.sliding_window_view(change, (side, side)).mean((2, 3))
    assert measure([first, second])[1, 0] == pytest.approx(boxes.max(), rel=1e-5)
