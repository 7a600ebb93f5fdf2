"""The alarms of a run as files: alarms.csv, alarms.jsonl and pictures of what they are about."""

import json
import os
import pathlib
import re
from collections.abc import Iterator, Sequence

import numpy as np

from vadjax.data.scored_video import Finding, Normal, ScoredVideo
from vadjax.storage.csv_tables import write_csv
from vadjax.storage.files import atomic_write, short_name

FILES = ("alarms.csv", "alarms.jsonl")
FOLDER = "alarms"  # of the pictures
COLUMNS = ("video", "start", "stop", "start_s", "stop_s", "peak_frame", "peak_score")
FINDING_COLUMNS = (
    *("cue", "finding", "left", "top", "width", "height", "value", "usual", "unit"),
    *("normal_video", "normal_frame"),
)
_OURS = re.compile(r".*[0-9a-f]{16}-\d{6,}(-normal)?\.jpg")


def write_alarms(folder: os.PathLike | str, videos: Sequence[ScoredVideo]) -> None:
    """Write the alarms of videos as a table, as JSON lines, and their pictures.

    Args:
        folder: of the files `FILES`, and of the folder of pictures; older ones are replaced.
        videos: with alarms.

    Raises:
        UserError: they cannot be written there.
    """
    folder = pathlib.Path(folder)
    write_csv(folder / "alarms.csv", _table(videos), number=number_text)
    files = _write_pictures(folder, videos)
    with (
        atomic_write(folder / "alarms.jsonl") as beside,
        beside.open("w", encoding="ascii", newline="\n") as file,
    ):
        for video in videos:
            for row in alarm_objects(video, files):
                file.write(json.dumps(row, allow_nan=False) + "\n")


def alarm_rows(video: ScoredVideo) -> list[dict]:
    """Return a dict of `COLUMNS` for each alarm of a video; times None without a rate."""
    rows = []
    for start, stop in video.alarms:
        peak = int(start) + int(np.argmax(video.scores[start:stop]))
        edges = video.edges
        times = [None if edges is None else float(edges[f]) for f in (start, stop)]
        values = (video.id, int(start), int(stop), *times, peak, video.scores[peak])
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def _table(videos: Sequence[ScoredVideo]) -> Iterator[tuple]:
    """Yield one row an alarm; with what a detector says of it, where any says something."""
    said = any(video.findings for video in videos)
    yield (*COLUMNS, *(FINDING_COLUMNS if said else ()))
    for video in videos:
        for number, row in enumerate(alarm_rows(video)):
            more: tuple = (None,) * len(FINDING_COLUMNS) if said else ()
            if video.findings:
                one = video.findings[number]
                box = one.box or (None,) * 4
                like = (one.normal.video, one.normal.frame) if one.normal else (None, None)
                more = (one.cue, one.text, *box, one.value, one.usual, one.unit or None, *like)
            yield *row.values(), *more


def alarm_objects(video: ScoredVideo, files: dict[bytes, str] | None = None) -> list[dict]:
    """Lay out the alarms of a video for JSON.

    Args:
        video: with alarms.
        files: picture -> its file, relative to that of the lines.

    Returns:
        A dict for each alarm, always with the same keys; what is not known is None.
    """
    return [
        {
            "video": _plain(video.id),
            "start": row["start"],
            "stop": row["stop"],
            "start_s": row["start_s"],
            "stop_s": row["stop_s"],
            "peak_frame": row["peak_frame"],
            "peak_s": None if video.edges is None else float(video.edges[row["peak_frame"]]),
            "peak_score": float(row["peak_score"]),
            "threshold": None if video.threshold is None else float(video.threshold),
            **_said(video.findings[number] if video.findings else None, files or {}),
        }
        for number, row in enumerate(alarm_rows(video))
    ]


def _said(finding: Finding | None, files: dict[bytes, str]) -> dict:
    one = finding or Finding(0, "", "")
    return {
        "cue": one.cue or None,
        "finding": one.text or None,
        "value": one.value,
        "usual": one.usual,
        "unit": one.unit or None,
        "box": None if one.box is None else list(one.box),
        "picture": files.get(one.jpeg or b""),
        "normal": _normal(one.normal, files),
    }


def _normal(normal: Normal | None, files: dict[bytes, str]) -> dict | None:
    if normal is None:
        return None
    where = {"video": _plain(normal.video), "frame": normal.frame, "time_s": normal.time_s}
    return {**where, "picture": files.get(normal.jpeg)}


def _plain(text: str) -> str:
    """Return text without halves of characters: a name of bytes that are no UTF-8 has some."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _write_pictures(folder: pathlib.Path, videos: Sequence[ScoredVideo]) -> dict[bytes, str]:
    """Write the pictures of findings that have one; return picture -> file."""
    files: dict[bytes, str] = {}
    for video in videos:
        for one in video.findings:
            if one.jpeg is None:
                continue
            name = f"{FOLDER}/{short_name(video.id)}-{one.frame:06d}"
            files[one.jpeg] = f"{name}.jpg"
            if one.normal is not None:
                files[one.normal.jpeg] = f"{name}-normal.jpg"
    for jpeg, name in files.items():
        with atomic_write(folder / name) as beside:
            beside.write_bytes(jpeg)
    kept = {name.rpartition("/")[2] for name in files.values()}
    for path in (folder / FOLDER).glob("*.jpg"):
        if _OURS.fullmatch(path.name) and path.name not in kept:  # of an earlier time
            path.unlink()
    return files


def number_text(value: object) -> str:
    """Return a number as csv files have it: a float32 by the digits that give it back."""
    if isinstance(value, np.floating):
        return np.format_float_positional(value, unique=True, trim="0")
    return f"{value:.3f}" if isinstance(value, float) else str(value)
