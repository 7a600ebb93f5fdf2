"""Feature files of `vadjax export-features`, with `features.json`, which says what each row is."""

import functools
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vadjax.data.builders.feature_scan import Measured, good, measured
from vadjax.data.builders.published_features import rows_of
from vadjax.data.deviation import Deviation
from vadjax.data.frames.feature_rows import FeatureRows
from vadjax.data.frames.timeline import Timeline
from vadjax.data.labels.frame_labels import labels_from_intervals
from vadjax.data.video import Dataset, Video
from vadjax.errors import UserError

INDEX, FORMAT, VERSION = "features.json", "vadjax features", 1


def read_index(path: pathlib.Path) -> dict[str, Any]:
    """Read features.json, or that of one pair.

    Raises:
        UserError: it is damaged, or of a newer version.
    """
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        if (index["format"], index["version"]) != (FORMAT, VERSION):
            raise UserError(
                f"{path} is {index['format']!r}, version {index['version']}; wanted {FORMAT!r}, "
                f"version {VERSION}."
            )
        for key in ("dataset", "label_version", "official_split", "num_folds", "clips"):
            index[key]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path} is damaged ({error!r}); export the features again.") from None
    return index


def load(
    where: pathlib.Path, index: Mapping[str, Any], *, crops: str, cache_dir: pathlib.Path
) -> Dataset:
    """Read the clips of an export.

    Args:
        where: the file that `read_index` read; the others are beside it.
        index: of `read_index`.
        crops: see `published_features.rows_of`.
        cache_dir: where what was measured is kept.

    Returns:
        The data set, with the ids, splits and labels of the one that was exported.

    Raises:
        UserError: a file is missing or damaged, or its rows are not those of features.json.
    """
    root = where.parent
    try:
        clips = [_Clip.of(root, row) for row in index["clips"]]
        paths = list(dict.fromkeys(path for clip in clips for path, *_ in clip.pieces))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{where} is damaged ({error!r}); export the features again.") from None
    if gone := [path for path in paths if not path.is_file()]:
        raise UserError(f"{where} names {len(gone)} files that are not there, first {gone[0]}.")
    facts = good(measured(paths, cache_dir=cache_dir))
    widths = {facts[path].shape[1:]: path for path in paths}
    if len(widths) > 1:
        (one, first), (other, second) = list(widths.items())[:2]
        raise UserError(f"{first} has rows of shape {list(one)}, {second} of {list(other)}.")
    videos = [clip.video(facts, crops) for clip in clips]
    return Dataset(
        "features",
        index["label_version"],
        index.get("coverage"),
        tuple(video for video in videos if video.split == "train"),
        tuple(video for video in videos if video.split == "test"),
        metadata={
            "root": str(root),
            "layout": f"exported from {index['dataset']}",
            "features": index.get("features", ""),
        },
        deviations=tuple(Deviation(**each) for each in index.get("deviations", ())),
    )


class _Clip:
    """One clip of features.json.

    Attributes:
        row: of features.json.
        pieces: (file, first row, row after the last) one behind the other.
    """

    def __init__(self, row: Mapping[str, Any], pieces: Sequence[tuple[pathlib.Path, int, int]]):
        self.row, self.pieces = row, pieces

    @classmethod
    def of(cls, root: pathlib.Path, row: Mapping[str, Any]) -> "_Clip":
        pieces = [(_below(root, name), int(a), int(b)) for name, a, b in row["rows"]]
        if str(row["id"]).partition("/")[0] not in ("train", "test") or not pieces:
            raise ValueError(row["id"])
        return cls(row, pieces)

    def video(self, facts: Mapping[pathlib.Path, Measured], crops: str) -> Video:
        """Return the clip as a video."""
        row, name = self.row, str(self.row["id"])
        for path, start, stop in self.pieces:
            count = facts[path].shape[0]
            if not 0 <= start < stop <= count:
                raise UserError(
                    f"{path} has {count} rows, but {name} is to have its rows {start} to "
                    f"{stop - 1}: it is not the file that was exported."
                )
        num_rows = sum(stop - start for _, start, stop in self.pieces)
        num_frames = int(row["num_frames"])
        labels = None
        if row["abnormal"] is not None:
            labels = labels_from_intervals(row["abnormal"], num_frames, where=f"{INDEX}, {name}")
        timeline = None
        if row["starts"] is not None:
            timeline = Timeline(np.array(row["starts"], np.int64), num_frames, labels)
        rows = num_frames if timeline is None else len(timeline.starts)
        if num_rows != rows:
            raise UserError(
                f"{INDEX}: {name} has {num_rows} rows of features, and labels for {rows}; export "
                "the features again."
            )
        files = [path for path, *_ in self.pieces]
        fingerprints = "-".join(dict.fromkeys(facts[path].fingerprint for path in files))
        place = f"{self.pieces[0][1]}-{self.pieces[-1][2]}"
        return Video(
            name,
            name.partition("/")[0],
            FeatureRows(num_rows, functools.partial(_joined, self.pieces, crops), files=files),
            fps=row["fps"],
            fps_assumed=bool(row["fps_assumed"]),
            times=None if row["times"] is None else np.array(row["times"], np.float64),
            scene=str(row["scene"]),
            labels=labels if timeline is None else None,
            video_label=row["video_label"],
            classes=tuple(map(str, row.get("classes", ()))),
            metadata=_kinds(row, num_frames),
            fingerprint=f"{fingerprints}-{place}",
            substituted=tuple(map(int, row["substituted"])),
            timeline=timeline,
        )


def _kinds(row: Mapping[str, Any], num_frames: int) -> dict[str, Any]:
    """Return in which frames each kind of anomaly is, where the export says it."""
    where = f"{INDEX}, {row['id']}"
    kinds = {
        str(name): labels_from_intervals(pairs, num_frames, where=where) > 0
        for name, pairs in row.get("kinds", {}).items()
    }
    return {"kinds": kinds} if kinds else {}


def _below(root: pathlib.Path, name: str) -> pathlib.Path:
    """Return a file below a folder.

    Raises:
        ValueError: the name leads out of it.
    """
    path = pathlib.PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(name)
    return root / path


def _joined(pieces: Sequence[tuple[pathlib.Path, int, int]], crops: str) -> np.ndarray:
    """Return the rows of a clip: a view of the file, or a copy where it has several pieces."""
    parts = [rows_of(path, crops)[start:stop] for path, start, stop in pieces]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
