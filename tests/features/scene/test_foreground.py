"""What counts as foreground: objects, not light and not noise."""

import numpy as np
import pytest

from tests import drawn
from vadjax.features.scene import foreground as fg

BACK = drawn.backdrop((160, 240))


def noisy(deviation, number=40, seed=3):
    rng = np.random.default_rng(seed)
    return [
        np.clip(BACK + rng.normal(0, deviation, BACK.shape), 0, 255).astype(np.uint8)
        for _ in range(number)
    ]


def test_a_body_is_found_where_it_was_drawn():
    frame = BACK.copy()
    frame[60:90, 100:112] = 220
    found = fg.foreground(frame, BACK.astype(np.float32), np.full(BACK.shape, 14, np.float32))
    assert found[62:88, 102:110].all()  # it
    found[57:93, 97:115] = False
    assert not found.any()  # and nothing else


def test_a_lamp_that_is_switched_on_is_no_object():
    """A change of the light of a region by some grey levels lies above the limit, but is none."""
    y, x = np.indices(BACK.shape)
    lamp = 8 * np.exp(-((x - 170) ** 2 + (y - 80) ** 2) / (2 * 80**2))
    lit = np.clip(BACK + lamp, 0, 255).astype(np.uint8)
    limit = np.full(BACK.shape, 6, np.float32)
    assert (np.abs(lit.astype(float) - BACK) > limit).mean() > 0.1
    assert not fg.foreground(lit, BACK.astype(np.float32), limit).any()


@pytest.mark.parametrize("gain", [0.75, 1.3])
def test_a_change_of_exposure_is_no_object_and_hides_none(gain):
    frame = np.clip(BACK * gain, 0, 255).astype(np.uint8)
    limit = np.full(BACK.shape, 14, np.float32)
    assert (np.abs(frame.astype(float) - BACK) > limit).mean() > 0.5
    assert fg.foreground(frame, BACK.astype(np.float32), limit).mean() < 1e-3
    frame[60:90, 100:112] = 220
    found = fg.foreground(frame, BACK.astype(np.float32), limit)
    assert found[62:88, 102:110].mean() > 0.95 and found.mean() < 0.02


def test_the_difference_is_that_of_grey_levels_where_the_light_is_the_same():
    frame = BACK.copy()
    frame[40:100, 60:120] += 100
    away = fg.difference(frame, BACK.astype(np.float32))
    assert abs(away[70, 90] - 100) < 10  # less a part of it, which counts as light: clipped to 10
    assert away[20:30, 200:230].max() < 2


def test_a_quiet_camera_has_the_threshold_and_a_noisy_one_more():
    quiet = fg.limits(noisy(1.0), BACK.astype(np.float32))
    np.testing.assert_array_equal(quiet, np.full(BACK.shape, fg.THRESHOLD, np.float32))
    deviation = 30.0
    limit = fg.limits(noisy(deviation), BACK.astype(np.float32))
    # noise of deviation s, blurred by a Gaussian of sigma 1, of |values|: mean s sqrt(2 / pi)
    expected = fg.NOISE * deviation * np.sqrt(2 / np.pi)
    np.testing.assert_allclose(limit[20:-20, 20:-20].mean(), expected, rtol=0.05)
    new = noisy(deviation, 2, seed=8)[1]
    assert fg.foreground(new, BACK.astype(np.float32), limit).mean() < 1e-3
    assert fg.foreground(new, BACK.astype(np.float32), quiet).mean() > 0.3


def test_one_noisy_region_has_a_limit_of_its_own():
    frames = noisy(1.0)
    rng = np.random.default_rng(5)
    for frame in frames:  # leaves in the wind, at the left
        frame[:, :60] = np.clip(frame[:, :60] + rng.normal(0, 25, (160, 60)), 0, 255)
    limit = fg.limits(frames, BACK.astype(np.float32))
    assert limit[:, 5:50].min() > 40 and limit[:, 80:].max() == fg.THRESHOLD
