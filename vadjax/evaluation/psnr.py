"""Scores of frames made from errors of prediction or reconstruction: higher is more abnormal.

Published under the opposite sign, as quality or regularity of a frame; turned here.
"""

import numpy as np
from numpy.typing import ArrayLike

EPS = 1e-12
VARIANTS = ("hasan", "min_max")


def psnr_score(errors: ArrayLike, *, peak: float = 1.0) -> np.ndarray:
    """Return minus the peak signal-to-noise ratio in dB, 10 log10(mse / peak^2), float64 [t].

    Follows Liu et al. (CVPR 2018) and their ano_pred_cvpr2018. Code that takes each frame's own
    maximum as the peak gives other figures.

    >>> psnr_score([0.01, 1.0]).round(6).tolist()
    [-20.0, 0.0]

    Args:
        errors: [t], mean squared error of each frame, at least 0.
        peak: largest possible value of a pixel: 1 for pixels in 0..1.

    Returns:
        float64 [t], in dB.
    """
    return 10 * np.log10((np.asarray(errors, np.float64) + EPS) / peak**2)


def regularity_score(errors: ArrayLike, *, variant: str = "hasan") -> np.ndarray:
    """Return 1 minus the regularity of Hasan et al. (CVPR 2016), float64 [t], of one whole video.

    "hasan" is the paper's (e - min e) / max e; "min_max", what later code computes,
    (e - min e) / (max e - min e). Both need the whole video and claim that each video holds its
    own most abnormal frame. A video of one value scores 0.

    >>> regularity_score([1, 2, 4]).tolist()
    [0.0, 0.25, 0.75]

    Args:
        errors: [t], error of each frame, at least 0 for "hasan".
        variant: one of `VARIANTS`.

    Returns:
        float64 [t].
    """
    errors = np.asarray(errors, np.float64)
    least, largest = errors.min(), errors.max()
    scale = {"hasan": largest, "min_max": largest - least}[variant]
    return (errors - least) / scale if scale else np.zeros_like(errors)
