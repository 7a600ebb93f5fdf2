"""Windows: an int32 table of feature rows, gathered on the device, never crossing a video."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vadjax.errors import UserError


@dataclass(frozen=True, eq=False)
class WindowTable:
    """Which feature rows make up each window.

    Attributes:
        rows: int32 [n, t], rows of the concatenated features, in time order.
        video: int32 [n], position of the window's video (or part) in the list given.
        skipped: positions of those that are shorter than a window and give none.
        padding: int32 [n], so many rows at the beginning of a window are no rows of the video but
            repeat its first one; None: no window has any.
    """

    rows: np.ndarray
    video: np.ndarray
    skipped: tuple[int, ...] = ()
    padding: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)


def window_span(length: int, dilation: int = 1) -> int:
    """Return how many consecutive rows a window reaches over.

    Args:
        length: rows in a window.
        dilation: rows between two neighbours in a window.

    Returns:
        Rows from the first to the last, both included.

    >>> window_span(16), window_span(4, dilation=3)
    (16, 10)
    """
    return (length - 1) * dilation + 1


def window_table(
    lengths: Sequence[int] | np.ndarray,
    *,
    length: int,
    stride: int,
    dilation: int = 1,
    starts: Sequence[int] | np.ndarray | None = None,
    pad: bool = False,
) -> WindowTable:
    """Cut every video into windows, none of which crosses from one video into the next.

    >>> window_table([4, 1, 3], length=2, stride=2).rows.tolist()
    [[0, 1], [2, 3], [5, 6]]
    >>> window_table([4, 1, 3], length=2, stride=2, pad=True).rows.tolist()
    [[0, 1], [2, 3], [4, 4], [5, 6]]

    Args:
        lengths: [v] rows of each video, or of each part of one.
        length: rows in a window.
        stride: rows between the starts of two windows.
        dilation: rows between two neighbours in a window.
        starts: [v] row at which each begins among the concatenated features; one behind the other
            from row 0 where absent.
        pad: a video that is shorter than a window gives one that ends with it, before which its
            first row is repeated; else it gives none.

    Returns:
        The rows of each window, and which video it is of.

    Raises:
        UserError: `length`, `stride` or `dilation` is below 1.
    """
    for name, value in (("length", length), ("stride", stride), ("dilation", dilation)):
        if value < 1:
            raise UserError(f"window.{name} is {value}; it must be at least 1.")
    rows_of = np.asarray(lengths, np.int64).reshape(-1)  # [v]
    begin = np.cumsum(rows_of) - rows_of if starts is None else np.asarray(starts, np.int64)
    count = np.maximum(0, (rows_of - window_span(length, dilation)) // stride + 1)  # [v]
    video = np.repeat(np.arange(len(rows_of)), count)  # [n]
    within = np.arange(len(video)) - np.repeat(np.cumsum(count) - count, count)  # [n]
    first = begin[video] + stride * within  # [n]
    rows = first[:, None] + dilation * np.arange(length)  # [n, t]
    short = np.flatnonzero(count == 0)
    if not pad or not rows_of[short].any():
        return WindowTable(rows.astype(np.int32), video.astype(np.int32), tuple(short.tolist()))
    padded = short[rows_of[short] > 0]
    back = dilation * np.arange(length)[::-1]
    own = (rows_of[padded] - 1)[:, None] - back  # [p, t], below 0 before the beginning
    video = np.concatenate([video, padded])
    order = np.argsort(video, kind="stable")
    rows = np.concatenate([rows, begin[padded][:, None] + np.maximum(own, 0)])[order]
    padding = np.concatenate([np.zeros(len(video) - len(padded), int), (own < 0).sum(1)])[order]
    return WindowTable(
        rows.astype(np.int32),
        video[order].astype(np.int32),
        tuple(short[rows_of[short] == 0].tolist()),
        padding.astype(np.int32),
    )


def join_tables(tables: Sequence[WindowTable]) -> WindowTable:
    """Put window tables of several clips into one; clips are numbered in order."""
    if len(tables) == 1:
        return tables[0]
    video = [np.full(len(table), index, np.int32) for index, table in enumerate(tables)]
    skipped = tuple(index for index, table in enumerate(tables) if not len(table))
    rows = np.concatenate([table.rows for table in tables])
    padding = None
    if any(table.padding is not None for table in tables):
        padding = np.concatenate([padding_of(table) for table in tables])
    return WindowTable(rows, np.concatenate(video), skipped, padding)


def padding_of(table: WindowTable) -> np.ndarray:
    """Return how many rows of each window are padding, int32 [n]."""
    return np.zeros(len(table), np.int32) if table.padding is None else table.padding


def real_rows(table: WindowTable) -> np.ndarray | None:
    """Return which rows of each window are no padding, bool [n, t]; None where none is."""
    if table.padding is None:
        return None
    return np.arange(table.rows.shape[1]) >= table.padding[:, None]


def covered(table: WindowTable, num_rows: int, *, last: int = 0) -> np.ndarray:
    """Mark the rows that some window holds.

    >>> covered(window_table([4], length=2, stride=1), 4, last=1).tolist()
    [False, True, True, True]

    Args:
        table: the windows.
        num_rows: rows of the concatenated features.
        last: look only at the last `last` rows of each window, those that it scores; 0 is all.

    Returns:
        bool [num_rows].
    """
    inside = np.zeros(num_rows, bool)
    inside[table.rows[:, -last:].ravel()] = True  # -0: is the whole window
    return inside
