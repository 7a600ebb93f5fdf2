"""Scores by the labels of training rows, against cases by hand."""

import numpy as np

from vadjax.scoring.label_lookup import nearest_alike, nearest_in_time


def test_the_nearest_in_time_gives_its_label():
    train = np.array([0, 0, 0, 1]), np.array([0, 2, 9, 5])
    test = np.array([0, 0, 1, 2]), np.array([1, 3, 0, 4])
    result = nearest_in_time(train, np.array([0, 1, 0, 1]), test)
    # Between 0 (normal) and 2 (abnormal); next to 2; 5 of its own video; a video never trained on.
    np.testing.assert_array_equal(result, [0.5, 1.0, 1.0, 0.5])


def test_the_more_alike_class_wins():
    features, labels = np.array([[0.0], [10.0]]), np.array([0, 1])
    result = nearest_alike(features, labels, np.array([[1.0], [8.0], [5.0]]))
    np.testing.assert_allclose(result, [1 - 9, 8 - 2, 0])
