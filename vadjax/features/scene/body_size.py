"""How high what moves is, by row of the frame, estimated from the foreground of normal frames.

A camera that looks down at the ground sees what is farther away higher up and smaller, and the
height of a standing object is linear in the row of its foot (Hoiem et al., CVPR 2006). The line is
fitted to components of the foreground by medians over bands of rows, so that a few merged crowds
or specks of noise do not move it.
"""

import cv2
import numpy as np

SMALLEST = 6  # px: lower components are noise
BANDS = 5  # of rows, each of as many components
FEW = 40  # components, below which nothing is estimated
_SLOPE = (0.0, 1.0)  # of height by row: nothing grows with the distance


def component_heights(mask: np.ndarray) -> np.ndarray:
    """Measure the components of one frame's foreground that lie inside the frame.

    Args:
        mask: uint8 [h, w], 1 is foreground.

    Returns:
        float32 [n, 2]: row of the foot and height, pixels.
    """
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 3), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(closed)
    x, y, w, h, area = stats[1:].T
    inside = (x > 1) & (y > 1) & (x + w < mask.shape[1] - 2) & (y + h < mask.shape[0] - 2)
    solid = (h >= SMALLEST) & (area > 0.3 * w * h) & (w < 1.5 * h) & (h < 5 * w)
    kept = inside & solid
    return np.stack([y + h, h], axis=1)[kept].astype(np.float32)


def fit_heights(found: np.ndarray, height: int) -> np.ndarray | None:
    """Fit the height of bodies to the rows of their feet.

    Args:
        found: float32 [n, 2], what `component_heights` gives, of many frames.
        height: of the frames, pixels.

    Returns:
        float32 [height]: pixels at each row; None where too little was found.
    """
    if len(found) < FEW:
        return None
    found = found[np.argsort(found[:, 0], kind="stable")]
    bands = np.array_split(found, BANDS)
    feet, tall = np.array([np.median(band, axis=0) for band in bands]).T
    pairs = [(i, j) for i in range(BANDS) for j in range(i) if feet[i] - feet[j] > 0.02 * height]
    slope = np.median([(tall[i] - tall[j]) / (feet[i] - feet[j]) for i, j in pairs] or [0.0])
    slope = float(np.clip(slope, *_SLOPE))
    level = float(np.median(tall - slope * feet))
    rows = np.clip(np.arange(height), feet.min(), feet.max())  # nothing was seen beyond
    return np.maximum(level + slope * rows, SMALLEST).astype(np.float32)
