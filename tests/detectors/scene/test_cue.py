"""What cues share: means over the last frames, and maps of bodies."""

import numpy as np

from tests import drawn
from vadjax.detectors.scene.cue import REACH, Camera, CausalMean, paint


def test_the_mean_is_of_the_last_arrays_and_does_not_look_ahead():
    values = np.random.default_rng(0).normal(size=(9, 2, 3))
    mean = CausalMean(4)
    for number, value in enumerate(values):
        wanted = values[max(0, number - 3) : number + 1].mean(0)
        np.testing.assert_allclose(mean.update(value), wanted, rtol=1e-5, atol=1e-6)


def test_bodies_are_painted_on_the_cells_around_them():
    found = paint(drawn.bodies([(60, 44), (76, 44), (1, 1)]), np.array([3, 5, 4]), 1.0)
    wanted = np.ones((12, 16), np.float32)
    for column, row, value in ((0, 0, 4), (7, 5, 3), (9, 5, 5)):  # the larger one last
        at = np.s_[
            max(row - REACH, 0) : row + REACH + 1, max(column - REACH, 0) : column + REACH + 1
        ]
        wanted[at] = value
    np.testing.assert_array_equal(found, wanted)


def test_a_value_below_the_base_does_not_lower_it():
    assert (paint(drawn.bodies([(60, 44)]), np.array([0.5]), 1.0) == 1).all()


def test_times_are_frames_of_the_video():
    camera = Camera(drawn.reference(drawn.backdrop()), 25.0)
    assert (camera.frames(0.8), camera.frames(0.01)) == (20, 2)
