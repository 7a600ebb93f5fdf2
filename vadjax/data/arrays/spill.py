"""Rows that come one at a time and lie on disk, so that memory does not grow with their number.

The rows of many arrays lie in one file, which has no name and goes when nothing refers to it.
"""

import os
import pathlib
import tempfile
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

BLOCK_BYTES = 1 << 18  # of the rows of one array that are in memory until they are written


class NoRoomError(Exception):
    """The file cannot be made, or not be written."""


class Spill:
    """A file for the rows of many arrays; several threads may fill one each.

    Args:
        dtype: of a row.
        folder: of the file, which is made; None is the system's for temporary files.

    Raises:
        NoRoomError: there can be none.
    """

    def __init__(self, dtype: np.dtype, *, folder: pathlib.Path | None = None):
        self.dtype = dtype
        self._lock, self._end = threading.Lock(), 0
        self._place = tempfile.gettempdir() if folder is None else os.fspath(folder)
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  # kept
        except OSError as error:
            raise self._full(error) from error
        self._file = file.fileno()
        weakref.finalize(self, file.close)

    def write(self, block: bytes | bytearray) -> tuple[int, int]:
        """Write rows.

        Args:
            block: of one array, one behind the other.

        Returns:
            Where they lie: first and last byte + 1.

        Raises:
            NoRoomError: they cannot be written.
        """
        with self._lock:
            start, self._end = self._end, self._end + len(block)
        view, at = memoryview(block), start
        try:
            while view:
                at += (done := os.pwrite(self._file, view, at))
                view = view[done:]
        except OSError as error:
            raise self._full(error) from error
        return start, start + len(block)

    def read(self, start: int, stop: int) -> np.ndarray:
        """Read rows.

        Args:
            start: their first byte, as `write` has said.
            stop: the one after their last.

        Returns:
            `dtype` [n].

        Raises:
            OSError: they are no longer there.
        """
        rows = np.empty(stop - start, np.uint8)
        view, at = rows.data, start
        while view:
            done = os.preadv(self._file, [view], at)
            if not done:
                raise OSError(f"{self._place}: a temporary file of rows was cut")
            view, at = view[done:], at + done
        return rows.view(self.dtype)

    def _full(self, error: OSError) -> NoRoomError:
        return NoRoomError(f"{self._place} cannot be written ({error})")


class SpilledRows:
    """The rows of one array: they are appended, and read when `end` was called.

    Args:
        spill: the file.
        extents: where rows lie in it, first byte and last byte + 1.
    """

    def __init__(self, spill: Spill, extents: tuple[tuple[int, int], ...] = ()):
        self._spill, self._extents = spill, list(extents)
        self._block = bytearray()

    def append(self, rows: bytes) -> None:
        """Add the bytes of one row, or of several."""
        self._block += rows
        if len(self._block) >= BLOCK_BYTES:
            self.end()

    def end(self) -> "SpilledRows":
        """Write what is still in memory, and return the rows."""
        if self._block:
            start, stop = self._spill.write(self._block)
            if self._extents and self._extents[-1][1] == start:
                start = self._extents.pop()[0]
            self._extents.append((start, stop))
            self._block = bytearray()
        return self

    def __len__(self) -> int:
        return sum(stop - start for start, stop in self._extents) // self._spill.dtype.itemsize

    def emptied(self) -> "SpilledRows":
        """Return an array without rows in the same file."""
        return SpilledRows(self._spill)

    def part(self, start: int, stop: int) -> "SpilledRows":
        """Return some of the rows, without reading them.

        Args:
            start: the first.
            stop: the one after the last.

        Returns:
            The rows.
        """
        size, found = self._spill.dtype.itemsize, []
        low, high = start * size, stop * size
        for first, last in self._extents:
            begin, end = first + max(low, 0), min(last, first + high)
            if begin < end:
                found.append((begin, end))
            low, high = low - (last - first), high - (last - first)
        return SpilledRows(self._spill, tuple(found))

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield the rows in order, some at a time."""
        step = max(1, BLOCK_BYTES // self._spill.dtype.itemsize) * self._spill.dtype.itemsize
        for start, stop in self._extents:
            for at in range(start, stop, step):
                yield self._spill.read(at, min(at + step, stop))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all rows into memory."""
        rows = np.concatenate([np.empty(0, self._spill.dtype), *self.blocks()])
        return rows if dtype is None else rows.astype(dtype)
