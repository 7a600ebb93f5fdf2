"""Embeddings of many clips -> their principal components, each of unit variance."""

from collections.abc import Iterable

import numpy as np

_LEAST = 1e-3  # of the largest deviation, which every component has at least


def whitening(clips: Iterable[np.ndarray], components: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the components of the embeddings of all clips, read one after the other.

    Args:
        clips: [n, d] of each clip; n may be 0, and d anything then.
        components: how many are kept, at most d.

    Returns:
        mean float32 [d], and axes float32 [d, k], each divided by its deviation; d and k are 0
        where there is no embedding.
    """
    count, total, squares = 0, np.zeros(0), np.zeros((0, 0))
    for clip in clips:
        looks = clip.astype(np.float64)
        if not len(looks):
            continue
        if not count:
            total, squares = np.zeros(looks.shape[1]), np.zeros((looks.shape[1],) * 2)
        count += len(looks)
        total, squares = total + looks.sum(0), squares + looks.T @ looks
    if not count:  # nothing moves in them
        return np.zeros(0, np.float32), np.zeros((0, 0), np.float32)
    mean = total / count
    sizes, axes = np.linalg.eigh(squares / count - np.outer(mean, mean))
    deviation = np.sqrt(np.maximum(sizes[::-1], 0))[:components]
    scale = deviation + _LEAST * deviation[:1] + 1e-12
    return mean.astype(np.float32), (axes[:, ::-1][:, :components] / scale).astype(np.float32)
