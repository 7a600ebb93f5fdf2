"""Frames of any number of videos, sorted by score on disk: memory does not grow with the frames.

A frame is a word of 64 bits: its score in an order-preserving form (32), the number of its video
(31), its label (1). Words are collected, sorted and appended to a file as a run; `ranges` reads all
runs side by side, a range of scores at a time.
"""

import os
import pathlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

EVERY = 512  # of the words of a run one is kept in memory, to find a score in it
MOST_VIDEOS = 1 << 31


class Entries(NamedTuple):
    """Frames of a range of scores, the lowest first; equal scores lie in one range.

    Attributes:
        key: uint32 [n], scores in an order-preserving form.
        video: int64 [n], numbers of videos.
        abnormal: int64 [n], abnormal frames of this key and video that the entry stands for.
        normal: int64 [n], normal ones.
    """

    key: np.ndarray
    video: np.ndarray
    abnormal: np.ndarray
    normal: np.ndarray


class _Run(NamedTuple):
    start: int  # in words
    stop: int
    every: np.ndarray  # each EVERY-th word


def packed(scores: np.ndarray, videos: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return frames as words, which are ordered as the scores are.

    Args:
        scores: float32 [n], finite.
        videos: int [n], below `MOST_VIDEOS`.
        labels: [n] {0, 1}.

    Returns:
        uint64 [n].
    """
    bits = (scores + np.float32(0)).view(np.uint32)  # -0 becomes 0: they are equal
    negative = bits >> np.uint32(31)
    key = bits ^ (np.uint32(1 << 31) | (np.uint32(0) - negative))
    word = key.astype(np.uint64) << np.uint64(32)
    return word | (videos.astype(np.uint64) << np.uint64(1)) | labels.astype(np.uint64)


class SortedFrames:
    """Runs of sorted words in one file.

    Args:
        path: of the file; the caller removes it.
        at_once: words that `ranges` holds at once, but for scores of one value.
    """

    def __init__(self, path: pathlib.Path, *, at_once: int):
        self._file: BinaryIO = path.open("w+b")
        self._runs: list[_Run] = []
        self._at_once = at_once

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def add(self, words: np.ndarray) -> None:
        """Sort words in place, and append them as a run.

        Args:
            words: of `packed`.
        """
        words.sort()
        start = self._runs[-1].stop if self._runs else 0
        self._file.write(words.data)
        self._runs.append(_Run(start, start + len(words), words[::EVERY].copy()))

    def ranges(self) -> Iterator[Entries]:
        """Yield all frames by rising score, each score within one range."""
        self._file.flush()
        low = np.array([run.start for run in self._runs], np.int64)
        high = np.array([run.stop for run in self._runs], np.int64)
        yield from self._between(0, 1 << 32, low, high)

    def _between(
        self, first: int, last: int, low: np.ndarray, high: np.ndarray
    ) -> Iterator[Entries]:
        """Yield the frames of keys in [first, last), which lie at [low, high) of the runs."""
        count = int((high - low).sum())
        if not count:
            return
        if count > self._at_once and last - first > 1:
            middle = (first + last) // 2
            cut = np.array([self._position(run, middle) for run in self._runs], np.int64)
            yield from self._between(first, middle, low, cut)
            yield from self._between(middle, last, cut, high)
        elif count > self._at_once:
            yield self._equal(first, low, high)
        else:
            words = np.concatenate(list(self._slices(low, high)))
            words.sort()
            label = (words & np.uint64(1)).astype(np.int64)
            key = (words >> np.uint64(32)).astype(np.uint32)
            yield Entries(key, _video(words), label, 1 - label)

    def _equal(self, key: int, low: np.ndarray, high: np.ndarray) -> Entries:
        """Count the frames of one score by video: there may be more than memory holds."""
        counts = np.zeros((2, 0), np.int64)
        for words in self._slices(low, high):
            cell = (words & np.uint64((1 << 32) - 1)).astype(np.int64)  # 2 * video + label
            found = np.bincount(cell, minlength=2 * counts.shape[1])
            found = np.append(found, np.zeros(len(found) % 2, np.int64)).reshape(-1, 2).T
            found[:, : counts.shape[1]] += counts
            counts = found
        video = np.flatnonzero(counts.any(0))
        normal, abnormal = counts[:, video]
        return Entries(np.full(len(video), key, np.uint32), video, abnormal, normal)

    def _slices(self, low: np.ndarray, high: np.ndarray) -> Iterator[np.ndarray]:
        for start, stop in zip(low.tolist(), high.tolist(), strict=True):
            for piece in range(start, stop, self._at_once):
                yield self._read(piece, min(piece + self._at_once, stop))

    def _read(self, start: int, stop: int) -> np.ndarray:
        self._file.seek(8 * start, os.SEEK_SET)
        return np.fromfile(self._file, np.uint64, stop - start)

    def _position(self, run: _Run, key: int) -> int:
        """Return where in the file the keys of a run reach `key`."""
        word = np.uint64(key << 32)
        block = max(int(np.searchsorted(run.every, word)) - 1, 0)
        start = run.start + block * EVERY
        words = self._read(start, min(start + EVERY, run.stop))
        return start + int(np.searchsorted(words, word))


def _video(words: np.ndarray) -> np.ndarray:
    return ((words >> np.uint64(1)) & np.uint64(MOST_VIDEOS - 1)).astype(np.int64)
