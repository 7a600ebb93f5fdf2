"""Scores of the first frames of a video, at which no whole window ends.

A model that gives an output for every row without reading a later one (a recurrent scanner in one
direction, a transformer with causal attention) scores frame i by the window of frames 0 to i: the
outputs inside the first window of a video are just these. Every other model reads a whole window,
before whose beginning the first frame is repeated. No frame is read that comes later.

What predicts a row from the rows before it has nothing to predict the first one from: its error
there is on another scale, and each video would begin with a false alarm. This frame has no score of
its own and carries the next one's.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from vadjax.data.splits.windows import WindowTable, window_span, window_table

MODES = ("short", "fill")


class FirstFrames(NamedTuple):
    """How the frames before the end of the first window get a score.

    Attributes:
        repeated: the frames before this one are scored by windows that repeat frame 0 at their
            beginning.
        inside: outputs of the first windows that score frames, the last ones; 0 where the model
            reads whole windows alone.
        filled: so many first frames have no score of their own.
    """

    repeated: int = 0
    inside: int = 0
    filled: int = 0


NONE = FirstFrames()  # they are filled, or have scores of their own


def choose_first_frames(
    model: Any, objective: Any, *, length: int, dilation: int, aggregate: str, mode: str
) -> FirstFrames:
    """Return how a detector scores the first frames.

    Args:
        model: what `models.create` returned.
        objective: what `objectives.create` returned.
        length: frames of a window.
        dilation: frames between two rows of a window.
        aggregate: "last", "mean" or "max"; the last two look ahead where windows score several
            rows, and then the first frames have scores.
        mode: "short", or "fill": the first frames carry the score of the first scored one.

    Returns:
        The way; all 0 where there is nothing to do.
    """
    span = window_span(length, dilation)
    ahead = aggregate != "last" and objective.num_scored(length) > 1
    if mode == "fill" or span == 1 or ahead:
        return NONE
    predicts = objective.min_length > 1
    if not getattr(model, "every_row", False):
        return FirstFrames(repeated=span - 1, filled=int(predicts))
    if predicts:  # the first row of each phase
        return FirstFrames(inside=length - 1, filled=dilation)
    return FirstFrames(inside=length)


def fewest_rows(first: FirstFrames, *, length: int, dilation: int) -> int:
    """Return how many rows a video has to have so that a frame gets a score.

    Args:
        first: see `FirstFrames`.
        length: rows of a window.
        dilation: rows between two neighbours in a window.

    Returns:
        Rows: of a whole window, where first frames have no scores of their own.
    """
    if first.repeated or first.inside:
        return first.filled + 1
    return window_span(length, dilation)


def repeated_windows(frames: np.ndarray, *, length: int, dilation: int) -> np.ndarray:
    """Return the windows that end at frames, frame 0 repeated before the beginning.

    >>> repeated_windows(np.array([0, 1, 5]), length=3, dilation=2).tolist()
    [[0, 0, 0], [0, 0, 1], [1, 3, 5]]

    Args:
        frames: int [n].
        length: rows of a window.
        dilation: rows between two neighbours in a window.

    Returns:
        int32 [n, length], rows of the video.
    """
    back = dilation * np.arange(length)[::-1]
    return np.maximum(np.asarray(frames)[:, None] - back, 0).astype(np.int32)


def first_windows(rows: int, *, length: int, dilation: int) -> np.ndarray:
    """Return the first window of each phase of a dilated video.

    >>> first_windows(5, length=3, dilation=2).tolist()
    [[0, 2, 4], [1, 3, 4]]

    Args:
        rows: of the video; where it is too short for a phase's window its last row is repeated,
            which changes no output that is used.
        length: rows of a window.
        dilation: rows between two neighbours in a window.

    Returns:
        int32 [dilation, length], rows of the video.
    """
    windows = np.arange(dilation)[:, None] + dilation * np.arange(length)
    return np.minimum(windows, rows - 1).astype(np.int32)


def scored_windows(
    lengths: Sequence[int], first: FirstFrames, *, length: int, dilation: int
) -> WindowTable:
    """Return the windows at stride 1, before those of each video the ones with repeated rows.

    Args:
        lengths: rows of each video; one that is shorter than a window has the windows of its first
            frames alone, and without these a single padded one, which is not read.
        first: see `FirstFrames`; `repeated` and `filled` are read.
        length: rows of a window.
        dilation: rows between two neighbours in a window.

    Returns:
        Rows over all videos, one behind the other, in order of video and time.
    """
    pad = not first.repeated
    table = window_table(lengths, length=length, stride=1, dilation=dilation, pad=pad)
    if not first.repeated:
        return table
    frames = np.arange(first.filled, first.repeated)
    own = repeated_windows(frames, length=length, dilation=dilation)
    starts = np.cumsum([0, *lengths])[: len(lengths)]
    early = (starts[:, None, None] + own).reshape(-1, length).astype(np.int32)
    of = np.repeat(np.arange(len(lengths)), len(own))
    there = np.tile(frames, len(lengths)) < np.asarray(lengths)[of]  # short videos end before
    early = early[there]
    video = np.concatenate([of[there], table.video])
    order = np.argsort(video, kind="stable")
    rows = np.concatenate([early, table.rows])[order]
    return WindowTable(rows, video[order].astype(np.int32), table.skipped)


def inside_frames(
    scores: np.ndarray, first: FirstFrames, num_rows: int, *, length: int, dilation: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of the frames inside the first windows of one video.

    Args:
        scores: [dilation, first.inside], of `first_windows`.
        first: see `FirstFrames`.
        num_rows: of the video.
        length: rows of a window.
        dilation: rows between two neighbours in a window.

    Returns:
        (scores [n], their frames int [n]), those before the end of the first window.
    """
    rows = np.arange(length - first.inside, length)
    frames = np.arange(dilation)[:, None] + dilation * rows
    early = frames < min(num_rows, window_span(length, dilation) - 1)
    return scores[early], frames[early]
