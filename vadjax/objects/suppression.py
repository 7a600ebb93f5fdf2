"""Non-maximum suppression, each class by itself."""

import numpy as np


def kept(boxes: np.ndarray, classes: np.ndarray, *, overlap: float, most: int) -> np.ndarray:
    """Choose boxes greedily: the first, then each that overlaps no chosen one of its class.

    What is chosen among the first k boxes does not depend on later ones, so that leaving out the
    boxes of lowest score changes nothing above them.

    Args:
        boxes: [n, 4] (x0, y0, x1, y1), the highest score first.
        classes: [n] int.
        overlap: Two boxes overlap if their intersection over union is above this.
        most: Boxes that are chosen at the end; all of lower score are left out.

    Returns:
        [k] int, rising indices of the chosen boxes.
    """
    boxes = np.asarray(boxes, np.float64)
    low, high = boxes[:, :2], boxes[:, 2:]
    areas = np.maximum(high - low, 0).prod(1)  # [n]
    left = np.ones(len(boxes), bool)
    chosen: list[int] = []
    for i in range(len(boxes)):
        if len(chosen) == most:
            break
        if not left[i]:
            continue
        chosen.append(i)
        rest = i + 1 + np.flatnonzero(left[i + 1 :] & (classes[i + 1 :] == classes[i]))
        sides = np.minimum(high[rest], high[i]) - np.maximum(low[rest], low[i])
        common = np.maximum(sides, 0).prod(1)
        # common / union > overlap, without dividing by the union of two empty boxes
        left[rest[common > overlap * (areas[rest] + areas[i] - common)]] = False
    return np.array(chosen, np.int64)
