"""The greedy k-centre coreset, against a loop."""

import numpy as np
import pytest

from vadjax.scoring.coreset import PANEL, k_centres


def slow_centres(points, count, first):
    points = points.astype(float)
    away, found = np.linalg.norm(points - points[first], axis=1), [first]
    while len(found) < count:
        found.append(int(away.argmax()))
        away = np.minimum(away, np.linalg.norm(points - points[found[-1]], axis=1))
    return found


@pytest.mark.parametrize("num, count, width", [(300, 150, 6), (20, 20, 3), (1, 1, 2), (500, 5, 40)])
def test_centres_are_those_of_a_loop(num, count, width):
    rng = np.random.default_rng(num)
    points = np.float32(rng.normal(size=(num, width)) * rng.choice((1, 9), size=(num, 1)) + 5)
    assert PANEL < 300  # so that several panels are needed
    found = k_centres(points, count=count, first=num // 2)
    assert found.tolist() == slow_centres(points, count, num // 2)


def test_equal_points_are_taken_last():
    points = np.float32([[0, 0], [0, 0], [3, 0], [0, 0], [0, 4]])
    found = k_centres(points, count=5, first=1).tolist()
    assert found[:3] == [1, 4, 2] and sorted(found) == [0, 1, 2, 3, 4]


def test_more_centres_than_points_are_refused():
    with pytest.raises(ValueError, match="3 centres of 2 points"):
        k_centres(np.zeros((2, 4), np.float32), count=3, first=0)
