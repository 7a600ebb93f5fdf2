"""How high what moves is, by row of the frame, estimated from the foreground of normal frames.

A camera that looks down at the ground sees what is farther away higher up and smaller, and the
height of a standing object is linear in the row of its foot (Hoiem et al., CVPR 2006). The line is
fitted to components of the foreground by medians over bands of rows, each component weighted by its
height, so that specks count little. Merged bodies make it too steep, so half the slope is taken.
"""

import cv2
import numpy as np

SMALLEST = 6  # px: lower components are noise
BANDS = 5  # of rows, each of as much height in all
FEW = 40  # components, below which nothing is estimated
_SLOPE = (0.0, 1.0)  # of height by row: nothing grows with the distance
_DAMPED = 0.5  # share of the slope that is taken
_GAP = 0.025  # of the frame's height, gaps within a body that are closed


def component_heights(mask: np.ndarray) -> np.ndarray:
    """Measure the components of one frame's foreground that lie inside the frame.

    Args:
        mask: uint8 [h, w], 1 is foreground.

    Returns:
        float32 [n, 2]: row of the foot and height, pixels.
    """
    gap = max(3, round(_GAP * len(mask))) | 1
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((gap, max(3, gap // 2 | 1)), np.uint8))
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
    passed = np.cumsum(found[:, 1]) / found[:, 1].sum()
    bands = np.split(found, np.searchsorted(passed, np.arange(1, BANDS) / BANDS))
    medians = [(_median(b[:, 0], b[:, 1]), _median(b[:, 1], b[:, 1])) for b in bands if len(b)]
    feet, tall = np.array(medians).T
    count = len(feet)
    pairs = [(i, j) for i in range(count) for j in range(i) if feet[i] - feet[j] > 0.02 * height]
    slope = np.median([(tall[i] - tall[j]) / (feet[i] - feet[j]) for i, j in pairs] or [0.0])
    slope = _DAMPED * float(np.clip(slope, *_SLOPE))
    level = float(np.median(tall - slope * feet))
    rows = np.clip(np.arange(height), feet.min(), feet.max())  # nothing was seen beyond
    return np.maximum(level + slope * rows, SMALLEST).astype(np.float32)


def _median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    passed = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(passed, passed[-1] / 2)])
