"""Pairwise counts of wins between videos, for bootstrapping the micro AUC.

The micro AUC of any multiset of videos is a ratio of bilinear forms in the videos' counts c:
c' W c / (c' p)(c' n), where W[a, b] counts the pairs in which an abnormal frame of video a
outranks a normal frame of video b (ties half), and p, n count each video's frames. So one matrix
serves every resample, and two runs on the same videos can be compared on the same counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PAIRS_AT_ONCE = 1 << 22
TABLE_BYTES = 1 << 28


@dataclass(frozen=True, eq=False)
class Wins:
    """How often the abnormal frames of one video score above the normal frames of another.

    Attributes:
        matrix: float64 [v, v], pairs won by the abnormal frames of a over the normal ones of b.
        abnormal: int64 [v], abnormal frames of each video.
        normal: int64 [v], normal frames of each video.
    """

    matrix: np.ndarray
    abnormal: np.ndarray
    normal: np.ndarray

    def auc(self, counts: np.ndarray) -> np.ndarray:
        """Return the micro AUC, float64 [r], of counts [r, v]: how often each video is taken."""
        counts = np.asarray(counts, np.float64)
        won = np.einsum("rv,rv->r", counts @ self.matrix, counts)
        return won / ((counts @ self.abnormal) * (counts @ self.normal))

    def within(self, counts: np.ndarray) -> np.ndarray:
        """Return the AUC over the pairs of frames of one video, float64 [r]; NaN without any.

        Args:
            counts: [r, v], how often each video is taken; its copies are videos of their own.
        """
        counts = np.asarray(counts, np.float64)
        pairs = counts @ (self.abnormal * self.normal).astype(np.float64)
        return _ratio(counts @ np.diagonal(self.matrix), pairs)

    def across(self, counts: np.ndarray) -> np.ndarray:
        """Return the AUC over the pairs of frames of two videos, float64 [r]; NaN without any.

        Args:
            counts: [r, v], how often each video is taken; its copies are videos of their own.
        """
        counts = np.asarray(counts, np.float64)
        won = np.einsum("rv,rv->r", counts @ self.matrix, counts)
        won -= counts @ np.diagonal(self.matrix)
        pairs = (counts @ self.abnormal) * (counts @ self.normal)
        return _ratio(won, pairs - counts @ (self.abnormal * self.normal).astype(np.float64))


def _ratio(won: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return np.divide(won, pairs, out=np.full(len(won), np.nan), where=pairs > 0)


def video_wins(scores: Sequence[np.ndarray], labels: Sequence[np.ndarray]) -> Wins:
    """Compare every abnormal frame with every normal one, summed by pair of videos.

    Args:
        scores: [t] of each video.
        labels: [t] {0, 1} of each video.

    Returns:
        The counts of all pairs of videos.
    """
    num = len(scores)
    video = np.repeat(np.arange(num), [len(s) for s in scores])
    flat = np.concatenate([np.asarray(s) for s in scores])
    truth = np.concatenate([np.asarray(y) for y in labels]).astype(bool)
    order = np.argsort(flat, kind="stable")
    flat, truth, video = flat[order], truth[order], video[order]
    below, above = flat[~truth], flat[truth]
    args = video[truth], video[~truth], num
    strict = np.searchsorted(below, above, side="left")
    ties_too = np.searchsorted(below, above, side="right")
    matrix = _sum_below(strict, *args)
    if (strict != ties_too).any():
        matrix = (matrix + _sum_below(ties_too, *args)) / 2
    counts = (np.bincount(v, minlength=num) for v in (video[truth], video[~truth]))
    return Wins(matrix, *counts)


def _sum_below(
    num_below: np.ndarray, abnormal: np.ndarray, normal: np.ndarray, num: int
) -> np.ndarray:
    """Sum, by pair of videos, the normal frames below each abnormal one.

    The sorted normal frames are cut into blocks: what lies in whole blocks below is a product of
    two matrices, and only the rest is enumerated.

    Args:
        num_below: int [p], how many of the sorted normal frames lie below each abnormal frame.
        abnormal: int [p], video of each abnormal frame.
        normal: int [q], video of each normal frame, lowest score first.
        num: number of videos v.

    Returns:
        float64 [v, v]; row: video of the abnormal frame, column: of the normal one.
    """
    size = max(32, num // 6, len(normal) * num * 8 // TABLE_BYTES)  # 6: about the fastest
    num_blocks = len(normal) // size + 1
    in_block = np.bincount(
        (np.arange(len(normal)) // size) * num + normal, minlength=num_blocks * num
    )
    before = np.cumsum(in_block.reshape(num_blocks, num), axis=0) - in_block.reshape(
        num_blocks, num
    )
    block = num_below // size
    arrivals = np.bincount(abnormal * num_blocks + block, minlength=num * num_blocks)
    matrix = arrivals.reshape(num, num_blocks).astype(np.float64) @ before.astype(np.float64)
    rest = num_below - block * size  # [p], in [0, size)
    step = max(1, PAIRS_AT_ONCE // size)
    pairs = np.zeros(num * num, np.int64)
    for start in range(0, len(rest), step):
        piece = slice(start, start + step)
        count = rest[piece]
        ends = np.cumsum(count)
        offset = np.arange(ends[-1]) - np.repeat(ends - count, count)
        row = np.repeat(block[piece] * size, count) + offset
        pairs += np.bincount(
            np.repeat(abnormal[piece], count) * num + normal[row], minlength=num * num
        )
    return matrix + pairs.reshape(num, num)
