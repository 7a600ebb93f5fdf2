"""The index of a data set on disk: paths, lengths, labels and hashes; no pixels.

What the frames show (`data.frames.content`) lies beside the rows, in one memory-mapped file.

A tfds builder that writes array_record, without TensorFlow. It lies in the cache under a hash of
where the data are and of every file's name, size and times, so that another folder, a repaired
download, a file replaced by one of its size and time, or a read-only data_dir never meets a stale
one. tfds writes it to a temporary folder, then renames that.
"""

import contextlib
import dataclasses
import functools
import hashlib
import io
import json
import logging
import os
import pathlib
from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

import numpy as np
import tensorflow_datasets as tfds
from absl import logging as absl_logging

from vadjax.data.deviation import Deviation
from vadjax.data.frames.content import open_content, save_content
from vadjax.data.indexing.rows import row_of, video_of
from vadjax.data.indexing.scan import Scan, ScannedClip
from vadjax.data.paths.files import listing
from vadjax.data.video import Dataset
from vadjax.errors import UserError

tfds.disable_progress_bar()

log = logging.getLogger(__name__)


class Scanner(Protocol):
    """What an index is made from (`vadjax.data.builders.base.DiskBuilder`)."""

    dataset_name: str
    label_version: str
    source_dir: pathlib.Path
    sources: list[pathlib.Path]

    def scan(self) -> Scan:
        """Probe every clip and read its labels."""


class _Info(tfds.core.DatasetInfo):
    def initialize_from_bucket(self) -> None:
        """Do not ask Google's bucket for a copy: there is none, and asking leaves a folder."""


class VideoIndex(
    tfds.core.GeneratorBasedBuilder,
    skip_registration=True,  # type: ignore[call-arg]  # tfds carries no types
):
    """The index of one data set.

    Args:
      scanner: the opened data set.
      data_dir: the index goes below it, into a folder named by the hash.
    """

    VERSION = tfds.core.Version("1.11.0")  # a new one whenever the rows or a scan change
    RELEASE_NOTES: ClassVar[dict] = {
        "1.4.0": "What the frames show lies beside the rows.",
        "1.5.0": "Rows have uneven times and the frames of a video file that are lost.",
        "1.6.0": "A fingerprint is the hash of a clip's bytes.",
        "1.7.0": "Times are in nanoseconds.",
        "1.8.0": "Rows have the form of masks, the video's label, classes, and blank rows.",
        "1.9.0": "Rows say in which frames each class is.",
        "1.10.0": "Frames of which a damaged file has lost even the packets are counted.",
        "1.11.0": "A column of labels.csv names annotators.",
    }
    url_infos: ClassVar[dict] = {}  # nothing is downloaded; tfds's own needs importlib_resources

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Keep subclasses out of tfds's registry, where one name may stand once."""
        super().__init_subclass__(**{"skip_registration": True, **kwargs})

    def __init__(self, scanner: Scanner, *, data_dir: str | os.PathLike):
        self.name = scanner.dataset_name
        self._scanner = scanner
        key = [
            scanner.dataset_name,
            scanner.label_version,
            *map(str, scanner.sources),
            *listing(scanner.sources),
        ]
        if getattr(scanner, "skip_broken", False):  # else a broken clip is an error
            key.append("skip_broken")
        if fps := getattr(scanner, "given_fps", 0):
            key.append(f"fps {fps}")
        if split := getattr(scanner, "split", ""):
            key.append(f"split {split}")
        digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:24]
        with _quiet():
            super().__init__(data_dir=pathlib.Path(data_dir) / digest, file_format="array_record")

    def dataset(self) -> Dataset:
        """Return the data set, scanning it first where there is no index yet.

        Raises:
          UserError: the files cannot be used, or the cache cannot be written.
        """
        if not self.data_path.exists():
            log.info("indexing %s: every frame is decoded once", self._scanner.source_dir)
            self._write()
        with _quiet():
            index = tfds.builder_from_directory(self.data_path)
        about = index.info.metadata
        content = open_content(self._content_path)
        clips = {
            split: tuple(video_of(row, content) for row in index.as_data_source(split))
            for split in index.info.splits
        }
        return Dataset(
            name=self.name,
            label_version=about["label_version"],
            coverage=about["coverage"],
            train=clips.get("train", ()),
            test=clips.get("test", ()),
            metadata=about["metadata"],
            deviations=tuple(Deviation(**d) for d in about["deviations"]),
        )

    @functools.cached_property
    def _scan(self) -> Scan:
        return self._scanner.scan()

    @property
    def _content_path(self) -> pathlib.Path:
        return pathlib.Path(self.data_path).parent / f"content-{self.VERSION}.npy"

    def _write_content(self) -> None:
        """Write it before the rows, whose presence says that the index is whole."""
        rows = [clip.footage.content for split in self._splits for clip in self._clips(split)]
        save_content(self._content_path, [each for each in rows if each is not None])

    def _write(self) -> None:
        _ = self._scan  # its errors are those of the data, not of the cache
        try:
            self._write_content()
            with _quiet():
                self.download_and_prepare()
        except (OSError, RuntimeError) as error:  # array_record's type for a full disk
            if not self.data_path.exists():  # else another process was quicker
                raise UserError(
                    f"{self.data_path} cannot be written ({error}); free space, or choose another "
                    "folder with --config.features.cache_dir=FOLDER."
                ) from error

    def _info(self) -> tfds.core.DatasetInfo:
        text, count = tfds.features.Text(), np.int64
        return _Info(
            builder=self,
            disable_shuffling=True,
            metadata=tfds.core.MetadataDict(),
            features=tfds.features.FeaturesDict(
                {
                    "id": text,
                    "scene": text,
                    "paths": tfds.features.Sequence(text),
                    "num_frames": count,
                    "height": count,
                    "width": count,
                    "channels": count,
                    "fps": np.float64,  # 0 = unknown
                    "fps_assumed": np.bool_,
                    "fingerprint": text,
                    "substituted": tfds.features.Tensor(shape=(None,), dtype=count),
                    "announced": count,
                    "first": count,
                    "pages": np.bool_,
                    "levels": tfds.features.Tensor(shape=(None,), dtype=np.float64),
                    "content": count,  # its first row among those of all clips
                    # Nanoseconds, or empty: tfds keeps only the digits of float32.
                    "times_ns": tfds.features.Tensor(shape=(None,), dtype=count),
                    "lost": tfds.features.Tensor(shape=(None,), dtype=count),
                    "is_damaged": np.bool_,
                    "blank": count,
                    "labelled": np.bool_,
                    "labels": tfds.features.Tensor(shape=(None,), dtype=np.uint8),
                    "masks": tfds.features.Sequence(text),
                    "mask_form": text,
                    "video_label": count,  # -1 = unknown
                    "classes": tfds.features.Sequence(text),
                    # Those of each class one behind the other, or empty.
                    "kinds": tfds.features.Tensor(shape=(None,), dtype=np.uint8),
                }
            ),
        )

    def _split_generators(self, dl_manager: object) -> dict:
        scan = self._scan
        self.info.metadata.update(
            label_version=self._scanner.label_version,
            coverage=scan.coverage,
            metadata=scan.metadata,
            deviations=[dataclasses.asdict(d) for d in scan.deviations],
        )
        return {split: self._generate_examples(split) for split in self._splits}

    @property
    def _splits(self) -> list[str]:
        return sorted({clip.id.split("/")[0] for clip in self._scan.clips})

    def _clips(self, split: str) -> list[ScannedClip]:
        return [clip for clip in self._scan.clips if clip.id.startswith(f"{split}/")]

    def _generate_examples(self, split: str) -> Iterator[tuple]:
        before = self._splits[: self._splits.index(split)]
        row = sum(_num_rows(clip) for each in before for clip in self._clips(each))
        for number, clip in enumerate(self._clips(split)):
            yield number, row_of(clip, content=row)
            row += _num_rows(clip)


def _num_rows(clip: ScannedClip) -> int:
    return 0 if clip.footage.content is None else len(clip.footage.content)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence what tfds prints about downloading: nothing is downloaded."""
    verbosity = absl_logging.get_verbosity()
    absl_logging.set_verbosity(absl_logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        absl_logging.set_verbosity(verbosity)
