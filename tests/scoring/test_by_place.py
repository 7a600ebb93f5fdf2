"""Maps of what is normal at a place, against loops and hand-made cases."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from vadjax.scoring import by_place

RNG = np.random.default_rng(0)


def test_causal_mean_is_the_mean_of_the_last_rows():
    values = RNG.normal(size=(12, 3, 2))
    expected = [values[max(0, t - 3) : t + 1].mean(0) for t in range(12)]
    np.testing.assert_allclose(by_place.causal_mean(values, 4), expected, atol=1e-6)
    np.testing.assert_array_equal(
        by_place.causal_mean(values, 4)[:5], by_place.causal_mean(values[:5], 4)
    )


def test_speed_is_that_of_the_foreground():
    flow = np.zeros((3, 1, 2, 3), np.float32)
    flow[:, 0, 0] = (1.5, 2.0, 0.5)  # half of the box moves with (3, 4): 5 pixels a frame
    found = by_place.speed(flow, length=2, prior=0.0 + 1e-9)
    np.testing.assert_allclose(found[:, 0], [[5, 0]] * 3, rtol=1e-5)
    assert by_place.speed(flow, length=2)[0, 0, 0] == pytest.approx(2.5 / 0.6)


def test_limbs_that_swing_cancel():
    flow = np.zeros((2, 1, 1, 3), np.float32)
    flow[:, 0, 0] = [(1, 0, 1), (-1, 0, 1)]
    assert by_place.speed(flow, length=2)[1, 0, 0] == 0


def test_the_scale_follows_the_place_and_has_a_floor():
    maps = np.ones((50, 20, 30), np.float32)
    maps[:, 15:] = 4
    scale = by_place.normal_scale(maps)
    assert scale[19, 15] == pytest.approx(4, rel=0.01)
    assert scale[2, 15] == pytest.approx(2, rel=0.01)  # half of the largest, not 1
    assert (by_place.normal_scale(np.zeros((5, 4, 4))) > 0).all()


def test_nearest_is_scipys():
    fit, test = RNG.normal(size=(300, 9)), RNG.normal(size=(70, 9))
    np.testing.assert_allclose(by_place.nearest(fit, test), cdist(test, fit).min(1), rtol=1e-3)
    np.testing.assert_allclose(by_place.nearest(fit, fit[:5]), 0, atol=5e-3)


def test_rows_are_compared_with_rows_beside_them():
    fit = np.zeros((4, 6, 5, 2), np.float32)
    fit[:, 4:] = 10  # rows 4 and 5 look otherwise
    ones = np.ones(fit.shape[:3])
    test = np.zeros((1, 6, 5, 2), np.float32)
    found = by_place.nearest_by_row(fit, test, fit_seen=ones, test_seen=ones[:1])
    np.testing.assert_allclose(found[0, :, 0], [0, 0, 0, 0, 0, np.hypot(10, 10)], rtol=1e-5)


def test_what_does_not_move_is_not_scored():
    fit, test = RNG.normal(size=(4, 3, 5, 2)), RNG.normal(size=(2, 3, 5, 2))
    seen = np.zeros((2, 3, 5))
    seen[1, 2, 3] = 1
    ones = np.ones(fit.shape[:3])
    found = by_place.nearest_by_row(fit, test, fit_seen=ones, test_seen=seen)
    assert found[1, 2, 3] > 0 and np.count_nonzero(found) == 1
    never = by_place.nearest_by_row(fit, test, fit_seen=0 * ones, test_seen=ones[:2])
    assert not never.any()


def test_the_larger_of_two_windows_is_seen_and_none_leaves_the_grid():
    where = {"rows": np.array([0, 1]), "columns": np.array([0, 1]), "frames": np.array([1, 1])}
    maps = by_place.paint(np.array([2.0, 3.0]), **where, shape=(2, 4, 5), reach=1, base=-1)
    assert (maps[0] == -1).all()
    np.testing.assert_array_equal(
        maps[1], [[3, 3, 3, -1, -1], [3, 3, 3, -1, -1], [3, 3, 3, -1, -1], [-1] * 5]
    )
