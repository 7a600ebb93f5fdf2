"""Causal smoothing: a score never depends on a later frame, so that it can be had live.

Each function takes one video's scores, so that nothing leaks from one video into the next, and adds
no latency. docs/protocols.md says why symmetric filters are not offered and why a smoothed figure
is always shown beside the raw one.
"""

import numpy as np


def causal_ema(scores: np.ndarray, *, alpha: float) -> np.ndarray:
    """Compute the exponential moving average of scores.

    s'[t] = alpha s[t] + (1 - alpha) s'[t - 1], from s'[0] = s[0].

    >>> causal_ema(np.array([0.0, 1.0, 1.0]), alpha=0.5)
    array([0.  , 0.5 , 0.75], dtype=float32)

    Args:
        scores: [t], of one video.
        alpha: share of the newest frame, in (0, 1]; 1 changes nothing. The mean age of what is
            averaged is (1 - alpha) / alpha frames.

    Returns:
        float32 [t].

    Raises:
        ValueError: `alpha` is not in (0, 1], or the scores are not [t].
    """
    scores = _one_video(scores)
    if not 0 < alpha <= 1:
        raise ValueError(f"causal_ema: alpha {alpha} should be in (0, 1]")
    if not len(scores):
        return scores.astype(np.float32)
    import scipy.signal  # importing it takes a second

    start = [(1 - alpha) * scores[0]]
    return scipy.signal.lfilter([alpha], [1, alpha - 1], scores, zi=start)[0].astype(np.float32)


def causal_median(scores: np.ndarray, *, length: int) -> np.ndarray:
    """Compute the median of the last `length` scores, or of all so far where there are fewer.

    A burst of at most (length - 1) / 2 frames is removed; a lasting change shows after as many.

    >>> causal_median(np.array([1.0, 9.0, 1.0, 1.0]), length=3)
    array([1., 5., 1., 1.], dtype=float32)

    Args:
        scores: [t], of one video.
        length: frames, at least 1.

    Returns:
        float32 [t].

    Raises:
        ValueError: `length` is below 1, or the scores are not [t].
    """
    scores = _one_video(scores)
    if length < 1:
        raise ValueError(f"causal_median: length {length} should be at least 1")
    padded = np.concatenate([np.full(length - 1, np.nan), scores])
    if not len(scores):
        return scores.astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)  # [t, length]
    return np.nanmedian(windows, axis=1).astype(np.float32)


def _one_video(scores: np.ndarray) -> np.ndarray:
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 1:
        raise ValueError(f"scores of shape {scores.shape} should be [t], those of one video")
    return scores
