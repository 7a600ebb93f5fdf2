"""Scores of every frame from a trained model, over all windows at stride 1."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jax
import numpy as np

from vadjax.data.arrays.row_view import JoinedRows, Rows
from vadjax.data.splits.windows import WindowTable, window_span
from vadjax.errors import UserError
from vadjax.models.model import Model
from vadjax.models.objectives import Objective
from vadjax.scoring.aggregate import spread
from vadjax.scoring.first_frames import (
    NONE,
    FirstFrames,
    choose_first_frames,
    fewest_rows,
    first_windows,
    inside_frames,
    scored_windows,
)
from vadjax.scoring.score_fn import ScoreFn, make_score_fn

ROWS_AT_ONCE = 1 << 16  # feature rows of a group of videos, whose windows lie one behind the other
PIECE_BYTES = 1 << 25  # of feature rows on the device in one call; a group of more is cut in pieces
FIRST_AT_ONCE = 32  # first windows in one step of a device's scan


def _score_fn(
    model: Any, objective: Any, length: int, batch_size: int, classes: bool = False
) -> ScoreFn:
    sizes = {"length": length, "batch_size": batch_size}
    return make_score_fn(model, objective, **sizes, classes=classes)


def _first_fn(
    model: Any, objective: Any, length: int, first: FirstFrames, classes: bool = False
) -> ScoreFn:
    sizes = {"length": length, "batch_size": FIRST_AT_ONCE, "inside": first.inside}
    return make_score_fn(model, objective, **sizes, classes=classes)


@dataclasses.dataclass(frozen=True, eq=False)
class Inputs:
    """Windows of a group of videos on the devices, for any number of detectors.

    Attributes:
        lengths: video -> rows, of the group.
        table: the windows of the group at stride 1.
        stop: the window after the last of this piece, which begins where the one before it stops.
        arrays: padded features and window rows of this piece, see `ScoreFn.put`.
        first: how the first frames of each video are scored.
        first_arrays: those of the first windows of the group, with its last piece, where
            `first.inside` asks for them.
    """

    lengths: Mapping[str, int]
    table: WindowTable
    stop: int
    arrays: tuple[jax.Array, jax.Array]
    first: FirstFrames = NONE
    first_arrays: tuple[jax.Array, ...] = ()


def make_inputs(
    model: Model,
    objective: Objective,
    features: Mapping[str, Rows],
    *,
    length: int,
    dilation: int = 1,
    aggregate: str = "last",
    first_frames: str = "fill",
    batch_size: int = 256,
) -> Iterator[Inputs]:
    """Copy videos to the devices, a piece of about `PIECE_BYTES` at a time.

    The windows of a group of at most `ROWS_AT_ONCE` rows (a longer video is a group of its own) are
    cut where a batch ends, so that every window is in the batch that it would be in without cuts;
    a piece holds the rows that its windows read, and shares `span - 1` of them with the next.

    Args:
        model: see `score_videos`; it and the objective only choose the compiled function.
        objective: see `score_videos`.
        features: see `score_videos`; only the rows of one piece are read at once.
        length: see `score_videos`.
        dilation: see `score_videos`.
        aggregate: see `score_videos`.
        first_frames: see `score_videos`.
        batch_size: see `score_videos`.

    Yields:
        One piece, in order.

    Raises:
        UserError: a video is too short for a score, see `first_frames.fewest_rows`.
    """
    cut = {"length": length, "dilation": dilation}
    first = choose_first_frames(model, objective, **cut, aggregate=aggregate, mode=first_frames)
    fewest = fewest_rows(first, **cut)
    short = {k: len(v) for k, v in features.items() if len(v) < fewest}
    if short:
        listed = ", ".join(f"{k} ({n})" for k, n in list(short.items())[:5])
        raise UserError(
            f"{len(short)} video(s) are shorter than the {fewest} frames that a score needs: "
            f"{listed}; lower window.length (or window.dilation), or leave these videos out."
        )
    run = _score_fn(model, objective, length, batch_size)
    for group in _groups({k: len(v) for k, v in features.items()}):
        lengths = {k: len(features[k]) for k in group}
        table = scored_windows(list(lengths.values()), first, **cut)
        rows = JoinedRows([features[k] for k in group])
        unit = batch_size * run.shardings[0].mesh.size
        step = unit * max(1, PIECE_BYTES // max(1, rows[:1].nbytes) // unit)
        for start in range(0, len(table), step):
            windows = table.rows[start : start + step]
            low, high = int(windows.min()), int(windows.max())
            placed = run.put(rows[low : high + 1], windows - np.int32(low))
            begun: tuple[jax.Array, ...] = ()
            if first.inside and start + step >= len(table):
                run_first = _first_fn(model, objective, length, first)
                begun = _put_first(run_first, features, group, first, cut)
            yield Inputs(lengths, table, start + len(windows), placed, first, begun)


def _put_first(
    run: ScoreFn,
    features: Mapping[str, Rows],
    group: list[str],
    first: FirstFrames,
    cut: Mapping[str, int],
) -> tuple[jax.Array, jax.Array]:
    """Copy the first windows of a group's videos to the devices."""
    most = window_span(**cut) + cut["dilation"] - 1  # rows that a video's first windows reach over
    begins = [features[k][:most] for k in group]
    starts = np.cumsum([0, *map(len, begins)]).tolist()
    rows = [at + first_windows(len(x), **cut) for at, x in zip(starts, begins, strict=False)]
    return run.put(np.concatenate(begins), np.concatenate(rows).astype(np.int32))


def score_videos(
    model: Model,
    objective: Objective,
    variables: Mapping,
    features: Mapping[str, Rows],
    *,
    length: int,
    dilation: int = 1,
    aggregate: str = "last",
    first_frames: str = "fill",
    batch_size: int = 256,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Score every frame of every video.

    Args:
      model: the scanner or autoencoder.
      objective: what it was trained for.
      variables: its trained variables.
      features: video id -> standardised float [t, ...].
      length: frames of a window.
      dilation: frames between two rows of a window.
      aggregate: "last": a frame's score is that of the window that ends there, look-ahead 0;
        "mean" or "max" over all windows that score the frame.
      first_frames: "short": the frames before the end of a video's first window are scored by
        shorter windows, see `first_frames.py`; "fill": they carry the score of the first one.
      batch_size: windows in one step.

    Returns:
      Video id -> (scores float32 [t], predicted bool [t]); frames that no window scores carry
      the score of the nearest one, and `predicted` is False there.

    Raises:
      UserError: a video is too short for a score, see `first_frames.fewest_rows`.
    """
    more: dict[str, Any] = {"length": length, "batch_size": batch_size}
    more |= {"dilation": dilation, "aggregate": aggregate}
    inputs = make_inputs(model, objective, features, first_frames=first_frames, **more)
    return score_inputs(model, objective, variables, inputs, **more)


def score_inputs(
    model: Model,
    objective: Objective,
    variables: Mapping,
    inputs: Iterable[Inputs],
    *,
    length: int,
    dilation: int = 1,
    aggregate: str = "last",
    batch_size: int = 256,
    classes: bool = False,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Score what `make_inputs` has copied to the devices.

    Args:
        model: see `score_videos`.
        objective: see `score_videos`.
        variables: see `score_videos`.
        inputs: from `make_inputs`, for the same model, objective, length and batch size.
        length: see `score_videos`.
        dilation: see `score_videos`.
        aggregate: see `score_videos`.
        batch_size: see `score_videos`.
        classes: give the probabilities [t, k] of the objective's classes in the place of scores.

    Returns:
        As `score_videos`.
    """
    run = _score_fn(model, objective, length, batch_size, classes)
    result = {}
    pieces: list[np.ndarray] = []
    for group in inputs:
        table, start = group.table, sum(map(len, pieces))
        pieces.append(run.fetch(variables, *group.arrays)[: group.stop - start])
        if group.stop < len(table):
            continue
        scores, pieces = np.concatenate(pieces), []
        counts = np.bincount(table.video, minlength=len(group.lengths))
        stops, ends = np.cumsum(counts), np.cumsum(list(group.lengths.values()))
        first, begun = group.first, np.zeros((0, 0), np.float32)
        if group.first_arrays:
            run_first = _first_fn(model, objective, length, first, classes)
            begun = run_first.fetch(variables, *group.first_arrays)
        for index, (name, rows) in enumerate(group.lengths.items()):
            mine = slice(stops[index] - counts[index], stops[index])  # windows in order of videos
            own, at = scores[mine], table.rows[mine, -scores.shape[1] :] - (ends[index] - rows)
            if first.inside:
                ahead = begun[index * dilation : (index + 1) * dilation]
                early, frames = inside_frames(ahead, first, rows, length=length, dilation=dilation)
                if rows < window_span(length, dilation):  # its one window is padded, and not read
                    own, at = own[:0], at[:0]
                own = np.concatenate([early, own[:, -1]])[:, None]
                at = np.concatenate([frames, at[:, -1]])[:, None]
            result[name] = spread(own, at, rows, aggregate)
    return result


def _groups(lengths: Mapping[str, int]) -> list[list[str]]:
    """Split videos into groups of at most `ROWS_AT_ONCE` rows (a longer video goes alone)."""
    groups: list[list[str]] = []
    room = 0
    for name, rows in lengths.items():
        if not groups or rows > room:
            groups.append([])
            room = ROWS_AT_ONCE
        groups[-1].append(name)
        room -= rows
    return groups
