"""Rows of a long video, read a stretch at a time: what is mapped from disk does not stay in memory.

The pages of a memory-mapped file count as memory of the process from when they are read. `release`
gives them back; the next read takes them from the system's cache of files.
"""

import contextlib
import mmap
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

BLOCK_BYTES = 1 << 26  # of rows that are read at once


class Rows(Protocol):
    """Rows [t, ...]: an array, or a `RowView` of one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """[t, ...]."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, at: Any) -> np.ndarray: ...


class RowView:
    """Rows that are changed as they are read: standardised, pooled, or some of them alone.

    Args:
        rows: [t, ...], usually memory-mapped.
        change: rows [k, ...] -> [k, ...], each row by itself; None reads them as they are.
        chosen: int [n], the rows that are seen; None is all.
    """

    def __init__(
        self,
        rows: Rows,
        change: Callable[[np.ndarray], np.ndarray] | None = None,
        *,
        chosen: np.ndarray | None = None,
    ):
        self._rows, self._change, self._chosen = rows, change, chosen

    def __len__(self) -> int:
        return len(self._rows if self._chosen is None else self._chosen)

    @property
    def shape(self) -> tuple[int, ...]:
        """[t, ...] of what is read."""
        row = self._rows.shape[1:] if self._change is None else self[:1].shape[1:]
        return (len(self), *row)

    def __getitem__(self, at: slice) -> np.ndarray:
        """Read a stretch [k, ...]; what was mapped of the file for it is given back."""
        rows = self._rows[at if self._chosen is None else self._chosen[at]]
        changed = np.array(rows) if self._change is None else self._change(rows)
        release(self._rows)
        return changed


def release(rows: object) -> None:
    """Give back the memory of a memory-mapped array's pages, or of what a view reads.

    Args:
        rows: any; an array that is not memory-mapped stays as it is.
    """
    mapped = getattr(rows, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        with contextlib.suppress(OSError, ValueError):
            mapped.madvise(mmap.MADV_DONTNEED)


def blocks(rows: Rows, *, nbytes: int = BLOCK_BYTES) -> Iterator[np.ndarray]:
    """Yield rows one stretch after another.

    Args:
        rows: [t, ...]; those of a file are given back when the next stretch is asked for.
        nbytes: of a stretch, about.

    Yields:
        [k, ...], at least one row each.
    """
    step = max(1, nbytes // max(1, rows[:1].nbytes))
    for start in range(0, len(rows), step):
        yield rows[start : start + step]
        release(rows)


class JoinedRows:
    """Rows that lie one behind the other in several arrays or views.

    Args:
        parts: [t, ...] each, at least one, of one shape but for t.
    """

    def __init__(self, parts: Sequence[Rows]):
        self._parts = list(parts)
        self._stops = np.cumsum([len(part) for part in self._parts]).tolist()

    def __len__(self) -> int:
        return self._stops[-1]

    @property
    def shape(self) -> tuple[int, ...]:
        """[t, ...] of all."""
        return (len(self), *self._parts[0].shape[1:])

    def __getitem__(self, at: slice) -> np.ndarray:
        """Read a stretch [k, ...]; what was mapped for it is given back.

        Raises:
            ValueError: it is read backwards.
        """
        start, stop, step = at.indices(len(self))
        if step < 1:
            raise ValueError(f"rows of several segments are read forwards, not by a step of {step}")
        found = []
        for part, end in zip(self._parts, self._stops, strict=True):
            first = end - len(part)
            low, high = max(start - first, 0), min(stop - first, len(part))
            if low < high:
                found.append(part[low:high])
        rows = np.concatenate(found or [self._parts[0][:0]])
        for part in self._parts:
            release(part)
        return rows[::step]
