"""Exports of Label Studio, format JSON: tasks with their annotations.

Read are stretches of a timeline (TimelineLabels) and boxes of a video (VideoRectangle), whose
frames are counted from 1, both ends included, and regions in seconds (Labels with start and end).
A box is there from a keyframe that is enabled up to and with the next one that is not.
"""

import json
import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from vadjax.data.labels.marked import Mark, Marked, checked, joined
from vadjax.errors import UserError

_WANTED = "wanted a JSON export of Label Studio (not JSON-MIN, not CSV)"
_UPLOADED = re.compile(r"^[0-9a-f]{8}-(?=.)")  # put before the name of a file that is uploaded


def read_label_studio(path: pathlib.Path) -> Marked:
    """Read an export.

    Args:
        path: of the JSON file.

    Returns:
        The marks of each video that somebody has annotated. Of several annotations of a task, all
        count; those that were cancelled do not, nor do predictions.

    Raises:
        UserError: it is no such file, or damaged.
    """
    try:
        tasks = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read ({error}); {_WANTED}.") from error
    if not isinstance(tasks, list) or not all(
        isinstance(task, dict) and "data" in task and "annotations" in task for task in tasks
    ):
        raise UserError(f"{path} is no list of tasks with data and annotations; {_WANTED}.")
    found: Marked = {}
    for number, task in enumerate(tasks):
        try:
            done = [one for one in task["annotations"] if not one.get("was_cancelled")]
            results = [result for one in done for result in one["result"]]
            if done:
                marks = [mark for result in results for mark in _marks(result)]
                found.setdefault(_video(task["data"]), []).extend(marks)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise UserError(
                f"{path}, task {task.get('id', number + 1)}: {type(error).__name__} {error}; "
                f"{_WANTED}."
            ) from error
    return {video: joined(marks) for video, marks in found.items()}


def _marks(result: Mapping[str, Any]) -> Iterator[Mark]:
    value, type_ = result.get("value", {}), result.get("type")
    if type_ == "timelinelabels":
        for part in value["ranges"]:
            for kind in value["timelinelabels"]:
                yield checked(Mark(int(part["start"]) - 1, int(part["end"]), str(kind)))
    elif type_ == "videorectangle":
        for kind in value.get("labels") or [""]:
            for start, stop in _lifespans(value):
                yield checked(Mark(start, stop, str(kind)))
    elif type_ == "labels" and {"start", "end"} <= value.keys():
        for kind in value["labels"]:
            yield checked(Mark(float(value["start"]), float(value["end"]), str(kind), True))


def _lifespans(value: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """Yield when a box is there, in frames from 0, the second one past the last."""
    start = None
    keys = sorted(value["sequence"], key=lambda key: int(key["frame"]))
    for key in keys:
        frame = int(key["frame"])
        if start is None:
            start = frame - 1
        if not key.get("enabled", True):
            yield start, frame
            start = None
    if start is not None:
        yield start, max(int(value.get("framesCount") or 0), int(keys[-1]["frame"]))


def _video(data: Mapping[str, Any]) -> str:
    """Return the name of the file of a task: of the value called video, or the only address."""
    paths = [value for value in data.values() if isinstance(value, str) and "/" in value]
    path = data.get("video") or (paths[0] if len(paths) == 1 else None)
    if not isinstance(path, str):
        raise ValueError("data names no video, or several files")
    name = re.split(r"[/\\=]", path.split("#")[0])[-1]
    return _UPLOADED.sub("", name.split("?")[0] or name)
