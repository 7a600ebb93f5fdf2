"""Rows scored by the labels of training rows: what a random split gives away."""

import numpy as np

from vadjax.scoring.distances import knn


def nearest_in_time(
    train: tuple[np.ndarray, np.ndarray],
    labels: np.ndarray,
    test: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Give each tested row the label of the training row nearest in time in its video.

    No picture is looked at. Of two equally near ones the mean counts; a row whose video has no
    training row gets the share of abnormal training rows.

    Args:
        train: (video, frame) of the training rows, int [m] each.
        labels: [m] {0, 1} of the training rows.
        test: (video, frame) of the tested rows, int [k] each.

    Returns:
        float64 [k].
    """
    scores = np.full(len(test[0]), labels.mean())
    for video in np.unique(test[0]):
        here, known = np.flatnonzero(test[0] == video), train[0] == video
        if known.any():
            gap = np.abs(test[1][here][:, None] - train[1][known])  # [tested, training]
            near = gap == gap.min(axis=1, keepdims=True)
            scores[here] = (near * labels[known]).sum(1) / near.sum(1)
    return scores


def nearest_alike(features: np.ndarray, labels: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Score each tested row by how much nearer an abnormal training row is than a normal one.

    Args:
        features: float [m, d] of the training rows.
        labels: [m] {0, 1} of the training rows; both occur.
        test: float [k, d] of the tested rows.

    Returns:
        [k], the distance to the nearest normal row minus that to the nearest abnormal one.
    """
    normal, abnormal = (knn(features[labels == label], test, k=1) for label in (0, 1))
    return normal - abnormal
