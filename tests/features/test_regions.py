"""Moving regions on drawn scenes whose motion is known."""

import cv2
import numpy as np
import pytest

from vadjax.errors import UserError
from vadjax.features import regions

RNG = np.random.default_rng(0)
GROUND = cv2.GaussianBlur(RNG.integers(90, 160, (240, 320)).astype(np.uint8), (0, 0), 2)
BODY = cv2.GaussianBlur(RNG.integers(0, 90, (32, 16)).astype(np.uint8), (0, 0), 1)


def scene(*places, light=0.0):
    """The ground with a dark body at each (left, top)."""
    frame = GROUND + np.float32(light)
    for x, y in places:
        frame[y : y + 32, x : x + 16] = BODY
    return frame.clip(0, 255).astype(np.uint8)


def meter():
    return regions.RegionMeter(GROUND.astype(np.float32))


def test_flow_is_that_of_the_body():
    m = meter()
    for t in range(3):
        moving = m.update(scene((100 + 2 * t, 120), (200, 60)))
    assert moving.flow.shape == (30, 40, 3) and moving.directions.shape == (30, 40, 8)
    x, y, share = moving.flow[16, 13].astype(np.float32)  # the walking body's centre
    assert x / share == pytest.approx(2, abs=0.3) and abs(y / share) < 0.2
    assert moving.directions[16, 13].argmax() == 0  # to the right
    still = moving.flow[9, 25].astype(np.float32)
    assert still[2] > 0.3 and np.abs(still[:2]).max() < 0.1


def test_directions_add_up_to_the_speed():
    m = meter()
    for t in range(2):
        moving = m.update(scene((100, 120 - 2 * t)))
    assert moving.directions[15, 13].argmax() == 6  # up: bins go clockwise
    speed = np.hypot(*moving.flow[15, 13, :2].astype(np.float32))
    assert speed <= moving.directions[15, 13].sum(dtype=np.float32) * 1.01


def test_windows_sit_on_bodies_and_not_on_light():
    moving = meter().update(scene((60, 100), (64, 180), (250, 40)))
    found = {tuple(c) for c in np.round((moving.centres - (8, 16)) / 10).astype(int)}
    assert found == {(6, 10), (6, 18), (25, 4)}  # left, top in tens
    assert moving.crops.shape == (3, 64, 64)
    brighter = meter().update(scene(light=8.0))
    assert not len(brighter.centres) and brighter.crops.shape == (0, 64, 64)


def test_two_side_by_side_are_two():
    assert len(meter().update(scene((100, 100), (122, 104))).centres) == 2


def test_any_size_is_brought_to_one_height():
    large = cv2.resize(scene((60, 100)), (640, 480))
    colour = cv2.cvtColor(large, cv2.COLOR_GRAY2RGB)
    assert regions.working_frame(colour).shape == (240, 320)
    assert len(meter().update(colour).centres) == 1


def test_the_background_is_what_stays():
    frames = [scene((40 * t, 100)) for t in range(7)]
    np.testing.assert_array_equal(regions.median_background(frames), GROUND)


def test_the_future_does_not_count():
    frames = [scene((100 + 3 * t, 120)) for t in range(4)]
    short, long = meter(), meter()
    one = [short.update(f) for f in frames[:3]][-1]
    other = [long.update(f) for f in frames][2]
    np.testing.assert_array_equal(one.flow, other.flow)


def test_another_camera_is_refused():
    with pytest.raises(UserError, match="one fixed camera"):
        meter().update(np.zeros((240, 400), np.uint8))
    with pytest.raises(UserError, match="frames of one size"):
        regions.median_background([])
