"""Scores of the first frames of a video, at which no whole window ends.

A model that gives an output for every row without reading a later one (a recurrent scanner in one
direction, a transformer with causal attention) scores frame i by the window of frames 0 to i: the
outputs inside the first window of a video are just these. A predictor has no row before the first
one, which it predicts from itself. Every other model reads a whole window, before whose beginning
the first frame is repeated. No frame is read that comes later.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from vadjax.data.splits.windows import WindowTable, window_span, window_table

MODES = ("short", "fill")


class FirstFrames(NamedTuple):
    """How the frames before the end of the first window get a score.

    Attributes:
        repeated: so many first frames are scored by windows that repeat frame 0 at their beginning.
        inside: outputs of the first windows that score frames, the last ones; 0 where the model
            reads whole windows alone.
        doubled: the first row of a window has no output, and gets that of a window which begins
            with this row twice.
    """

    repeated: int = 0
    inside: int = 0
    doubled: bool = False


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
        The way; both 0 where there is nothing to do.
    """
    span = window_span(length, dilation)
    ahead = aggregate != "last" and objective.num_scored(length) > 1
    if mode == "fill" or span == 1 or ahead:
        return NONE
    if not getattr(model, "every_row", False):
        return FirstFrames(repeated=span - 1)
    if objective.name == "predict":
        return FirstFrames(inside=length - 1, doubled=True)
    return FirstFrames(inside=length)


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


def first_windows(rows: int, first: FirstFrames, *, length: int, dilation: int) -> np.ndarray:
    """Return the first window of each phase of a dilated video.

    >>> first_windows(5, FirstFrames(inside=3), length=3, dilation=2).tolist()
    [[0, 2, 4], [1, 3, 4]]
    >>> first_windows(5, FirstFrames(inside=2, doubled=True), length=3, dilation=1).tolist()
    [[0, 1, 2], [0, 0, 1]]

    Args:
        rows: of the video; where it is too short for a phase's window its last row is repeated,
            which changes no output that is used.
        first: see `FirstFrames`.
        length: rows of a window.
        dilation: rows between two neighbours in a window.

    Returns:
        int32 [dilation, length], rows of the video; doubled, as many again behind them.
    """
    steps = [np.arange(length)]
    if first.doubled:
        steps.append(np.maximum(steps[0] - 1, 0))
    starts = np.arange(dilation)[:, None]
    windows = np.concatenate([starts + dilation * each for each in steps])
    return np.minimum(windows, rows - 1).astype(np.int32)


def scored_windows(
    lengths: Sequence[int], first: FirstFrames, *, length: int, dilation: int
) -> WindowTable:
    """Return the windows at stride 1, before those of each video the ones with repeated rows.

    Args:
        lengths: rows of each video.
        first: see `FirstFrames`; `repeated` is read.
        length: rows of a window.
        dilation: rows between two neighbours in a window.

    Returns:
        Rows over all videos, one behind the other, in order of video and time.
    """
    table = window_table(lengths, length=length, stride=1, dilation=dilation)
    if not first.repeated:
        return table
    own = repeated_windows(np.arange(first.repeated), length=length, dilation=dilation)
    starts = np.cumsum([0, *lengths])[: len(lengths)]
    early = (starts[:, None, None] + own).reshape(-1, length).astype(np.int32)
    video = np.concatenate([np.repeat(np.arange(len(lengths)), len(own)), table.video])
    order = np.argsort(video, kind="stable")
    rows = np.concatenate([early, table.rows])[order]
    return WindowTable(rows, video[order].astype(np.int32), table.skipped)


def inside_frames(
    scores: np.ndarray, first: FirstFrames, *, length: int, dilation: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of the frames inside the first windows of one video.

    Args:
        scores: [n, first.inside], of `first_windows`.
        first: see `FirstFrames`.
        length: rows of a window.
        dilation: rows between two neighbours in a window.

    Returns:
        (scores [n], their frames int [n]), those before the end of the first window.
    """
    rows = np.arange(length - first.inside, length)
    frames = np.arange(dilation)[:, None] + dilation * rows
    early = frames < window_span(length, dilation) - 1
    plain, doubled = scores[:dilation], scores[dilation:, 0]
    begins = np.arange(len(doubled))
    return np.concatenate([doubled, plain[early]]), np.concatenate([begins, frames[early]])
