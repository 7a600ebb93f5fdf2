"""Annotation files with a row a video: its name, and the first and last frames of its events."""

import os
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vadjax.data.labels.frame_labels import Intervals, load_mat, shortened
from vadjax.data.labels.name_lists import Line, read_lines
from vadjax.data.paths.files import entries
from vadjax.errors import UserError

MAX_FRAME = 10**9


class Row(NamedTuple):
    """The events of one video.

    Attributes:
      name: of the video, without suffix.
      kind: class of the event, "" where the file has none.
      intervals: abnormal frames, half-open, from 0.
      num_frames: of the video, where the file says so.
    """

    name: str
    kind: str
    intervals: Intervals
    num_frames: int | None


def read_ucf_rows(path: str | os.PathLike) -> list[Row]:
    """Read UCF-Crime's `name class start end start end`, -1 where there is no event.

    Frames count from 1, both ends included; the authors say neither, their evaluation takes them
    so. MIST's copy (fjchange/MIST_VAD) has the number of frames of the video behind.

    Raises:
      UserError: a line is cut off or is no such row; names the line.
    """
    form = "Abuse028_x264.mp4  Abuse  165  240  -1  -1"
    rows = []
    for line in read_lines(path, form=form):
        if len(line.cells) not in (5, 6):
            raise _fault(path, line, f"wanted {form!r}")
        kind, *numbers = line.cells
        values = _numbers(path, line, numbers)
        count = values.pop() if len(values) == 5 else None
        pairs = [pair for pair in zip(values[::2], values[1::2], strict=True) if pair != (-1, -1)]
        rows.append(Row(line.name, kind, _intervals(path, line, pairs, first=1), count))
    return rows


def read_ucf_mats(folder: str | os.PathLike) -> list[Row]:
    """Read the same as a file a video, RTFM's `Matlab_formate`: a struct `Annotation_file`.

    Its field `Anno` is [n, 2], the rows of a normal video are -1.

    Returns:
      A row a video, without its class.

    Raises:
      UserError: there are no such files, or one has no intervals.
    """
    paths = [path for path in entries(folder) if path.suffix == ".mat"]
    if not paths:
        raise UserError(f"{folder} holds no .mat files; wanted one a test video.")
    return [_read_mat(path) for path in paths]


def _read_mat(path: pathlib.Path) -> Row:
    content = load_mat(path, "Annotation_file", structs=True)
    pairs = content.get("Anno") if isinstance(content, dict) else None
    if not isinstance(pairs, np.ndarray) or pairs.ndim != 2 or pairs.shape[1] != 2:
        raise UserError(f"{path}: wanted a struct with the field Anno, [n, 2]; restore it.")
    values = [(int(start), int(end)) for start, end in pairs.tolist()]
    line = Line(1, path.stem, "", tuple(str(value) for pair in values for value in pair))
    kept = [pair for pair in values if pair != (-1, -1)]
    return Row(path.stem, "", _intervals(path, line, kept, first=1), None)


def read_pair_rows(path: str | os.PathLike) -> list[Row]:
    """Read XD-Violence's `name start end [start end ...]`, of abnormal videos alone.

    Frames count from 0, the end is not included: published code slices with the numbers as they
    are.

    Raises:
      UserError: a line is cut off or is no such row; names the line.
    """
    form = "v=S-7rRLrxnVQ__#1_label_B4-0-0 150 420 680 1267"
    rows = []
    for line in read_lines(path, form=form):
        if not line.cells or len(line.cells) % 2:
            raise _fault(path, line, f"wanted {form!r}")
        values = _numbers(path, line, line.cells)
        pairs = list(zip(values[::2], values[1::2], strict=True))
        rows.append(Row(line.name, "", _intervals(path, line, pairs, first=0), None))
    return rows


def clipped(intervals: Intervals, num_frames: int, *, slack: int) -> tuple[Intervals, int]:
    """Cut intervals that end a little behind the last frame.

    Args:
      intervals: half-open, from 0.
      num_frames: of the clip.
      slack: frames that an end may lie behind; a later one is kept, and is then an error.

    Returns:
      The intervals, and by how many frames the farthest was cut.
    """
    beyond = max((stop - num_frames for _, stop in intervals), default=0)
    if not 0 < beyond <= slack:
        return intervals, 0
    return tuple((start, min(stop, num_frames)) for start, stop in intervals), beyond


def _numbers(path: str | os.PathLike, line: Line, cells: Sequence[str]) -> list[int]:
    try:
        values = [int(cell[:12]) for cell in cells]
    except ValueError:
        raise _fault(path, line, "frames should be whole numbers") from None
    if any(not -1 <= value <= MAX_FRAME for value in values):
        raise _fault(path, line, "a frame is below -1 or far too large")
    return values


def _intervals(
    path: str | os.PathLike, line: Line, pairs: Sequence[tuple[int, int]], *, first: int
) -> Intervals:
    """Return half-open intervals; `first` is the number of the first frame in the source."""
    for start, end in pairs:
        if start < 0 or end < start + (first == 0):
            raise _fault(path, line, f"{start} to {end} are no frames of an event")
    # UCF's evaluation moves a start of 0 to 1.
    return tuple((max(start, first) - first, end) for start, end in pairs)


def _fault(path: str | os.PathLike, line: Line, why: str) -> UserError:
    shown = shortened(" ".join((line.name, *line.cells)))
    return UserError(
        f"{path}, line {line.number} is {shown!r}: {why}; the line is cut off or damaged. Restore "
        "the file."
    )
