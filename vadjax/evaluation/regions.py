"""Regions: connected parts of a picture, as boxes.

A box is [x, y, width, height] in pixels, the right and lower edges not included, so that its area
is width times height.
"""

from typing import NamedTuple

import cv2
import numpy as np

MAX_CELLS = 1 << 15  # maps with more are read at every second, third ... pixel
NUM_LEVELS = 24  # at which a map is cut; a step is about a third of a region's area


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


def cut(heat: np.ndarray, *, min_area: int = 1, num_levels: int = NUM_LEVELS) -> Cut:
    """Cut one map at falling levels into regions.

    The levels are values of the map itself: all of them where there are few, else those that the
    a-th highest pixel has, a growing geometrically from `min_area` to the whole map. A map of more
    than `MAX_CELLS` pixels is read at every second (third, ...) pixel in both directions, which
    moves an edge of a box by less than that step.

    Args:
        heat: float32 [h, w].
        min_area: of a region, in pixels.
        num_levels: at most so many.

    Returns:
        The regions at each level.
    """
    step = max(1, int(np.ceil(np.sqrt(heat.size / MAX_CELLS))))
    sampled = np.ascontiguousarray(heat[step // 2 :: step, step // 2 :: step])
    least = max(1, round(min_area / step**2))
    levels = _levels(sampled, least, num_levels)
    found = [boxes_of(sampled >= level, min_area=least) for level in levels]
    level = np.repeat(np.arange(len(levels)), [len(boxes) for boxes in found])
    boxes = np.concatenate(found) if found else np.zeros((0, 4), np.int64)
    boxes = boxes * step
    height, width = heat.shape
    boxes[:, 2:] = np.minimum(boxes[:, 2:], np.array([width, height]) - boxes[:, :2])
    return Cut(levels.astype(np.float64), level, boxes)


def _levels(heat: np.ndarray, least: int, num_levels: int) -> np.ndarray:
    """Return the levels at which to cut, falling."""
    values = np.sort(heat, axis=None)[::-1]
    ranks = np.geomspace(min(least, len(values)), len(values), num_levels)
    at_ranks = values[np.unique(np.ceil(ranks).astype(int)) - 1]
    first = np.flatnonzero(np.diff(values, prepend=np.inf))
    distinct = values[first] if len(first) <= num_levels else at_ranks
    return np.unique(distinct)[::-1]
