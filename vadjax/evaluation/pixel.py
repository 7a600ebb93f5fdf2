"""Pixel-level ROC (Mahadevan et al., CVPR 2010; Li, Mahadevan and Vasconcelos, TPAMI 2014).

At a threshold, an abnormal frame is a true positive if at least `COVER` of its abnormal pixels
are detected; a normal frame is a false positive if any pixel is. Over all thresholds that is an
ordinary ROC of one value a frame: the highest threshold at which the frame still counts.
"""

import math

import numpy as np

COVER = 0.4


def pixel_score(heat: np.ndarray, mask: np.ndarray, *, cover: float = COVER) -> float:
    """Return the highest threshold at which a frame counts as detected.

    >>> heat = np.array([[0.9, 0.1, 0.2], [0.3, 0.4, 0.5]])
    >>> pixel_score(heat, np.array([[0, 1, 1], [1, 1, 1]]))  # two of five pixels have to fire
    0.4
    >>> pixel_score(heat, np.zeros((2, 3)))
    0.9

    Args:
        heat: float [h, w], higher is more abnormal.
        mask: [h, w], above 0 where abnormal; nowhere in a normal frame.
        cover: share of the abnormal pixels that has to be detected.

    Returns:
        The threshold; of a normal frame its highest value.
    """
    inside = heat[np.asarray(mask) > 0]
    if not inside.size:
        return float(heat.max())
    needed = max(1, math.ceil(cover * inside.size - 1e-9))
    return float(np.partition(inside, inside.size - needed)[inside.size - needed])
