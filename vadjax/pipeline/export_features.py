"""Features of a run to files that others can read, and that the data set `features` reads back."""

import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from vadjax.backbones.registry import HEADS
from vadjax.data.arrays.row_view import blocks
from vadjax.data.builders import published_features, published_folder
from vadjax.data.builders.chunk_index import INDEX as CHUNKS
from vadjax.data.builders.exported_features import FORMAT, INDEX, VERSION
from vadjax.data.frames.feature_file import open_features
from vadjax.data.paths.files import describe
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.pipeline.export_chunks import export_chunks
from vadjax.pipeline.run import Run
from vadjax.storage.files import atomic_write, short_name, write_json
from vadjax.storage.row_file import RowFile

FORMS = ("videos", "classes", "published", "chunks")
_PLAIN = re.compile(r"(train|test)/[A-Za-z0-9_][A-Za-z0-9._-]{0,60}")
Pieces = list[tuple[str, int, int]]  # file, first row, row after the last


def export(run: Run, folder: pathlib.Path, *, form: str = "videos") -> int:
    """Write the features of all clips; features.json, written last, says what each row is.

    Args:
        run: whose stage extract has been done.
        folder: empty, or an earlier export, which is replaced; "published" goes below any folder.
        form: "videos": a file for each clip; "classes": normal_features_NAME.npy and
            anomaly_features_NAME.npy, as published notebooks read them, clips in order;
            "published": the same as features/DATASET/ has it, see `_published`; "chunks": see
            `export_chunks`.

    Returns:
        The number of rows.

    Raises:
        UserError: the features are maps or not extracted, labels are missing, or the folder holds
            something else or cannot be written.
    """
    if run.config.features.tap not in HEADS:
        raise UserError(
            f"features.tap is {run.config.features.tap!r}: maps are not exported, pooled features "
            "and classes are (features.tap=features, probabilities or logits)."
        )
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; give a folder.")
    if form == "published":
        folder, index = _published(run, folder)
    else:
        index = folder / INDEX
        earlier = index.is_file() or (folder / CHUNKS).is_file()
        if folder.is_dir() and any(folder.iterdir()) and not earlier:
            raise UserError(
                f"{describe(folder)} Give an empty folder, or one of an earlier export."
            )
    videos = [*run.dataset.train, *run.dataset.test]  # altered copies are no clips
    for video in videos:
        run.store.read(video)  # all are there before anything is written
    index.unlink(missing_ok=True)
    if form == "chunks":
        folder.mkdir(parents=True, exist_ok=True)
        return export_chunks(run, folder)
    by = _by_video if form == "videos" else _by_class
    places = by(run, folder, videos)
    dataset = run.dataset
    write_json(
        index,
        {
            "format": FORMAT,
            "version": VERSION,
            "dataset": dataset.name,
            "features": _name(run),
            "made_by": _spec(run),
            "label_version": dataset.label_version,
            "coverage": dataset.coverage,
            "official_split": dataset.official_split,
            "num_folds": dataset.num_folds,
            "deviations": [{"what": d.what, "meaning": d.meaning} for d in dataset.deviations],
            "clips": [_row(video, places[video.id]) for video in videos],
        },
    )
    if form == "published":
        _write_list(folder, dataset.title)
    return sum(len(video.frames) for video in videos)


def _published(run: Run, folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Return features/DATASET/ below a folder and the index of this pair, features_NAME.json.

    The folder may hold the pairs of other backbones, and other data sets beside it.

    Raises:
        UserError: it holds a pair of this name without its index, which is not ours.
    """
    name = _name(run)
    place = folder / published_folder.GROUPS[0] / run.dataset.name
    index = place / published_folder.INDEX.format(name)
    pairs = published_features.names(place) if place.is_dir() else {}
    if name in pairs and not index.is_file():
        raise UserError(
            f"{place} holds features of {name} that vadjax has not written; give another folder, "
            "or remove them."
        )
    return place, index


def _write_list(folder: pathlib.Path, title: str) -> None:
    """Write the text that lists the pairs of a folder, in the published form."""
    pairs = {}
    for name, files in published_features.names(folder).items():
        shapes = {side: open_features(path).shape for side, path in files.items()}
        counts = " and ".join(f"{shapes[side][0]:,} {side}" for side in published_features.SIDES)
        pairs[name] = f"{next(iter(shapes.values()))[-1]} features a row, {counts} rows"
    with atomic_write(folder / f"{title}.txt") as beside:
        beside.write_text(published_folder.text_of(title, pairs), encoding="utf-8")


def _by_video(run: Run, folder: pathlib.Path, videos: list[Video]) -> Mapping[str, Pieces]:
    """Write a file for each clip, named by its id where that is a plain name."""
    places: dict[str, Pieces] = {}
    taken: set[str] = set()
    for video in videos:
        name = video.id
        if not _PLAIN.fullmatch(name) or name.lower() in taken:
            name = f"{video.split}/{short_name(video.id)}"
        taken.add(name.lower())
        rows = run.store.read(video)
        _write(folder / f"{name}.npy", blocks(rows), len(rows))
        places[video.id] = [(f"{name}.npy", 0, len(rows))]
    return places


def _by_class(run: Run, folder: pathlib.Path, videos: list[Video]) -> Mapping[str, Pieces]:
    """Write a file of all normal and one of all abnormal rows, clip after clip."""
    labels = {video.id: _labels(video) for video in videos}
    if not any(own.any() for own in labels.values()):
        raise UserError("no frame is abnormal, so that one file of the two would be empty.")
    pieces: dict[str, Pieces] = {video.id: [] for video in videos}
    first = {video.id: dict[int, tuple[str, int]]() for video in videos}
    for label, side in enumerate(("normal", "anomaly")):
        name, total = f"{side}_features_{_name(run)}.npy", 0
        for video in videos:
            for start, stop in _runs(labels[video.id] == label):
                first[video.id][start] = (name, total)
                total += stop - start
        _write(folder / name, _rows_of(run, videos, labels, label), total)
    for video in videos:
        starts = sorted(first[video.id])
        stops = [*starts[1:], len(video.frames)]
        for start, stop in zip(starts, stops, strict=True):
            name, row = first[video.id][start]
            pieces[video.id].append((name, row, row + stop - start))
    return pieces


def _rows_of(
    run: Run, videos: list[Video], labels: Mapping[str, np.ndarray], label: int
) -> Iterator[np.ndarray]:
    for video in videos:
        rows = run.store.read(video)
        for start, stop in _runs(labels[video.id] == label):
            yield from blocks(rows[start:stop])


def _labels(video: Video) -> np.ndarray:
    """Return labels of rows; a training clip that may be unlabelled is normal."""
    if video.labels is not None:
        return np.asarray(video.labels)
    if video.split == "test" or video.video_label:
        raise UserError(
            f"{video.id} has no labels of frames, by which its rows could be divided into normal "
            "and abnormal ones; export with --form=videos."
        )
    return np.zeros(len(video.frames), np.uint8)


def _write(path: pathlib.Path, parts: Iterator[np.ndarray], count: int) -> None:
    with atomic_write(path) as beside, beside.open("wb") as file:
        rows = RowFile(file, count)
        for part in parts:
            rows.append(part)


def _row(video: Video, pieces: Pieces) -> dict[str, Any]:
    """Describe one clip."""
    timeline = video.timeline
    labels = video.labels if timeline is None else timeline.labels
    return {
        "id": video.id,
        "rows": pieces,
        "num_frames": len(video.frames) if timeline is None else timeline.num_frames,
        "starts": None if timeline is None else timeline.starts.tolist(),
        "abnormal": None if labels is None else _runs(np.asarray(labels) > 0),
        "video_label": video.video_label,
        "classes": list(video.classes),
        "kinds": {
            kind: _runs(np.asarray(frames) > 0)
            for kind, frames in video.metadata.get("kinds", {}).items()
        },
        "fps": video.fps,
        "fps_assumed": video.fps_assumed,
        "times": None if video.times is None else video.times.tolist(),
        "scene": video.scene,
        "substituted": list(video.substituted),
    }


def _runs(chosen: np.ndarray) -> list[tuple[int, int]]:
    """Return the stretches that are chosen, half-open."""
    edges = np.flatnonzero(np.diff(chosen.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _name(run: Run) -> str:
    """Return the name of the features for file names."""
    known = run.dataset.metadata.get("features") if not run.pictures else None
    return str(known or run.config.features.backbone).replace("/", "-")


def _spec(run: Run) -> dict[str, Any]:
    """Say how the features were made."""
    tap = run.config.features.tap
    return run.tap_specs[tap] if run.pictures else {"given": _name(run)}
