"""Windows scored without learning, by the labels of fitted ones: what a random split gives away."""

import numpy as np

from vadjax.scoring.baselines import knn


def nearest_in_time(
    video: np.ndarray, frame: np.ndarray, labels: np.ndarray, *, fit: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """Give each tested row the label of the fitted row nearest in time in its video.

    No picture is looked at. Of two equally near ones the mean counts; a row whose video has no
    fitted row gets the share of abnormal fitted rows.

    Args:
        video: int [n], number of each row's video.
        frame: int [n], its frame.
        labels: [n] {0, 1}.
        fit: int [m], the fitted rows.
        test: int [k], the tested rows.

    Returns:
        float64 [k].
    """
    scores = np.full(len(test), labels[fit].mean())
    for one in np.unique(video[test]):
        here, known = np.flatnonzero(video[test] == one), fit[video[fit] == one]
        if len(known):
            gap = np.abs(frame[test[here]][:, None] - frame[known])  # [tested, fitted]
            near = gap == gap.min(axis=1, keepdims=True)
            scores[here] = (near * labels[known]).sum(1) / near.sum(1)
    return scores


def nearest_alike(
    features: np.ndarray, labels: np.ndarray, *, fit: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """Score each tested row by how much nearer an abnormal fitted row is than a normal one.

    Args:
        features: float [n, d] of all rows.
        labels: [n] {0, 1}; both occur among the fitted rows.
        fit: int [m], the fitted rows.
        test: int [k], the tested rows.

    Returns:
        [k], the distance to the nearest normal row minus that to the nearest abnormal one.
    """
    normal, abnormal = (
        knn(features[fit[labels[fit] == label]], features[test], k=1) for label in (0, 1)
    )
    return normal - abnormal
