"""Chunks of frames in files: `(N, t * d)` or `(N, t, d)` .npy, one-hot labels in a .mat.

WaseemUllah655/Anomaly-Detection stores the class probabilities of t consecutive frames as one row
of an array, and one-hot labels of these rows as the variable `DatabaseLabel` of a MATLAB file; the
pickle beside them is never read. A side is what "train" or "test" in a file's name says. Two files
are ours: `classes.txt` names the columns of the labels, and `chunks.csv`, which
`vadjax export-features --form=chunks` writes, says of which video and frame each chunk is.
"""

import dataclasses
import functools
import pathlib
from collections.abc import Sequence

import numpy as np

from vadjax.data.arrays import mat_file, npy_file
from vadjax.data.builders.chunk_index import Chunk, read_index
from vadjax.data.builders.published_features import FILE as PAIR
from vadjax.data.deviation import Deviation
from vadjax.data.frames.feature_rows import FeatureRows
from vadjax.data.paths.files import entries, unreadable
from vadjax.data.paths.fingerprints import fingerprint
from vadjax.data.text.class_names import NORMAL
from vadjax.data.video import Dataset, Video
from vadjax.errors import UserError

VARIABLE, NAMES = "DatabaseLabel", "classes.txt"
VALUES = 1000  # of a frame, where an array of two axes does not say it: the classes of ImageNet
SIDES = ("train", "test")
UNKNOWN = Deviation(
    "the files do not say of which video each chunk is",
    "chunks of one video may lie on both sides of a split: the leakage audit never says clean, and "
    "only protocols that split chunks at random run",
)


@dataclasses.dataclass(frozen=True, eq=False)
class Side:
    """The files of one side.

    Attributes:
        features: path of the array.
        num_chunks: N.
        frames: t, of a chunk.
        values: d, of a frame.
        columns: int [N], the label's column, -1 where a row of the labels is all zero.
    """

    features: pathlib.Path
    num_chunks: int
    frames: int
    values: int
    columns: np.ndarray


def found(root: pathlib.Path) -> dict[str, dict[str, pathlib.Path]]:
    """Return side -> {"features": .npy, "labels": .mat} of a folder; empty where there are none.

    Raises:
        UserError: two files are those of one side, or half a side is missing.
    """
    sides: dict[str, dict[str, pathlib.Path]] = {}
    for path in entries(root):
        kind = {".npy": "features", ".mat": "labels"}.get(path.suffix.lower())
        named_after = [side for side in SIDES if side in path.stem.lower()]
        fits = kind == "labels" or "feature" in path.stem.lower()
        if not kind or not named_after or not fits or PAIR.fullmatch(path.name):
            continue
        if len(named_after) > 1:
            raise UserError(f"{path} is named after both sides, train and test; name it after one.")
        twin = sides.setdefault(named_after[0], {}).setdefault(kind, path)
        if twin != path:
            raise UserError(
                f"{twin} and {path.name} are both the {kind} of {named_after[0]}; keep one."
            )
    sides = {side: files for side, files in sides.items() if "features" in files}
    if not (root / NAMES).is_file() and not any("labels" in files for files in sides.values()):
        return {}  # another kind of files
    for side, files in sides.items():
        if "labels" not in files:
            raise UserError(
                f"{files['features']} has no labels beside it: wanted a .mat file with {side} in "
                f"its name and the variable {VARIABLE}, one-hot, a row a chunk."
            )
    return sides


def load(root: pathlib.Path) -> Dataset:
    """Read the chunks of a folder.

    Args:
        root: the folder.

    Returns:
        The data set; its clips are the videos of chunks.csv or, without that, one clip a class and
        side, as clips are then not known.

    Raises:
        UserError: the files cannot be used, or do not belong together.
    """
    names = _names(root)
    sides = {side: _open(files, names) for side, files in found(root).items()}
    if len({side.values for side in sides.values()}) > 1:
        widths = " and ".join(f"{s.features.name} {s.values}" for s in sides.values())
        raise UserError(f"{root}: the sides have frames of different lengths: {widths} values.")
    index = read_index(root, {name: side.num_chunks for name, side in sides.items()})
    unlabelled = sum(int((side.columns < 0).sum()) for side in sides.values())
    notes = [] if index else [UNKNOWN]
    if unlabelled:
        notes.append(
            Deviation(
                f"{unlabelled} chunks have a row of zeros as label",
                "their class is unknown, and they are left out",
            )
        )
    videos = [
        video
        for name, side in sides.items()
        for video in _videos(name, side, names, index.get(name) if index else None)
    ]
    return Dataset(
        "features",
        "files",
        None,
        tuple(video for video in videos if video.split == "train"),
        tuple(video for video in videos if video.split == "test"),
        metadata={
            "root": str(root),
            "layout": "chunks of " + " and ".join(sorted({f"{s.frames}" for s in sides.values()})),
            "features": "",
        },
        deviations=tuple(notes),
        clips_known=bool(index),
    )


def _names(root: pathlib.Path) -> list[str]:
    """Read the names of the columns of the labels."""
    path = root / NAMES
    try:
        names = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} cannot be read ({error}): wanted the names of the columns of {VARIABLE}, one "
            f"a line in their order, among them {NORMAL}. The labels do not say what they mean."
        ) from None
    names = [name for name in names if name]
    if len({name.lower() for name in names}) < len(names) or NORMAL not in map(str.lower, names):
        raise UserError(f"{path} names {', '.join(names)}; wanted each name once, and {NORMAL}.")
    return names


def _open(files: dict[str, pathlib.Path], names: Sequence[str]) -> Side:
    """Check the two files of a side against one another."""
    path = files["features"]
    array = _array(path)
    if array.dtype.kind != "f" or array.ndim not in (2, 3) or 0 in array.shape:
        raise UserError(
            f"{path} holds {array.dtype} {list(array.shape)}; wanted float chunks [N, t * d] or "
            "[N, t, d]."
        )
    if array.ndim == 3:
        frames, values = array.shape[1:]
    elif array.shape[1] % VALUES:
        raise UserError(
            f"{path} has {array.shape[1]} numbers a chunk, no multiple of {VALUES}: save it as "
            "[N, t, d], so that it says how many are of one frame."
        )
    else:
        frames, values = array.shape[1] // VALUES, VALUES
    columns = _columns(files["labels"], names)
    if len(columns) != len(array):
        raise UserError(
            f"{files['labels']} has labels of {len(columns)} chunks, and {path.name} has "
            f"{len(array)}: they do not belong together."
        )
    return Side(path, len(array), frames, values, columns)


def _array(path: pathlib.Path) -> np.ndarray:
    try:
        return npy_file.read_array(path, mapped=True)
    except npy_file.Damaged as error:
        raise unreadable(
            path, f"{path}: {error}; save it again with numpy.save, without pickle."
        ) from None


def _columns(path: pathlib.Path, names: Sequence[str]) -> np.ndarray:
    """Read one-hot labels; return the column of each chunk, -1 of a row of zeros."""
    try:
        labels = mat_file.read(path, variable=VARIABLE).get(VARIABLE)
    except (mat_file.Damaged, mat_file.Newer, OSError) as error:
        raise UserError(
            f"{path} cannot be read ({str(error) or type(error).__name__}); wanted MATLAB version "
            f"5 with {VARIABLE}."
        ) from None
    if not isinstance(labels, np.ndarray) or labels.ndim != 2 or labels.shape[1] != len(names):
        shape = list(labels.shape) if isinstance(labels, np.ndarray) else "nothing"
        raise UserError(
            f"{path}: {VARIABLE} is {shape}; wanted a row a chunk and a column for each of the "
            f"{len(names)} lines of {NAMES}."
        )
    ones = labels == 1
    if not np.array_equal(ones, labels != 0) or ones.sum(axis=1).max(initial=0) > 1:
        raise UserError(f"{path}: {VARIABLE} is not one-hot, with 1 in one column of each row.")
    return np.where(ones.any(axis=1), ones.argmax(axis=1), -1)


def _videos(
    split: str, side: Side, names: Sequence[str], index: Sequence[Chunk] | None
) -> list[Video]:
    """Return the videos of a side, each of the runs of chunks that are its own."""
    places: dict[str, list[int]] = {}
    kinds: dict[str, str] = {}
    for chunk, column in enumerate(side.columns.tolist()):
        if column < 0:
            continue
        name = names[column] if index is None else index[chunk].video
        if kinds.setdefault(name, names[column]) != names[column]:
            raise UserError(
                f"{side.features}: chunks of {name} are of {kinds[name]} and of {names[column]}; a "
                "video has one class here."
            )
        places.setdefault(name, []).append(chunk)
    mark = fingerprint([side.features])
    return [
        _video(split, name, kinds[name], side, np.array(chunks), mark=mark)
        for name, chunks in places.items()
    ]


def _video(split: str, name: str, kind: str, side: Side, chunks: np.ndarray, *, mark: str) -> Video:
    """Return one video: the rows of its chunks, one behind the other."""
    num_rows, normal = len(chunks) * side.frames, kind.lower() == NORMAL
    read = functools.partial(_rows, side.features, side.frames, side.values, chunks)
    return Video(
        f"{split}/{name}",
        split,
        FeatureRows(num_rows, read, files=[side.features]),
        labels=np.zeros(num_rows, np.uint8) if normal else None,
        video_label=int(not normal),
        classes=(kind,),
        fingerprint=f"{mark}-{chunks[0]}-{chunks[-1]}-{len(chunks)}",
    )


def _rows(path: pathlib.Path, frames: int, values: int, chunks: np.ndarray) -> np.ndarray:
    """Return the rows [n * t, d] of chunks: a view of the file where they lie side by side."""
    array = _array(path)
    beside = chunks[-1] - chunks[0] == len(chunks) - 1
    own = array[chunks[0] : chunks[-1] + 1] if beside else array[chunks]
    rows = own.reshape(len(chunks) * frames, values)
    fits = rows.dtype.itemsize <= 4 and rows.dtype.isnative
    return rows if fits else np.array(rows, np.float32)
