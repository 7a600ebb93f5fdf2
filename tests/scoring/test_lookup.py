"""Scores by the labels of fitted windows, against cases by hand."""

import numpy as np

from vadjax.scoring.lookup import nearest_alike, nearest_in_time


def test_the_nearest_in_time_gives_its_label():
    video = np.array([0, 0, 0, 0, 0, 1, 1, 2])
    frame = np.array([0, 1, 2, 3, 9, 0, 5, 4])
    labels = np.array([0, 0, 1, 1, 0, 1, 1, 0])
    found = nearest_in_time(
        video, frame, labels, fit=np.array([0, 2, 4, 6]), test=np.array([1, 3, 5, 7])
    )
    # Between 0 (normal) and 2 (abnormal); next to 2; 5 of its own video; a video never fitted.
    np.testing.assert_array_equal(found, [0.5, 1.0, 1.0, 0.5])


def test_the_more_alike_class_wins():
    features = np.array([[0.0], [10.0], [1.0], [8.0], [5.0]])
    labels = np.array([0, 1, 0, 1, 0])
    found = nearest_alike(features, labels, fit=np.array([0, 1]), test=np.array([2, 3, 4]))
    np.testing.assert_allclose(found, [1 - 9, 8 - 2, 0])
