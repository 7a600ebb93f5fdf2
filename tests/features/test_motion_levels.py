"""Levels of motion: hand-made rows, a texture that is moved by known amounts, flicker."""

import numpy as np
import pytest

from vadjax.features.motion_levels import MotionLevels, flow_explained


def rows(difference, flow):
    return np.stack([difference, flow], axis=1).astype(np.float32)


def test_cut_offs_are_those_of_the_training_clips():
    clips = [rows([1, 3, 1, 3], [level] * 4) for level in (0.0, 1.0, 2.0, 3.0)]
    levels = MotionLevels.fit(clips)
    assert levels.difference == pytest.approx(2 + 2 * 1)  # mean and twice the deviation
    assert levels.flow == pytest.approx((1.0, 2.0))  # thirds of 0, 1, 2, 3
    speeds = np.array([0.5, 1.5, 1.0, 1.0, 0.875])  # mean .975
    moving = rows([3, 5, 4, 9, 2], speeds)
    assert levels.difference_rate(moving) == 2 / 5  # 5 and 9; 4 itself is not above
    named = [levels.motion(rows(speeds, speeds + more)) for more in (0, 0.125, 2)]
    assert named == ["low", "moderate", "high"]


def test_flow_explains_a_movement_and_not_a_flicker():
    cv2 = pytest.importorskip("cv2")
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.integers(0, 255, (120, 200), np.uint8), (0, 0), 3)
    texture = cv2.normalize(texture, None, 0, 255, cv2.NORM_MINMAX)
    moved = np.stack([texture[10:90, 10 + 2 * n : 130 + 2 * n] for n in range(6)])
    flicker = rng.integers(0, 255, (6, 80, 120), np.uint8)
    assert flow_explained(moved) > 0.8
    assert flow_explained(flicker) < 0.34
    assert flow_explained(np.repeat(moved[:1], 4, axis=0)) is None
    assert flow_explained(moved[:1]) is None
