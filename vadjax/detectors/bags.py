"""Bags: the rows of a video as so many instances, of which only the video's label is known."""

from typing import NamedTuple

import numpy as np

from vadjax.data.arrays.row_view import Rows

INSTANCES = ("segments", "snippets")


class Instances(NamedTuple):
    """Instances of one video.

    Attributes:
        rows: float32 [n, ...], the mean of each instance's rows.
        counts: int64 [n], rows of the video that each stands for.
    """

    rows: np.ndarray
    counts: np.ndarray


def snippets(rows: Rows, length: int) -> Instances:
    """Average every `length` rows; the last snippet has what is left.

    Args:
        rows: [t, ...], usually memory-mapped.
        length: rows of a snippet.

    Returns:
        ceil(t / length) instances.
    """
    if length == 1:
        return Instances(np.asarray(rows[:], np.float32), np.ones(len(rows), np.int64))
    starts = np.arange(0, len(rows), length)
    return _means(rows, np.append(starts, len(rows)))


def segments(rows: Rows, count: int) -> Instances:
    """Average `count` equal parts, as tianyu0207/RTFM (utils.py: process_feat) does.

    Args:
        rows: [t, ...].
        count: instances. A video of fewer rows has some of them twice.

    Returns:
        `count` instances.
    """
    return _means(rows, np.arange(count + 1) * len(rows) // count)


def bag(rows: Rows, *, length: int, count: int, kind: str) -> np.ndarray:
    """Return the instances that a video is trained on.

    Args:
        rows: [t, ...].
        length: rows of a snippet.
        count: instances.
        kind: "segments": the means of equal parts of the video's snippets; "snippets": so many of
            them, evenly spaced; a video of fewer has some of them twice.

    Returns:
        float32 [count, ...].
    """
    each = snippets(rows, length).rows
    if kind == "segments":
        return segments(each, count).rows
    return each[np.arange(count) * len(each) // count]


def _means(rows: Rows, edges: np.ndarray) -> Instances:
    """Average stretches of rows; an empty stretch has the row at which it stands."""
    means = [
        np.asarray(rows[a : max(b, a + 1)], np.float32).mean(0)
        for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]
    return Instances(np.stack(means), np.diff(edges))
