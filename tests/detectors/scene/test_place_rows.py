"""Rows of maps by place against hand-made cells, and the windows that are kept of a clip."""

import numpy as np
import pytest

from tests import drawn
from vadjax.detectors.scene import place_rows as module
from vadjax.detectors.scene.cue import Camera
from vadjax.detectors.scene.place_rows import LENGTH, STRETCHES, Rows, Stretches

CAMERA = Camera(drawn.reference(drawn.backdrop(), body=16), 10.0)
GRID = CAMERA.reference.grid  # 12 x 16 cells


def frame(right=0.0, down=0.0, share=1.0, places=(), looks=None):
    cells = np.zeros((*GRID, 6), np.float32)
    cells[..., 0], cells[..., 1], cells[..., 2] = right, down, share
    return drawn.bodies(list(places), cells=cells, looks=looks)


def test_motion_is_in_heights_a_second_and_the_mean_of_four_cells():
    noise = np.random.default_rng(0).normal(size=GRID).astype(np.float32)
    found = Rows(CAMERA).update(frame(right=noise, down=1.6, share=0.5))
    assert found.shape == (6, 8, 3)
    for row in range(6):
        for column in range(8):
            own = noise[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].mean()
            assert found[row, column, 0] == pytest.approx(own * 10 / 16, abs=1e-5)
    np.testing.assert_allclose(found[..., 1:], [1.0, 0.5] * np.ones((6, 8, 1)), rtol=1e-5)


def test_at_more_frames_a_second_a_row_is_the_mean_of_several():
    rows = Rows(CAMERA._replace(fps=30.0))
    found = [rows.update(frame(right=x)) for x in (1.0, 2.0, 6.0, 7.0)]
    assert rows.step == 3
    wanted = np.array([1.0, 1.5, 3.0, 5.0]) * 30 / 16
    np.testing.assert_allclose([one[2, 2, 0] for one in found], wanted, rtol=1e-5)
    assert Rows(CAMERA._replace(fps=4.0)).step == 1


def test_directions_are_told_apart():
    found = module.channels(np.array([[3.0, -4.0, 0.5], [-1.0, 0.0, 0.0]]))
    np.testing.assert_allclose(found, [[3, 0, 0, 4, 5, 0.5], [0, 1, 0, 0, 1, 0]])


def test_looks_are_drawn_around_bodies_the_strongest_in_front():
    looks = np.array([[1.0, 2.0], [5.0, 6.0]], np.float32)
    bodies = frame(places=[(40, 40), (56, 40)], looks=looks)  # cells of rows (2, 2) and (2, 3)
    found = module.of_bodies(bodies, np.float32([1, 1]), np.float32([[1, 0], [0, 2]]), 3)
    wanted = np.zeros((6, 8, 3), np.float32)
    wanted[1:4, 2:5, :2] = 4, 8  # 10 is more than 8 deviations
    wanted[1:4, 1:4, :2] = 0, 2
    np.testing.assert_array_equal(found, wanted)
    far = module.of_bodies(bodies, np.float32([1, 1]), np.float32([[1e9, 0], [0, 2]]), 3)
    assert far.max() == 8.0  # of a component without variance
    assert not module.of_bodies(frame(), np.float32([1]), np.ones((1, 1), np.float32), 3).any()


def learnt(count, fps=10.0):
    """A clip whose frame k moves by k pixels a frame, the first frame without flow."""
    learner = Stretches(CAMERA._replace(fps=fps))
    for k in range(count):
        learner.update(frame(right=float(k), places=[(8, 8)], looks=np.ones((1, 4))))
    return learner.lesson()


def test_every_row_is_predicted_in_one_window():
    found = learnt(1 + LENGTH + 2 * 18 + 5)
    assert found["moved"].shape == (3, LENGTH, 6, 8, 3) and found["moved"].dtype == np.float16
    numbers = np.rint(found["moved"][..., 0, 0, 0].astype(float) * 16 / 10).astype(int)
    predicted = numbers[:, 6:].ravel().tolist()
    assert predicted == list(range(7, 7 + 3 * 18))  # frame 0 has no flow; 1 to 6 come before
    assert found["windows"].shape == (3, LENGTH, 32, 6)
    assert (
        np.isfinite(found["windows"][:, :, 0]).all()
        and np.isnan(found["windows"][..., 1:, 0]).all()
    )
    np.testing.assert_array_equal(next(module.looks_in([found])), np.ones((3 * LENGTH, 4)))


def test_rows_of_a_faster_clip_are_as_far_apart():
    found = learnt(1 + 3 * LENGTH, fps=30.0)
    numbers = found["moved"][0, :, 0, 0, 0].astype(float) * 16 / 30
    np.testing.assert_allclose(numbers, 2 + 3 * np.arange(LENGTH), rtol=2e-3)  # means of three


def test_of_a_long_clip_some_windows_are_kept_evenly_spaced():
    learner = Stretches(CAMERA)
    windows = 2 * STRETCHES + 7
    for k in range(1 + LENGTH + (windows - 1) * 18):
        learner.update(frame(right=float(k // 18)))
    starts = np.array([window[0][0][0, 0, 0] for window in learner._kept], float) * 16 / 10
    assert STRETCHES // 2 <= len(starts) <= STRETCHES
    np.testing.assert_allclose(np.diff(starts), 4, atol=0.2)  # every fourth


def test_a_clip_shorter_than_a_window_repeats_its_first_row():
    found = learnt(6)
    numbers = np.rint(found["moved"][0, :, 0, 0, 0].astype(float) * 16 / 10)
    assert numbers.tolist() == [1] * (LENGTH - 5) + [1, 2, 3, 4, 5]
    assert learnt(1)["moved"].shape[0] == 0
