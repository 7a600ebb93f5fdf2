"""The feature store: one array file a video, under a folder named by how it was made.

`<root>/<fingerprint of the spec>/<name>.npy` holds the rows, and the `.json` beside it its
metadata, which is written last: an array without it is never read. The name is a readable part of
the video's id and a hash of id and fingerprint, so that rows are found by what the video's files
hold: those of another video of the same name, or of an earlier content of the file, are not there.
Files of short clips are packed when they are many (`storage.packs`).
Rows are not frames: `row_start` and `row_stop` give the half-open frames that each row covers.
"""

import contextlib
import hashlib
import io
import json
import math
import pathlib
import resource
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import IO

import numpy as np

from vadjax.data.frames.on_demand import Frames
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.storage.files import atomic_write, short_name, write_json
from vadjax.storage.packs import Packed, Packs
from vadjax.storage.row_file import RowFile

# A new one whenever the same files give other frames or the layout changes: no older rows are read.
VERSION = 2


class FeatureStore:
    """Arrays of one spec (backbone, weights, preprocessing, tap, dtype, ...).

    Args:
      root: folder that holds the stores of all specs.
      spec: JSON-like description of how rows are made; its hash names the folder.
    """

    def __init__(self, root: pathlib.Path, spec: Mapping[str, object]):
        text = json.dumps({"version": VERSION, **spec}, sort_keys=True, default=list)
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.folder = pathlib.Path(root) / self.fingerprint
        self.spec = json.loads(text)
        self._open: dict[tuple[str, str, int], np.ndarray] = {}
        self._packs = Packs(self.folder)
        _allow_many_files()
        if not (self.folder / "spec.json").is_file():
            write_json(self.folder / "spec.json", self.spec)

    def name(self, video: Video) -> str:
        """Return the name of a video's files, without suffix."""
        return short_name(video.id, *_key(video))

    def _path(self, video: Video, suffix: str) -> pathlib.Path:
        return self.folder / (self.name(video) + suffix)

    def holds(self, video: Video) -> bool:
        """Return whether the complete rows of exactly this video are stored."""
        try:
            meta, packed = self._found(video)
            size = packed.size if packed else self._path(video, ".npy").stat().st_size
            return meta["bytes"] == size
        except (OSError, UserError):
            return False

    def write(
        self,
        video: Video,
        rows: np.ndarray,
        *,
        row_start: np.ndarray | None = None,
        row_stop: np.ndarray | None = None,
        **provenance: object,
    ) -> None:
        """Store the rows of one video.

        Args:
          video: whose frames the rows show.
          rows: [rows, ...] or, with a crop axis, [rows, crops, d].
          row_start: [rows] first frame of each row; None where row i is frame i.
          row_stop: [rows] one past the last frame of each row.
          **provenance: `source_id`, `augmentation` and the like, kept as they are.

        Raises:
          UserError: rows and frames do not agree, the video's files were changed since it was
            opened, or the folder cannot be written.
        """
        with self.writing(video, row_start=row_start, row_stop=row_stop, **provenance) as append:
            append(rows)

    @contextlib.contextmanager
    def writing(
        self,
        video: Video,
        *,
        row_start: np.ndarray | None = None,
        row_stop: np.ndarray | None = None,
        **provenance: object,
    ) -> Iterator[Callable[[np.ndarray], None]]:
        """Store the rows of one video as they come; they are there when the block has ended well.

        Args:
          video: see `write`.
          row_start: see `write`.
          row_stop: see `write`.
          **provenance: see `write`.

        Yields:
          A function that takes the next rows, [k, ...].

        Raises:
          UserError: see `write`.
        """
        num_frames = len(video.frames)
        count = num_frames if row_start is None else len(row_start)
        self._open.pop((*_key(video), num_frames), None)
        array, small = self._path(video, ".npy"), io.BytesIO()
        with contextlib.ExitStack() as opened:
            rows: RowFile | None = None

            def append(some: np.ndarray) -> None:
                nonlocal rows
                if rows is None:
                    nbytes = some.dtype.itemsize * math.prod((count, *some.shape[1:]))
                    is_small = self._packs.takes(nbytes)
                    file = small if is_small else opened.enter_context(_beside(array))
                    rows = RowFile(file, count)
                rows.append(some)

            yield append
            written = 0 if rows is None else rows.written
            if written != count:
                raise UserError(f"{video.id}: {written} rows, but {count} frames.")
            _check_unchanged(video)
            size = 0 if rows is None else rows.size
        meta = {
            "id": video.id,
            "video": video.fingerprint,
            "num_frames": num_frames,
            "bytes": size,
            "row_start": None if row_start is None else np.asarray(row_start).tolist(),
            "row_stop": None if row_stop is None else np.asarray(row_stop).tolist(),
            **provenance,
        }
        if small.tell():
            self._packs.add(self.name(video), small.getvalue(), json.dumps(meta, allow_nan=False))
            return
        write_json(self._path(video, ".json"), meta)
        self._packs.wrote(size)

    def read(self, video: Video) -> np.ndarray:
        """Return the rows of one video, memory-mapped and read-only.

        Raises:
          UserError: the rows of exactly this video are not in the store, or a file is damaged.
        """
        key = (*_key(video), len(video.frames))
        if key not in self._open:
            self._open[key] = self._load(video)
        return self._open[key]

    def _load(self, video: Video, *, again: bool = True) -> np.ndarray:
        _, packed = self._found(video)
        path = packed.pack if packed else self._path(video, ".npy")
        try:
            if packed:
                return self._packs.rows(packed)
            return np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            if again and isinstance(error, FileNotFoundError):  # it was packed just now
                return self._load(video, again=False)
            raise UserError(f"{path} is damaged ({error}); remove it and run again.") from error

    def meta(self, video: Video) -> dict:
        """Return what was stored beside the rows (see `write`).

        Raises:
          UserError: the rows of exactly this video are not in the store, or the file is damaged.
        """
        return self._found(video)[0]

    @contextlib.contextmanager
    def as_files(self, name: str) -> Iterator[tuple[pathlib.Path, pathlib.Path]]:
        """Yield the array file and the metadata of a video, unpacked where they are packed.

        Args:
          name: see `name`.
        """
        packed = None if (self.folder / f"{name}.json").is_file() else self._packs.find(name)
        if packed is None:
            yield self.folder / f"{name}.npy", self.folder / f"{name}.json"
            return
        with tempfile.TemporaryDirectory() as folder:
            array, meta = (pathlib.Path(folder) / f"rows{s}" for s in (".npy", ".json"))
            np.save(array, self._packs.rows(packed))
            size = {"bytes": array.stat().st_size}  # of its header too, which `np.save` may pad
            write_json(meta, json.loads(packed.meta) | size)
            yield array, meta

    def _found(self, video: Video) -> tuple[dict, Packed | None]:
        """Return the metadata of a video, and where its rows lie; None: in a file of their own.

        Raises:
          UserError: see `meta`.
        """
        path, packed = self._path(video, ".json"), None
        try:
            try:
                text = path.read_text(encoding="utf-8")
            except FileNotFoundError:
                if (packed := self._packs.find(self.name(video))) is None:
                    raise
                path, text = packed.pack, packed.meta
            meta = json.loads(text)
            of = meta["id"], meta["video"], meta["num_frames"]
        except FileNotFoundError:
            raise UserError(
                f"no features of {video.id} in {self.folder}, or of another content of its files; "
                "run --stage=extract."
            ) from None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise UserError(f"{path} is damaged ({error}); remove it and run again.") from error
        if of != (*_key(video), len(video.frames)):
            raise UserError(
                f"{path} belongs to {of[0]} of {of[2]} frames, not to {video.id} of "
                f"{len(video.frames)}; remove it and run again."
            )
        return meta, packed


@contextlib.contextmanager
def _beside(array: pathlib.Path) -> Iterator[IO[bytes]]:
    with atomic_write(array) as beside, beside.open("wb") as file:
        yield file


def _check_unchanged(video: Video) -> None:
    """Refuse the rows of a video whose files were changed while they were read."""
    if isinstance(video.frames, Frames) and video.frames.changed:
        raise UserError(
            f"{video.id}: its files were changed while it was read, so its features are not "
            "kept; run again."
        )


def _key(video: Video) -> tuple[str, str]:
    """Return what tells the rows of a video from those of all others."""
    if not video.fingerprint:
        raise UserError(
            f"{video.id} has no fingerprint, so its features could be taken for those of another "
            "video; its builder has to set Video.fingerprint."
        )
    return video.id, video.fingerprint


def _allow_many_files() -> None:
    """Raise the limit of open files as far as allowed: each memory-mapped array keeps one open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):  # a system may allow less than it reports
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
