"""Features of a run to chunks, in the files that `data.builders.chunk_files` reads."""

import pathlib
from collections.abc import Iterator, Sequence

import numpy as np

from vadjax.data.arrays.row_view import blocks
from vadjax.data.builders.chunk_files import NAMES, VALUES, VARIABLE
from vadjax.data.builders.chunk_index import INDEX, Chunk, write_index
from vadjax.data.class_ids import class_of_video
from vadjax.data.text.class_names import UNKNOWN, names_of
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.pipeline.run import Run
from vadjax.storage.files import atomic_write
from vadjax.storage.row_file import RowFile


def export_chunks(run: Run, folder: pathlib.Path) -> int:
    """Write `<side>_features.npy`, `<side>_label.mat`, `classes.txt` and `chunks.csv`.

    A chunk is `window.length` consecutive frames of one clip; what is left at its end is dropped.
    Its label is the class of its whole clip, as the published code has it.

    Args:
        run: whose stage extract has been done.
        folder: that exists; files of these names are replaced, chunks.csv last.

    Returns:
        The number of rows.

    Raises:
        UserError: a clip's class is not known or has no name, or no clip is as long as a chunk.
    """
    from scipy.io import savemat

    length = run.config.window.length
    names = names_of(run.config.objective.classes)
    videos = list(run.videos.values())
    columns = {video.id: _column(video, names) for video in videos}
    (folder / INDEX).unlink(missing_ok=True)
    index: dict[str, list[Chunk]] = {}
    for side in ("train", "test"):
        own = [v for v in videos if v.split == side and len(v.frames) >= length]
        counts = [len(video.frames) // length for video in own]
        if not own:
            continue
        with atomic_write(folder / f"{side}_features.npy") as beside, beside.open("wb") as file:
            rows = RowFile(file, sum(counts))
            for part in _chunks(run, own, length):
                rows.append(part)
        labels = np.repeat(np.eye(len(names))[[columns[v.id] for v in own]], counts, axis=0)
        with atomic_write(folder / f"{side}_label.mat") as beside, beside.open("wb") as file:
            savemat(file, {VARIABLE: labels}, do_compression=True)
        index[side] = [
            Chunk(video.id.partition("/")[2], number * length, length)
            for video, count in zip(own, counts, strict=True)
            for number in range(count)
        ]
    if not index:
        raise UserError(f"no clip has {length} frames, which window.length makes a chunk.")
    with atomic_write(folder / NAMES) as beside:
        beside.write_text("\n".join([*names, ""]), encoding="utf-8")
    with atomic_write(folder / INDEX) as beside:
        write_index(beside, index)
    return sum(map(len, index.values()))


def _column(video: Video, names: Sequence[str]) -> int:
    """Return the number of the class of a clip."""
    number = class_of_video(video, names)
    if number == UNKNOWN or number == len(names):
        what = "no class" if number == UNKNOWN else f"the class {', '.join(video.classes) or '?'}"
        raise UserError(
            f"{video.id} has {what}; chunks are of {', '.join(names)}: train the run with all "
            "classes in objective.classes, or with none."
        )
    return number


def _chunks(run: Run, videos: Sequence[Video], length: int) -> Iterator[np.ndarray]:
    """Yield chunks [n, t * d] of videos in order; [n, t, d] where d is not the usual one."""
    for video in videos:
        rows = run.store.read(video)
        if rows.ndim != 2:
            raise UserError(f"rows of shape {list(rows.shape[1:])} are no vectors; pool the crops.")
        whole = rows[: len(rows) // length * length]
        flat = (length * VALUES,) if rows.shape[1] == VALUES else (length, rows.shape[1])
        yield from blocks(whole.reshape(-1, *flat))
