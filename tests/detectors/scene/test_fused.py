"""Cues put together, against figures by hand."""

import numpy as np
import pytest

from vadjax.detectors.scene.fused import fused


@pytest.mark.parametrize(
    ("speed", "look", "course", "still", "expected"),
    [(2, 1, 0.5, 0.25, 4.5), (2, 1, 0.5, 2, 5.5), (0, 0, 1, 3, 4), (2, 0, 0, 0, 3)],
)
def test_course_and_still_count_where_they_exceed_half_of_the_others(
    speed, look, course, still, expected
):
    maps = {"speed": speed, "look": look, "course": course, "still": still}
    found = fused({name: np.full((2, 3), value, np.float32) for name, value in maps.items()})
    np.testing.assert_array_equal(found, np.full((2, 3), expected, np.float32))
    assert found.dtype == np.float32


@pytest.mark.parametrize("cues", [("speed", "objects"), ("course", "still"), ("look",)])
def test_cues_of_one_sort_are_added(cues):
    found = fused({name: np.full(2, 1.5, np.float32) for name in cues})
    np.testing.assert_array_equal(found, np.full(2, 1.5 * len(cues), np.float32))


def test_of_speed_and_scanner_the_larger_counts_at_each_cell():
    speed, scanner, look = np.float32([[0, 4], [2, 1], [1, 1]]).repeat(2, 1).reshape(3, 4)
    found = fused({"speed": speed, "look": look, "still": 0 * look, "scanner": scanner})
    np.testing.assert_array_equal(found, 1.5 * (np.float32([2, 2, 4, 4]) + 1))
    np.testing.assert_array_equal(fused({"scanner": scanner, "look": look}), scanner + look)
