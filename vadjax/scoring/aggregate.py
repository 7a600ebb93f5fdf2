"""From the scores of windows to one score for each frame."""

import numpy as np


def spread(
    scores: np.ndarray, rows: np.ndarray, num_frames: int, aggregate: str
) -> tuple[np.ndarray, np.ndarray]:
    """Combine the scores of windows into one for each frame; fill the rest from the nearest.

    Args:
      scores: [m, s], or [m, s, k], of the rows that each window scores.
      rows: int [m, s] the frames that they belong to.
      num_frames: length of the video.
      aggregate: "last", "mean" or "max".

    Returns:
      (float32 [num_frames], or [num_frames, k]; predicted bool [num_frames])
    """
    if scores.ndim == 3:  # each of k values for itself
        columns = [
            spread(scores[..., i], rows, num_frames, aggregate) for i in range(scores.shape[2])
        ]
        return np.stack([values for values, _ in columns], axis=1), columns[0][1]
    if aggregate == "last":
        scores, rows = scores[:, -1:], rows[:, -1:]
    flat, frames = scores.ravel().astype(np.float64), rows.ravel()
    count = np.bincount(frames, minlength=num_frames)
    if aggregate == "max":
        total = np.full(num_frames, -np.inf)
        np.maximum.at(total, frames, flat)
    else:
        total = np.bincount(frames, weights=flat, minlength=num_frames) / np.maximum(count, 1)
    predicted = count > 0
    return fill(total, predicted), predicted


def fill(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Give each unknown frame the value of the nearest known one, the earlier of two.

    Args:
        values: [t].
        known: bool [t], at least one True.

    Returns:
        float32 [t].

    >>> fill(np.array([0.0, 0.0, 3.0, 0.0]), np.array([False, False, True, False]))
    array([3., 3., 3., 3.], dtype=float32)
    """
    where = np.flatnonzero(known)
    frames = np.arange(len(values))
    right = np.clip(np.searchsorted(where, frames), 0, len(where) - 1)
    left = np.clip(right - 1, 0, len(where) - 1)
    nearer_left = np.abs(frames - where[left]) <= np.abs(where[right] - frames)
    return values[where[np.where(nearer_left, left, right)]].astype(np.float32)
