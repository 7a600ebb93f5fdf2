"""Where in the frames of a clip another one is cut out, and whether it is.

Blocks of a crop are means over parts of several blocks of the whole frame. What both change in time
is correlated, once all of it and once without what moves most: clips of one camera with one large
movement at the same time are alike in the first alone.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from vadjax.data.frames.content import GRID
from vadjax.data.leakage.copy_match import CHANGE, SHORTEST, main_patterns, occurs_once
from vadjax.data.leakage.variants import cropped

LEAST = 0.58  # the smallest crop: where less is seen, different clips may look alike
LARGEST = 0.97  # a larger one is found as an altered copy
STEPS = (0.05, 0.025, 0.0125)  # of the adjustment, as shares of the frame
LIKE, DETAIL = 0.6, 0.45  # correlations of a copy, at least: of all changes, and in detail
SURE, MANY = 1.2, 123  # the two together where clips share so many frames, more where fewer
FRAMES = 32  # that they share, at least
APART, OTHERS = 0.7, 0.85  # of the correlation there: where another time begins, and its limit
Place = tuple[float, float, float]  # top, left and width of a crop, as shares of the frame


class Crop(NamedTuple):
    """A place in a frame, as shares of it, and a distance in time.

    Attributes:
        offset: frame of the whole clip minus that of the crop.
        top, left: of the crop.
        share: its width and height.
        like: correlation of all changes there.
        detail: the same without the two strongest patterns of the crop.
        frames: how many the two share, from the first of the crop that has one in the whole.
    """

    offset: int
    top: float
    left: float
    share: float
    like: float
    detail: float
    frames: int


class _Overlap(NamedTuple):
    """The frames that a crop and a clip share at a distance in time.

    Attributes:
        offset: the distance.
        changes: float32 [t, c] of the crop.
        patterns: float32 [2, c], its strongest ones.
        whole: `content.ROW` [t] of the clip.
    """

    offset: int
    changes: np.ndarray
    patterns: np.ndarray
    whole: np.ndarray


def is_copy(part: np.ndarray, whole: np.ndarray, crop: Crop) -> bool:
    """Say whether a clip is cut out of another.

    The limit of `together` falls with the number of frames, as what is alike by chance does: by its
    square root, from 1.4 at 90 frames and fewer to 1.2. Different clips reach 1.31 in 75 frames and
    1.19 in 96 (docs/protocols.md).

    Args:
        part: `content.ROW` [t] of the crop.
        whole: `content.ROW` [s] of the other clip.
        crop: where it may have been cut out.

    Returns:
        Whether it is.
    """
    sure = max(SURE, min(1.4, SURE * float(np.sqrt(MANY / max(crop.frames, 1)))))
    alike = crop.like >= LIKE and crop.detail >= DETAIL and together(crop) >= sure
    return alike and crop.frames >= FRAMES and _at_one_time(part, whole, crop)


def _at_one_time(part: np.ndarray, whole: np.ndarray, crop: Crop) -> bool:
    """Say whether a stretch of a crop is like no other one of the clip; none of a machine is."""
    own, seen = (_changes(rows) for rows in (part, cropped(crop.top, crop.left, crop.share)(whole)))
    start, length = max(0, -crop.offset), min(crop.frames, 4 * SHORTEST)
    for first in range(start, start + crop.frames - length + 1, length):
        x, other = own[first : first + length], first + crop.offset
        like = _correlation(_varying(x), _varying(seen[other : other + length]))
        if occurs_once(x, seen, other, apart=APART * like, below=OTHERS * like):
            return True
    return False


def adjusted(
    part: np.ndarray, whole: np.ndarray, offsets: Iterable[int], places: Sequence[Place]
) -> Crop | None:
    """Return the place at which two clips are most alike.

    Args:
        part: `content.ROW` [t] of what may be a crop.
        whole: `content.ROW` [s] of what it may be cut out of.
        offsets: frames of the whole clip minus those of the crop, of which the best is taken.
        places: of which the best is adjusted.

    Returns:
        The place; None of clips that share too few frames.
    """
    shared = [each for each in (_overlap_of(part, whole, one) for one in offsets) if each]
    if not shared:
        return None
    crop, overlap = _best(places, shared)
    crop = _climb(crop, overlap)
    again, overlap = _best([crop[1:4]], shared)
    return crop if again.offset == crop.offset else _climb(again, overlap)


def _best(places: Sequence[Place], shared: Sequence[_Overlap]) -> tuple[Crop, _Overlap]:
    crops = [(_crop_at(place, overlap), overlap) for overlap in shared for place in places]
    return max(crops, key=lambda one: together(one[0]))


def _climb(crop: Crop, overlap: _Overlap) -> Crop:
    """Move a crop while the clips become more alike."""
    for step in STEPS:
        better = True
        while better:
            better = False
            for move in _moves(crop, step):
                moved = _crop_at(move, overlap)
                if together(moved) > together(crop) + 1e-4:
                    crop, better = moved, True
    return crop


def _overlap_of(part: np.ndarray, whole: np.ndarray, offset: int) -> _Overlap | None:
    start, other = max(0, -offset), max(0, offset)
    shared = min(len(part) - start, len(whole) - other)
    if shared < SHORTEST:
        return None
    changes = _changes(part[start : start + shared])
    patterns = main_patterns(changes.astype(np.float64)).astype(np.float32)
    return _Overlap(offset, changes, patterns, whole[other : other + shared])


def _crop_at(place: Place, overlap: _Overlap) -> Crop:
    """Return how alike a crop and the frame at a place are, in detail 0 of noise alone."""
    pair = overlap.changes, _changes(cropped(*place)(overlap.whole))
    details = [each - each @ overlap.patterns.T @ overlap.patterns for each in pair]
    like, detail = (_correlation(*two) for two in (pair, details))
    if min(float(np.square(each).mean()) for each in details) < CHANGE / 2:
        detail = 0.0
    return Crop(overlap.offset, *place, like, detail, len(overlap.whole))


def together(crop: Crop) -> float:
    """Return the sum of the two correlations."""
    return crop.like + crop.detail


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    return float((x * y).sum() / (np.linalg.norm(x) * np.linalg.norm(y) + 1e-9))


def _moves(place: Crop, step: float) -> list[Place]:
    moves = [(step, 0.0, 0.0), (-step, 0.0, 0.0), (0.0, step, 0.0), (0.0, -step, 0.0)]
    moves += [(-step / 2, -step / 2, step), (step / 2, step / 2, -step)]
    found = []
    for top, left, share in moves:
        size = float(np.clip(place.share + share, LEAST, LARGEST))
        high, far = (float(np.clip(v, 0, 1 - size)) for v in (place.top + top, place.left + left))
        found.append((high, far, size))
    return found


def _changes(rows: np.ndarray) -> np.ndarray:
    """Return float32 [t, c]: each block without its mean over time, each frame without its own."""
    grid = rows["grid"].astype(np.float32)
    grid -= np.median(grid, 1, keepdims=True)
    wide = np.pad(grid.reshape(-1, GRID, GRID), ((0, 0), (1, 1), (1, 1)), mode="edge")
    wide = wide[:, :-2] + wide[:, 1:-1] + wide[:, 2:]  # blocks of the two lie differently
    wide = wide[:, :, :-2] + wide[:, :, 1:-1] + wide[:, :, 2:]
    return _varying((wide.reshape(len(grid), -1) / 9).astype(np.float32))


def _varying(blocks: np.ndarray) -> np.ndarray:
    return blocks - blocks.mean(0)
