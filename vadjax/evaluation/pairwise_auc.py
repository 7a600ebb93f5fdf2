"""Pairs of frames in the right order, counted by pair of videos, to bootstrap the micro AUC.

The micro AUC of any multiset of videos is a ratio of bilinear forms in the videos' counts c:
c' W c / (c' p)(c' n), where W[a, b] counts the pairs in which an abnormal frame of video a
outranks a normal frame of video b (ties half), and p, n count each video's frames. So one matrix
serves every resample, and two runs on the same videos can be compared on the same counts. Of many
videos the matrix would be larger than the scores; their sorted frames serve instead.
"""

import abc
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

PAIRS_AT_ONCE = 1 << 22
TABLE_BYTES = 1 << 28
MANY = 2048  # videos, from which on there is no table of pairs of them


class PairCounts(abc.ABC):
    """How often the abnormal frames of one video score above the normal frames of another.

    Attributes:
        abnormal: int64 [v], abnormal frames of each video.
        normal: int64 [v], normal frames of each video.
        own: float64 [v], pairs won within each video.
    """

    def __init__(self, abnormal: np.ndarray, normal: np.ndarray, own: np.ndarray) -> None:
        self.abnormal, self.normal, self.own = abnormal, normal, own

    @abc.abstractmethod
    def won(self, counts: np.ndarray) -> np.ndarray:
        """Return the pairs won, float64 [r], of counts [r, v]: how often each video is taken."""

    def auc(self, counts: np.ndarray) -> np.ndarray:
        """Return the micro AUC, float64 [r], of counts [r, v]: how often each video is taken."""
        return self.won(counts) / self._pairs(counts)

    def within(self, counts: np.ndarray) -> np.ndarray:
        """Return the AUC over the pairs of frames of one video, float64 [r]; NaN without any.

        Args:
            counts: [r, v], how often each video is taken; its copies are videos of their own.
        """
        return _ratio(counts @ self.own, counts @ self._own_pairs)

    def across(self, counts: np.ndarray) -> np.ndarray:
        """Return the AUC over the pairs of frames of two videos, float64 [r]; NaN without any.

        Args:
            counts: [r, v], how often each video is taken; its copies are videos of their own.
        """
        pairs = self._pairs(counts) - counts @ self._own_pairs
        return _ratio(self.won(counts) - counts @ self.own, pairs)

    @property
    def _own_pairs(self) -> np.ndarray:
        return (self.abnormal * self.normal).astype(np.float64)

    def _pairs(self, counts: np.ndarray) -> np.ndarray:
        return (counts @ self.abnormal.astype(np.float64)) * (counts @ self.normal)


class PairTable(PairCounts):
    """Pairs won by pair of videos, in a table: a resample is a product.

    Attributes:
        matrix: float64 [v, v], pairs won by the abnormal frames of a over the normal ones of b.
    """

    def __init__(self, matrix: np.ndarray, abnormal: np.ndarray, normal: np.ndarray) -> None:
        super().__init__(abnormal, normal, np.diagonal(matrix))
        self.matrix = matrix

    def won(self, counts: np.ndarray) -> np.ndarray:
        counts = np.asarray(counts, np.float64)
        return np.einsum("rv,rv->r", counts @ self.matrix, counts)


class SortedPairs(PairCounts):
    """Those of many videos, in the order of the scores: a resample is a pass over the frames."""

    def __init__(
        self, frames: "_Frames", abnormal: np.ndarray, normal: np.ndarray, own: np.ndarray
    ) -> None:
        super().__init__(abnormal, normal, own)
        self._frames = frames
        self._last: tuple[np.ndarray | None, np.ndarray] = None, np.zeros(0)

    def won(self, counts: np.ndarray) -> np.ndarray:
        if counts is self._last[0]:  # parts of the AUC ask for the same resamples
            return self._last[1]
        won = np.array([self._frames.won(row) for row in counts])
        if len(counts) > 1:
            self._last = counts, won
        return won


class _Frames(NamedTuple):
    """The frames of all videos, by score.

    Attributes:
        strict: int [p], normal frames that lie below each abnormal frame.
        ties_too: int [p], those that are equal to it counted too.
        abnormal: int [p], video of each abnormal frame.
        normal: int [q], video of each normal frame, lowest score first.
        tied: whether an abnormal frame has the score of a normal one.
    """

    strict: np.ndarray
    ties_too: np.ndarray
    abnormal: np.ndarray
    normal: np.ndarray
    tied: bool

    def won(self, counts: np.ndarray) -> float:
        """Return the pairs won where each video is taken as often as `counts` [v] says.

        Integers throughout, and no wider than the counts need: the pass waits for memory.
        """
        most = int(counts.max(initial=0))
        counts = counts.astype(np.int16 if most < 1 << 15 else np.int64)
        sums = np.int32 if most * len(self.normal) < 1 << 31 else np.int64
        below = np.zeros(len(self.normal) + 1, sums)
        np.cumsum(np.take(counts, self.normal), out=below[1:], dtype=sums)
        twice = np.take(below, self.strict).astype(np.int64)
        twice += np.take(below, self.ties_too) if self.tied else twice
        return float(np.take(counts, self.abnormal).astype(np.int64) @ twice) / 2

    def own(self, num: int) -> np.ndarray:
        """Return the pairs won within each video, float64 [num]."""
        order = np.argsort(self.normal, kind="stable")  # normal frames video by video, by score
        key = self.normal[order] * np.int64(len(order) + 1) + order
        start = np.searchsorted(self.normal[order], self.abnormal, side="left")
        found = np.zeros(num)
        for below in (self.strict, self.ties_too):
            upto = np.searchsorted(key, self.abnormal * np.int64(len(order) + 1) + below)
            found += np.bincount(self.abnormal, weights=upto - start, minlength=num) / 2
        return found


def _ratio(won: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return np.divide(won, pairs, out=np.full(len(won), np.nan), where=pairs > 0)


def count_pairs(scores: Sequence[np.ndarray], labels: Sequence[np.ndarray]) -> PairCounts:
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
    abnormal, normal = (np.bincount(v, minlength=num) for v in args[:2])
    strict = np.searchsorted(below, above, side="left")
    ties_too = np.searchsorted(below, above, side="right")
    if num > MANY:
        tied = bool((strict != ties_too).any())
        frames = _Frames(strict, ties_too, video[truth], video[~truth], tied)
        return SortedPairs(frames, abnormal, normal, frames.own(num))
    matrix = _sum_below(strict, *args)
    if (strict != ties_too).any():
        matrix = (matrix + _sum_below(ties_too, *args)) / 2
    return PairTable(matrix, abnormal, normal)


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
