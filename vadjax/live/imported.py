"""Labels from other programs, kept beside the answers of a review and written as labels.csv."""

import csv
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from vadjax.data.labels.cvat_xml import read_cvat
from vadjax.data.labels.label_studio import read_label_studio
from vadjax.data.labels.marked import Mark, Marked, joined
from vadjax.data.text.cell_text import guarded
from vadjax.errors import UserError
from vadjax.storage.files import atomic_write, write_json
from vadjax.storage.json_file import read_object

FOLDER = "review"  # below the folder that is reviewed
LABELS = "labels.csv"
_KEPT = "imported.json"
_NORMAL = "normal"


def read_export(path: pathlib.Path) -> Marked:
    """Read an export of CVAT (XML) or Label Studio (JSON).

    Args:
        path: of the file.

    Returns:
        The marks of each video; what is called normal is none.

    Raises:
        UserError: it is neither, or damaged.
    """
    readers = {".xml": read_cvat, ".json": read_label_studio}
    if path.suffix.lower() not in readers:
        raise UserError(
            f'{path}: give annotations.xml of CVAT (unpacked, format "CVAT for video 1.1"), or '
            "a .json of Label Studio."
        )
    found = readers[path.suffix.lower()](path)
    return {
        video: [mark for mark in marks if mark.kind.lower() != _NORMAL]
        for video, marks in found.items()
    }


def import_labels(folder: pathlib.Path, paths: Sequence[pathlib.Path]) -> Marked:
    """Keep what exports say; of a video that was imported before, the new labels take the place.

    Args:
        folder: that is reviewed.
        paths: of the exports.

    Returns:
        What was read.

    Raises:
        UserError: an export cannot be read, or a labels.csv is there that no review has written.
    """
    new: Marked = {}
    for path in paths:
        for video, marks in read_export(path).items():
            new[video] = joined([*new.get(video, []), *marks])
    if (folder / LABELS).exists() and not (folder / FOLDER).exists():
        raise UserError(f"{folder / LABELS} was not written by vadjax review: move it away first.")
    whole = {**imported(folder), **new}
    write_json(folder / FOLDER / _KEPT, {video: [*map(list, m)] for video, m in whole.items()})
    return new


def imported(folder: pathlib.Path) -> Marked:
    """Return what was imported into a folder so far.

    Raises:
        UserError: it is damaged.
    """
    path = folder / FOLDER / _KEPT
    try:
        known = read_object(path, mend="import the labels again.")
        return {video: [Mark(*values) for values in marks] for video, marks in known.items()}
    except FileNotFoundError:
        return {}
    except TypeError as error:
        raise UserError(f"{path} is damaged ({error}): import the labels again.") from error


def write_labels(folder: pathlib.Path, marked: Mapping[str, Sequence[Mark]]) -> None:
    """Write labels.csv, as data set `folder` reads it.

    Args:
        folder: of the file.
        marked: marks of each video; one without has a row without times.
    """
    marks = [mark for own in marked.values() for mark in own]
    columns = ["start", "stop"]
    columns += ["start_s", "stop_s"] if any(mark.in_seconds for mark in marks) else []
    columns += ["class"] if any(mark.kind for mark in marks) else []
    with (
        atomic_write(folder / LABELS) as beside,
        beside.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, ["video", *columns], restval="")
        writer.writeheader()
        for video, own in sorted(marked.items()):
            rows: list[Mark | None] = [*sorted(own)] or [None]
            for mark in rows:
                row: dict[str, Any] = {"video": guarded(video)}
                if mark is not None:
                    unit = "_s" if mark.in_seconds else ""
                    row |= {f"start{unit}": mark.start, f"stop{unit}": mark.stop}
                    row |= {"class": guarded(mark.kind)} if mark.kind else {}
                writer.writerow(row)
