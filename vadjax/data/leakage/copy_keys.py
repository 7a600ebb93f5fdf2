"""Keys by which clips that may have frames in common are found, and the index of them."""

import numpy as np

from vadjax.data.frames.content import GRID
from vadjax.data.leakage.changed_rows import Rows

LAG = 6  # frames between the two that are subtracted for a key
BLOCK = 8192  # frames whose keys are computed at once
GAP = 4  # frames between the two differences of a key
COMMON = 64  # a key of more frames than this says nothing
TRIED = 32  # candidates that are compared for each test clip
VOTES = 3  # keys that a candidate has at least


class KeyIndex:
    """The frames of many clips by their keys.

    Args:
        clips: (keys int64 [k], frames int64 [k]) of each clip.
    """

    def __init__(self, clips: list[tuple[np.ndarray, np.ndarray]]):
        none = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
        keys, frames = map(np.concatenate, zip(*(clips or none), strict=True))
        clip = np.repeat(np.arange(len(clips)), [len(k) for k, _ in clips])
        order = np.argsort(keys, kind="stable")
        self._keys, self._frames, self._clip = keys[order], frames[order], clip[order]
        self._span = int(frames.max(initial=0)) + 1

    def candidates(self, keys: np.ndarray, frames: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
        """Find the stretches that share most keys with a test clip.

        Args:
            keys: int64 [k], of the test clip.
            frames: int [k], theirs.

        Returns:
            (number of a clip, its frame minus that of the test clip, frames of the test clip with
            a key in common), the likeliest first.
        """
        low, high = (np.searchsorted(self._keys, keys, side) for side in ("left", "right"))
        count = np.where(high - low > COMMON, 0, high - low)
        at = np.repeat(low, count) + np.arange(count.sum())
        at -= np.repeat(np.cumsum(count) - count, count)  # position in the index of each pair
        longest = int(frames.max(initial=0)) + 1
        width = self._span + longest
        own = np.repeat(frames, count)
        pairs = self._clip[at] * width + self._frames[at] - own + longest
        code, votes = np.unique(pairs, return_counts=True)
        best = np.argsort(-votes, kind="stable")[:TRIED]
        best = best[votes[best] >= VOTES]
        return [(int(c // width), int(c % width) - longest, own[pairs == c]) for c in code[best]]


def hash_keys(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the hash of each frame that differs from the one before, and the frame's number.

    Args:
        rows: `content.ROW` [t].

    Returns:
        Keys int64 [k], and frames int64 [k].
    """
    keys = rows["hash"]
    frames = np.flatnonzero(np.diff(keys, prepend=keys[:1] - 1))
    return keys[frames], frames


def _strongest(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which two blocks change most after each frame, below 2 ** 18, and whether enough."""
    grid = rows["grid"].astype(np.int16)
    change = (grid[LAG:] - grid[:-LAG]).astype(np.float32)
    change -= np.median(change, 1, keepdims=True)
    top = np.sort(np.argpartition(-np.abs(change), 2, axis=1)[:, :2], 1)
    value = np.take_along_axis(change, top, 1)
    half = ((2 * top + (value > 0)) * (1, 2 * GRID * GRID)).sum(1)
    return half, np.abs(value).min(1) >= 2


def motion_keys(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return which two blocks change most, and how, at two moments; and the frames' numbers.

    Args:
        rows: `content.ROW` [t].

    Returns:
        Keys int64 [k], and frames int64 [k].
    """
    if len(rows) < LAG + GAP + 1:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    blocks = [
        _strongest(rows[np.arange(at, min(at + BLOCK + LAG, len(rows)))])
        for at in range(0, len(rows) - LAG, BLOCK)
    ]
    half, strong = map(np.concatenate, zip(*blocks, strict=True))
    both = strong[:-GAP] & strong[GAP:]
    keys = half[:-GAP].astype(np.int64) << 18 | half[GAP:].astype(np.int64)
    return keys[both], np.flatnonzero(both)
