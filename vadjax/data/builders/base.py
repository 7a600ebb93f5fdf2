"""The index of a data set on disk: paths, lengths, labels and hashes; no pixels.

A tfds builder in array_record, without TensorFlow. It lies in the cache under a hash of where the
data are and of every file's name, size and time, so that another folder, a repaired download or
a read-only data_dir never meets a stale one; tfds writes it beside and renames it.
"""

import contextlib
import dataclasses
import hashlib
import io
import json
import logging
import pathlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds
from absl import logging as absl_logging

from vadjax.data.files import existing_folder, listing
from vadjax.data.masks import CellMasks, ImageMasks, Masks
from vadjax.data.probe import Footage
from vadjax.data.video import Dataset, Deviation, Video
from vadjax.errors import UserError, unknown

tfds.disable_progress_bar()

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Clip:
    """One row of the index.

    Attributes:
      id: of the video, "<split>/<clip>".
      footage: what `probe` found.
      fps_assumed: the rate in `footage` is common knowledge, not the file's.
      labels: uint8 [num_frames], or None where unknown.
      masks: an image a frame, or the one .mat file, or none.
    """

    id: str
    footage: Footage
    fps_assumed: bool = False
    labels: np.ndarray | None = None
    masks: tuple[str, ...] = ()


@dataclasses.dataclass
class Scan:
    """What a builder found: the rows of the index and what to say about them."""

    clips: list[Clip]
    coverage: str | None = None
    metadata: dict = dataclasses.field(default_factory=dict)
    deviations: list[Deviation] = dataclasses.field(default_factory=list)


class _Info(tfds.core.DatasetInfo):
    def initialize_from_bucket(self) -> None:
        """Do without Google's copy: there is none, and asking leaves a folder in /tmp."""


class VideoIndex(
    tfds.core.GeneratorBasedBuilder,
    skip_registration=True,  # type: ignore[call-arg]  # tfds carries no types
):
    """What all data sets on disk share. A builder gives `find`, `scan` and `LABEL_VERSIONS`.

    Args:
      dataset_config: see `vadjax.data.load`.
      cache_dir: the index goes below it.

    Raises:
      UserError: data_dir or label_version is wrong, or the layout is none that is known.
    """

    VERSION = tfds.core.Version("1.0.0")  # a new one whenever `scan` gives something else
    LABEL_VERSIONS: tuple[str, ...] = ()
    url_infos: ClassVar[dict] = {}  # nothing is downloaded; tfds's own needs importlib_resources

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Keep every builder out of tfds's registry, where one name may stand once."""
        super().__init_subclass__(skip_registration=True, **kwargs)

    def __init__(self, dataset_config: Any, cache_dir: pathlib.Path):
        self.label_version = dataset_config.label_version or self.LABEL_VERSIONS[0]
        if self.label_version not in self.LABEL_VERSIONS:
            raise unknown("label_version", self.label_version, self.LABEL_VERSIONS)
        self.source_dir = existing_folder(dataset_config.data_dir, key="dataset.data_dir")
        self.masks_dir = None
        if dataset_config.masks_dir:
            self.masks_dir = existing_folder(dataset_config.masks_dir, key="dataset.masks_dir")
        self.dataset_name = dataset_config.name
        sources = self.find()
        key = [self.dataset_name, self.label_version, *map(str, sources), *listing(sources)]
        digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:24]
        with _quiet():
            super().__init__(data_dir=cache_dir / "index" / digest, file_format="array_record")

    def find(self) -> list[pathlib.Path]:
        """Recognise the layout; return the files and folders on which the index depends."""
        raise NotImplementedError

    def scan(self) -> Scan:
        """Look at every clip. Faults that the user can mend are `UserError`s."""
        raise NotImplementedError

    def load(self) -> Dataset:
        """Return the data set, indexing it first where the cache has no index of it."""
        if not self.data_path.exists():
            log.info("indexing %s: every frame is decoded once", self.source_dir)
            self._scanned = self.scan()
            self._write()
        with _quiet():
            index = tfds.builder_from_directory(self.data_path)
        about = index.info.metadata
        clips = {
            split: tuple(_video(row, split) for row in index.as_data_source(split))
            for split in index.info.splits
        }
        return Dataset(
            name=self.dataset_name,
            label_version=about["label_version"],
            coverage=about["coverage"],
            train=clips.get("train", ()),
            test=clips.get("test", ()),
            metadata=about["metadata"],
            deviations=tuple(Deviation(**d) for d in about["deviations"]),
        )

    def _write(self) -> None:
        scanned = self._scanned
        self.info.metadata.update(
            label_version=self.label_version,
            coverage=scanned.coverage,
            metadata=scanned.metadata,
            deviations=[dataclasses.asdict(d) for d in scanned.deviations],
        )
        try:
            with _quiet():
                self.download_and_prepare()
        except (OSError, RuntimeError) as error:  # array_record's word for a full disk
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
                    "labelled": np.bool_,
                    "labels": tfds.features.Tensor(shape=(None,), dtype=np.uint8),
                    "masks": tfds.features.Sequence(text),
                }
            ),
        )

    def _split_generators(self, dl_manager: object) -> dict:
        splits = sorted({clip.id.split("/")[0] for clip in self._scanned.clips})
        return {split: self._generate_examples(split) for split in splits}

    def _generate_examples(self, split: str) -> Iterator[tuple]:
        clips = [clip for clip in self._scanned.clips if clip.id.startswith(f"{split}/")]
        for number, clip in enumerate(clips):
            footage = dataclasses.asdict(clip.footage)
            labels = np.zeros(0, np.uint8) if clip.labels is None else clip.labels
            yield (
                number,
                {
                    **footage,
                    "id": clip.id,
                    "fps": footage["fps"] or 0.0,
                    "fps_assumed": clip.fps_assumed,
                    "substituted": np.array(footage["substituted"], np.int64),
                    "labelled": clip.labels is not None,
                    "labels": labels,
                    "masks": clip.masks,
                },
            )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what tfds says about downloading: there is none."""
    verbosity = absl_logging.get_verbosity()
    absl_logging.set_verbosity(absl_logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        absl_logging.set_verbosity(verbosity)


def _video(row: dict, split: str) -> Video:
    footage = Footage(
        paths=_texts(row["paths"]),
        num_frames=int(row["num_frames"]),
        height=int(row["height"]),
        width=int(row["width"]),
        channels=int(row["channels"]),
        fps=float(row["fps"]) or None,
        fingerprint=row["fingerprint"].decode(),
        substituted=tuple(map(int, row["substituted"])),
        announced=int(row["announced"]),
    )
    labels = row["labels"] if row["labelled"] else None
    return Video(
        id=row["id"].decode(),
        split=split,
        frames=footage.frames(),
        fps=footage.fps,
        fps_assumed=bool(row["fps_assumed"]),
        labels=labels,
        masks=_masks(_texts(row["masks"]), footage.num_frames),
        video_label=None if labels is None else int(labels.any()),
        fingerprint=footage.fingerprint,
        substituted=footage.substituted,
    )


def _texts(values: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(value.decode() for value in values)


def _masks(paths: Sequence[str], num_frames: int) -> Masks | None:
    """Open what `Clip.masks` names."""
    if not paths:
        return None
    if paths[0].endswith(".mat"):
        return CellMasks(paths[0], num_frames)
    return ImageMasks(paths)
