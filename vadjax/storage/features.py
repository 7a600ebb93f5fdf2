"""The feature store: one array file a video, under a folder named by how it was made.

`<root>/<fingerprint of the spec>/<escaped video id>.npy` holds the rows, and the `.json` beside it
its metadata, which is written last and removed first: an array without it is never read.
Rows are not frames: `row_start` and `row_stop` give the half-open frames that each row covers.
"""

import contextlib
import hashlib
import json
import pathlib
import resource
import urllib.parse
from collections.abc import Mapping

import numpy as np

from vadjax.errors import UserError
from vadjax.storage.files import atomic_write, unwritable, write_json

VERSION = 1


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
        self._open: dict[str, np.ndarray] = {}
        _allow_many_files()
        if not (self.folder / "spec.json").is_file():
            write_json(self.folder / "spec.json", self.spec)

    def _path(self, video_id: str, suffix: str) -> pathlib.Path:
        return self.folder / (urllib.parse.quote(video_id, safe="") + suffix)

    def holds(self, video_id: str, video_fingerprint: str) -> bool:
        """Return whether the complete rows of exactly this video are stored.

        Args:
            video_id: `<split>/<clip>`.
            video_fingerprint: `Video.fingerprint`.

        Returns:
            False also for a video of the same id that has changed.
        """
        try:
            meta = self.meta(video_id)
            size = self._path(video_id, ".npy").stat().st_size
        except (OSError, ValueError):
            return False
        return meta["video"] == video_fingerprint and meta["bytes"] == size

    def write(
        self,
        video_id: str,
        rows: np.ndarray,
        *,
        video_fingerprint: str,
        num_frames: int,
        row_start: np.ndarray | None = None,
        row_stop: np.ndarray | None = None,
        **provenance: object,
    ) -> None:
        """Store the rows of one video.

        Args:
          video_id: `<split>/<clip>`.
          rows: [rows, ...] or, with a crop axis, [rows, crops, d].
          video_fingerprint: `Video.fingerprint`.
          num_frames: length of the video.
          row_start: [rows] first frame of each row; None where row i is frame i.
          row_stop: [rows] one past the last frame of each row.
          **provenance: `source_id`, `augmentation` and the like, kept as they are.

        Raises:
          UserError: rows and frames do not agree, or the folder cannot be written.
        """
        if row_start is None and len(rows) != num_frames:
            raise UserError(f"{video_id}: {len(rows)} rows, but {num_frames} frames.")
        array, metadata = self._path(video_id, ".npy"), self._path(video_id, ".json")
        self._open.pop(video_id, None)
        try:
            metadata.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(metadata, error) from error
        with atomic_write(array) as beside, beside.open("wb") as file:
            np.save(file, np.ascontiguousarray(rows), allow_pickle=False)
        meta = {
            "id": video_id,
            "video": video_fingerprint,
            "num_frames": int(num_frames),
            "bytes": array.stat().st_size,
            "row_start": None if row_start is None else np.asarray(row_start).tolist(),
            "row_stop": None if row_stop is None else np.asarray(row_stop).tolist(),
            **provenance,
        }
        write_json(metadata, meta)

    def read(self, video_id: str) -> np.ndarray:
        """Return the rows of one video, memory-mapped and read-only.

        Raises:
          UserError: the video is not in the store, or its file is damaged.
        """
        if video_id in self._open:
            return self._open[video_id]
        path = self._path(video_id, ".npy")
        if not self._path(video_id, ".json").is_file():
            raise UserError(f"no features of {video_id} in {self.folder}; run --stage=extract.")
        try:
            self._open[video_id] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise UserError(f"{path} is damaged ({error}); remove it and run again.") from error
        return self._open[video_id]

    def meta(self, video_id: str) -> dict:
        """Return what was stored beside the rows (see `write`)."""
        return json.loads(self._path(video_id, ".json").read_text(encoding="utf-8"))


def _allow_many_files() -> None:
    """Raise the limit of open files as far as allowed: each memory-mapped array keeps one open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):  # a system may allow less than it reports
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
