"""Dense optical flow by Farneback's method (Farneback, SCIA 2003), as all of vadjax computes it."""

from typing import Any

import cv2
import numpy as np

# Named in the fingerprints of stored features: other values would make them stale.
FARNEBACK: dict[str, Any] = {
    "pyr_scale": 0.5,
    "levels": 3,
    "winsize": 15,
    "iterations": 2,
    "poly_n": 5,
    "poly_sigma": 1.2,
    "flags": 0,
}


def optical_flow(last: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """Measure how far each pixel has moved from one frame to the next.

    Args:
        last: uint8 [h, w], the earlier frame.
        grey: uint8 [h, w], the later frame.

    Returns:
        float32 [h, w, 2], to the right and down, in pixels a frame.
    """
    out = np.empty((*grey.shape, 2), np.float32)
    return cv2.calcOpticalFlowFarneback(last, grey, out, **FARNEBACK)
