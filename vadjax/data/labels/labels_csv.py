"""labels.csv, in which people label their own videos."""

import csv
import difflib
import math
import os
import pathlib
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from vadjax.data.frames.timing import edges
from vadjax.data.labels.clip_labels import ClipLabels, Said, annotators_of, check_alike, of_clip
from vadjax.data.labels.frame_labels import shortened
from vadjax.data.text.cell_text import unguarded
from vadjax.data.text.printable import same_form
from vadjax.errors import UserError

_WANTED = "the columns video,start,stop (frames) or video,start_s,stop_s (seconds)"
_PAIRS = (("start", "stop"), ("start_s", "stop_s"))
_CLASS = "class"
_BY = "annotator"
SAME_S = 1e-4  # seconds: a label so little after a frame's time begins or ends at that frame


class Length(NamedTuple):
    """How long a clip is: what its labels must fit.

    Attributes:
      num_frames: of the clip.
      fps: frames a second, or None where nothing says.
      times: float64 [num_frames] seconds from the first frame; None where they are index / `fps`.
    """

    num_frames: int
    fps: float | None = None
    times: np.ndarray | None = None


def read_csv(
    path: str | os.PathLike, clips: Mapping[str, tuple], *, ignored: Collection[str] = ()
) -> dict[str, ClipLabels]:
    """Read `labels.csv`: a row an abnormal interval; a clip without rows is normal.

    Columns are `video,start,stop` in frames, 0-based and half-open, or `video,start_s,stop_s` in
    seconds: a frame is abnormal when its time lies in [start_s, stop_s). Seconds may end up to one
    second past the clip, as people round. Where a file has both pairs, each row fills one. A row
    with empty times says that a clip is normal. A column `class` names the kind of anomaly of an
    interval or, with empty times, of the whole clip, of which then nobody says when. A column
    `annotator` says who labelled: each has labelled all clips, and a frame is abnormal where half
    of them or more say so.

    Args:
      path: the file.
      clips: of each clip's id ("test/door"), its `Length`, or a tuple of the same.
        `video` may be the id, the clip's name, or its file name, in any Unicode form.
      ignored: ids of clips that are not used; their rows are passed over.

    Returns:
      What is said of every clip.

    Raises:
      UserError: columns, names or numbers are wrong; a line for each of the first five faults.
    """
    rows: dict[str, list[Said]] = {clip: [] for clip in clips}
    seen: dict[str, set[str]] = {clip: set() for clip in clips}
    faults, table = [], _read_rows(path)
    for line, cells in table:
        video = cells.get("video", "")
        try:
            clip, (start, stop, in_seconds) = _clip(video, [*clips, *ignored]), _filled(cells)
            by = _annotator(cells)
            if clip in ignored:
                continue
            seen[clip].add(by)
            kind = _kind(cells, timed=bool(start or stop))
            if start or stop:
                pair = _frames(start, stop, Length(*clips[clip]), in_seconds=in_seconds)
                rows[clip].append(Said(kind, pair, by))
            elif kind:
                rows[clip].append(Said(kind, None, by))
            check_alike(rows[clip])
        except ValueError as error:
            faults.append(f"{path}, line {line} ({shortened(video)}): {str(error)[:400]}")
    if faults:
        more = [f"... and {len(faults) - 5} more lines"] if len(faults) > 5 else []
        raise UserError("\n".join(faults[:5] + more))
    annotators = annotators_of(path, [cells[_BY] for _, cells in table if _BY in cells])
    return {
        c: of_clip(own, clips[c][0], where=f"{path}, {c}", annotators=annotators)._replace(
            named_by=tuple(name for name in annotators if name in seen[c])
        )
        for c, own in rows.items()
    }


def _annotator(cells: Mapping[str, str]) -> str:
    """Return who labelled a row; "" where the file has no such column.

    Raises:
      ValueError: the column is there and empty, or a class stands without times.
    """
    if _BY not in cells:
        return ""
    if not cells[_BY]:
        raise ValueError("has no annotator; name one in every row, or remove the column")
    if not any(cells.get(name) for pair in _PAIRS for name in pair) and _kind(cells, timed=False):
        raise ValueError(
            "has a class without times, which says nothing of frames on which annotators may "
            "agree; give start and stop"
        )
    return cells[_BY]


def _kind(cells: Mapping[str, str], *, timed: bool) -> str:
    """Return the class that a row names; "" is none, or normal.

    Raises:
      ValueError: it calls an interval normal.
    """
    kind = unguarded(cells.get(_CLASS, ""))
    if kind.lower() != "normal":
        return kind
    if timed:
        raise ValueError("is an abnormal interval and of class normal; leave its times empty")
    return ""


def _read_rows(path: str | os.PathLike) -> list[tuple[int, dict[str, str]]]:
    """Return (line, column -> cell) of every row; "" counts the cells beyond the columns."""
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8-sig")
        table = csv.reader(text.splitlines(), skipinitialspace=True, strict=True)
        lines = [(table.line_num, [cell.strip() for cell in row]) for row in table]
        lines = [(number, cells) for number, cells in lines if any(cells)]
    except (ValueError, csv.Error) as error:
        raise UserError(
            f"{path} cannot be read as a table with a header ({str(error)[:200]})."
        ) from error
    if not lines:
        raise UserError(f"{path} is empty; wanted {_WANTED}. Remove it if there are no labels.")
    columns = [name.lower() for name in lines[0][1]]
    known = ("video", *_PAIRS[0], *_PAIRS[1], _CLASS, _BY)
    twice = [name for name in known if columns.count(name) > 1]
    if twice or not any({"video", *pair} <= set(columns) for pair in _PAIRS):
        found = f"{twice[0]} twice" if twice else ",".join(columns)
        raise UserError(
            f"{path}, line {lines[0][0]}: wanted {_WANTED} in the first line; found {found[:300]}."
        )
    return [
        (line, {**dict(zip(columns, cells, strict=False)), "": "".join(cells[len(columns) :])})
        for line, cells in lines[1:]
    ]


def _filled(cells: Mapping[str, str]) -> tuple[str, str, bool]:
    """Return start and stop of a row, and whether they are in seconds.

    Raises:
      ValueError: both pairs of columns are filled, or there are more cells than columns.
    """
    if cells[""]:
        raise ValueError(
            "has more cells than the first line; put a name that holds a comma into quotes"
        )
    filled = [
        (cells.get(start, ""), cells.get(stop, ""), start == "start_s")
        for start, stop in _PAIRS
        if cells.get(start) or cells.get(stop)
    ]
    if len(filled) > 1:
        raise ValueError(
            "says its times both in frames (start, stop) and in seconds (start_s, stop_s); leave "
            "one of the two empty"
        )
    return filled[0] if filled else ("", "", False)


def _frames(start: str, stop: str, clip: Length, *, in_seconds: bool) -> tuple[int, int]:
    """Convert one row's frames or seconds to frames.

    Raises:
      ValueError: what is wrong with them, in words.
    """
    num_frames = clip.num_frames
    if in_seconds and clip.times is None and not clip.fps:
        raise ValueError(
            "is in seconds, but the frame rate is unknown (images have none, and some videos do "
            "not say theirs); give frames, in a file with the columns video,start,stop"
        )
    first, last = _number("start", start), _number("stop", stop)
    if first >= last:
        excluded = "; stop itself is not included" if first == last else ""
        raise ValueError(f"start {start} is not before stop {stop}{excluded}")
    length = f"the clip's {num_frames} frames"
    if in_seconds:
        if max(abs(first), abs(last)) > 1e9:
            raise ValueError(f"{shortened(start)} to {shortened(stop)} s is no time in a video")
        end_s = edges(clip.times, clip.fps, num_frames)[-1]  # type: ignore[index]
        length = f"the clip's {end_s:.2f} seconds ({num_frames} frames)"
        if not 0 <= first < last <= end_s + 1 + SAME_S:
            raise ValueError(f"{start} to {stop} does not fit {length}")
        first, last = _frame_at(first, clip), min(_frame_at(last, clip), num_frames)
        if first == last:
            raise ValueError(f"no frame lies between {start} and {stop} s at {clip.fps:g} frames/s")
    if int(first) != first or int(last) != last:
        raise ValueError(f"{start} to {stop} has a fraction of a frame")
    if not 0 <= first < last <= num_frames:
        raise ValueError(f"{start} to {stop} does not fit {length}")
    return int(first), int(last)


def _frame_at(time_s: float, clip: Length) -> int:
    """Return the first frame at or after a time."""
    if clip.times is None:
        return math.ceil(round(time_s * (clip.fps or 1.0), 3))
    return int(np.searchsorted(clip.times, time_s - SAME_S))


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{name} is {text!r}; wanted a number" if text else f"{name} is missing")
    return value


def _clip(name: str, clips: Iterable[str]) -> str:
    """Return the id that `name` in a row refers to.

    Raises:
      ValueError: it refers to none, or to several.
    """
    found = _matches(name, clips) or _matches(unguarded(name), clips)
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"may be {' or '.join(found)}; say which")
    names = {clip.split("/", 1)[-1] for clip in clips} | set(clips)
    close = difflib.get_close_matches(os.path.splitext(name)[0], sorted(names), n=1)
    if close:
        raise ValueError(f"is no clip; did you mean {close[0]!r}?")
    some = ", ".join(sorted(clips)[:8]) + " and others" * (len(list(clips)) > 8)
    raise ValueError(f"is no clip; the clips are {some}")


def _matches(name: str, clips: Iterable[str]) -> list[str]:
    """Return the ids that `name` may refer to: it is an id, the end of one, or a file's name.

    Two Unicode forms of one name match; a form that is equal to the letter comes first.
    """
    for form in (name, os.path.splitext(name)[0]):
        for alike in (str, same_form):
            if found := [c for c in clips if f"/{alike(c)}".endswith(f"/{alike(form)}")]:
                return found
    return []
