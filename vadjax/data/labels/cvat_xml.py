"""Exports of CVAT, format "CVAT for video 1.1": an XML file of tracks.

A track is there from a shape with outside="0" to the next one with outside="1", between which the
program interpolates. Frames are those of the video, also where a task was made of every n-th
(`frame_filter`): a shape of such a task holds for n frames.
"""

import pathlib
import re
import xml.etree.ElementTree as ET

from vadjax.data.labels.marked import Mark, Marked, checked, joined
from vadjax.errors import UserError

_WANTED = 'wanted an XML file of CVAT in the format "CVAT for video 1.1"'


def read_cvat(path: pathlib.Path) -> Marked:
    """Read an export of one task, job or project.

    Args:
        path: annotations.xml.

    Returns:
        The marks of each video; a task in which nothing was marked has none.

    Raises:
        UserError: it is no such file, or damaged.
    """
    try:
        data = path.read_bytes()
        if re.search(rb"<!(DOCTYPE|ENTITY)", data):
            raise UserError(f"{path} declares a document type, which CVAT never does; {_WANTED}.")
        root = ET.fromstring(data)
    except UserError:
        raise
    except (OSError, ET.ParseError, ValueError, LookupError) as error:
        raise UserError(f"{path} cannot be read ({error}); {_WANTED}.") from error
    if root.tag != "annotations" or root.find("meta") is None:
        raise UserError(f"{path}: its outermost element is {root.tag[:40]!r}; {_WANTED}.")
    if root.find("image") is not None:
        raise UserError(
            f'{path} has labels of single images ("CVAT for images"); {_WANTED}: export it again.'
        )
    try:
        return _marked(root)
    except (KeyError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}); {_WANTED}.") from error


def _marked(root: ET.Element) -> Marked:
    tasks = [part for part in root.iter() if part.tag in ("task", "job") and _source(part)]
    by_id = {part.findtext("id", ""): part for part in tasks}
    found: Marked = {_source(part): [] for part in tasks}
    for track in root.findall("track"):
        number = track.get("task_id", "")
        task = by_id.get(number) if number else (tasks[0] if len(tasks) == 1 else None)
        if task is None:
            raise ValueError(f"track {track.get('id')} is of no task with a video")
        found[_source(task)] += _stretches(track, _step(task))
    return {video: joined(marks) for video, marks in found.items()}


def _source(task: ET.Element) -> str:
    """Return the name of a task's video: the last part of its path."""
    return (task.findtext("source") or "").replace("\\", "/").rpartition("/")[2]


def _step(task: ET.Element) -> int:
    """Return of how many frames of the video the task has one."""
    found = re.search(r"step\s*=\s*(\d+)", task.findtext("frame_filter") or "")
    return max(1, int(found[1])) if found else 1


def _stretches(track: ET.Element, step: int) -> list[Mark]:
    """Return when one track is there."""
    kind, found, start, last = track.attrib["label"], list[Mark](), None, 0
    for shape in sorted(
        (one for one in track if "frame" in one.attrib), key=lambda one: int(one.attrib["frame"])
    ):
        frame = int(shape.attrib["frame"])
        if not _is_there(shape):
            if start is not None:
                found.append(checked(Mark(start, frame, kind)))
            start = None
        elif start is None:
            start = frame
        last = frame
    if start is not None:  # to the end of the task
        found.append(checked(Mark(start, last + step, kind)))
    return found


def _is_there(shape: ET.Element) -> bool:
    """Whether a shape is seen; a skeleton is where one of its points is."""
    if "outside" in shape.attrib:
        return shape.attrib["outside"] == "0"
    return any(part.get("outside") == "0" for part in shape)
