"""Regions: connected parts of a picture, as boxes.

A box is [x, y, width, height] in pixels, the right and lower edges not included, so that its area
is width times height.
"""

from typing import NamedTuple

import cv2
import numpy as np

MAX_CELLS = 1 << 15  # maps with more are read at every second, third ... pixel
BLOCK = 16  # levels that share one search for the part of the map above the lowest of them


class Cut(NamedTuple):
    """The regions of one map at falling levels.

    Attributes:
        levels: float64 [l], falling.
        level: int64 [k], the index of the level that each region belongs to.
        boxes: int64 [k, 4], in pixels of the map.
    """

    levels: np.ndarray
    level: np.ndarray
    boxes: np.ndarray


def boxes_of(mask: np.ndarray, *, min_area: int = 1) -> np.ndarray:
    """Return the boxes, int64 [k, 4], of the connected parts of a mask (8 neighbours).

    >>> boxes_of(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]])).tolist()
    [[0, 0, 2, 2], [2, 3, 1, 1]]

    Args:
        mask: [h, w], true or above 0 inside.
        min_area: smaller parts, in pixels, are left out.

    Returns:
        int64 [k, 4].
    """
    binary = (np.asarray(mask) > 0).view(np.uint8)
    ltype = cv2.CV_16U if binary.size < 1 << 16 else cv2.CV_32S  # the former is much faster
    _, _, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=8, ltype=ltype)
    found = stats[1:]
    return found[found[:, cv2.CC_STAT_AREA] >= min_area, :4].astype(np.int64)


def iou(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Compute the intersection over union of boxes.

    Args:
        one: [m, 4].
        other: [n, 4].

    Returns:
        float64 [m, n].
    """
    one, other = np.asarray(one, float)[:, None], np.asarray(other, float)[None]
    low = np.maximum(one[..., :2], other[..., :2])
    high = np.minimum(one[..., :2] + one[..., 2:], other[..., :2] + other[..., 2:])
    inside = np.prod(np.maximum(high - low, 0), axis=-1)
    union = np.prod(one[..., 2:], axis=-1) + np.prod(other[..., 2:], axis=-1) - inside
    return np.divide(inside, union, out=np.zeros_like(inside), where=union > 0)


def sample(heat: np.ndarray) -> np.ndarray:
    """Read a map of more than `MAX_CELLS` pixels at every second (third, ...) pixel.

    Args:
        heat: float32 [h, w].

    Returns:
        float32 [h / step, w / step].
    """
    step = _step(heat)
    return np.ascontiguousarray(heat[step // 2 :: step, step // 2 :: step])


def cut(heat: np.ndarray, levels: np.ndarray, *, min_area: int = 1) -> Cut:
    """Cut one map at falling levels into regions.

    The map is read as by `sample`, which moves an edge of a box by less than its step.

    Args:
        heat: float32 [h, w].
        levels: float64 [l], falling.
        min_area: of a region, in pixels.

    Returns:
        The regions at each level; `levels` are those given.
    """
    step, (height, width) = _step(heat), heat.shape
    sampled = sample(heat)
    least = max(1, round(min_area / step**2))
    found, level = [np.zeros((0, 4), np.int64)], [np.zeros(0, np.int64)]
    above = len(sampled.ravel()) - np.searchsorted(np.sort(sampled, axis=None), levels)
    previous, boxes = 0, found[0]
    for start in range(int(np.searchsorted(above, least)), len(levels), BLOCK):
        block = range(start, min(start + BLOCK, len(levels)))
        inside = sampled >= levels[block[-1]]
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        top, left = rows[0], columns[0]
        part = sampled[top : rows[-1] + 1, left : columns[-1] + 1]
        for index in block:
            if above[index] != previous:  # else the level lies between two neighbouring values
                boxes = boxes_of(part >= levels[index], min_area=least)
                boxes[:, :2] += (left, top)
                previous = above[index]
            found.append(boxes)
            level.append(np.full(len(boxes), index))
    boxes = np.concatenate(found) * step
    boxes[:, 2:] = np.minimum(boxes[:, 2:], np.array([width, height]) - boxes[:, :2])
    return Cut(np.asarray(levels, np.float64), np.concatenate(level), boxes)


def _step(heat: np.ndarray) -> int:
    return max(1, int(np.ceil(np.sqrt(heat.size / MAX_CELLS))))
