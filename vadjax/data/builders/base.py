"""Data sets on disk: a builder finds and scans the files, the index keeps what it says."""

import abc
import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from vadjax.data.builders.builder import Builder
from vadjax.data.deviation import Deviation
from vadjax.data.indexing.footage import Footage
from vadjax.data.indexing.probe import attempts
from vadjax.data.indexing.scan import Scan, ScannedClip
from vadjax.data.paths.files import existing_folder
from vadjax.data.paths.given_path import given_path
from vadjax.data.paths.object_store import is_address, local_copy
from vadjax.data.video import Dataset
from vadjax.errors import UserError, unknown

__all__ = ["DiskBuilder", "Scan", "ScannedClip"]


_SKIP = "Mend or remove them, or leave them out with --config.dataset.skip_broken."


def _folder(path: str, *, key: str, cache_dir: pathlib.Path) -> pathlib.Path:
    """Return a folder that a config key names, neither packed nor a stream, or its local copy."""
    if is_address(path):
        path = str(local_copy(path, cache_dir=cache_dir))
    return existing_folder(given_path(path, what=key) if path else path, key=key)


class DiskBuilder(Builder):
    """A data set in a folder of the user. A subclass gives `find`, `scan` and the facts.

    Attributes:
      dataset_name: as in the config.
      label_version: the one that was asked for, or the default.
      split: the one that was asked for; "" is the data set's own.
      source_dir: `dataset.data_dir`, absolute.
      masks_dir: `dataset.masks_dir`, absolute, or None.
      sources: what `find` returned.
      given_fps: `dataset.fps`, of clips that do not say theirs; 0: not known.
      skip_broken: `dataset.skip_broken`: clips that cannot be read are left out.
      train_may_be_gone: the training clips are known from before; a builder may do without them.
      skipped: id of each clip that was left out for that -> why.
      single_images: an image file is a clip of one frame.
      keeps_content: what each frame shows is measured, for the search for copies: 264 bytes a
        frame on disk.
      left_out: what lies in the folder and is not used; not indexed, as no clip depends on it.
    """

    takes_fps = True
    single_images: ClassVar[bool] = False
    keeps_content: ClassVar[bool] = True
    left_out: Sequence[Deviation] = ()

    def __init__(self, dataset_config: Any, cache_dir: pathlib.Path):
        self.dataset_name = dataset_config.name
        self.cache_dir = cache_dir
        self.label_version = dataset_config.label_version or self.label_versions[0]
        if self.label_version not in self.label_versions:
            raise unknown("label_version", self.label_version, self.label_versions)
        self.split = getattr(dataset_config, "split", "")
        if self.split and not self.splits:
            raise UserError(f"{self.dataset_name} has one split; leave dataset.split empty.")
        if self.split and self.split not in self.splits:
            raise unknown("dataset.split", self.split, self.splits)
        self.source_dir = _folder(
            dataset_config.data_dir, key="dataset.data_dir", cache_dir=cache_dir
        )
        self.masks_dir = None
        if dataset_config.masks_dir:
            self.masks_dir = _folder(
                dataset_config.masks_dir, key="dataset.masks_dir", cache_dir=cache_dir
            )
        self.skip_broken = bool(getattr(dataset_config, "skip_broken", False))
        self.given_fps = float(getattr(dataset_config, "fps", 0))
        self.train_may_be_gone = bool(getattr(dataset_config, "train_may_be_gone", False))
        self.skipped: dict[str, str] = {}
        self.sources = self.find()

    @abc.abstractmethod
    def find(self) -> list[pathlib.Path]:
        """Recognise the layout; return the files and folders on which the index depends.

        Raises:
          UserError: the folder does not hold this data set.
        """

    @abc.abstractmethod
    def scan(self) -> Scan:
        """Probe every clip and read its labels.

        Raises:
          UserError: something is wrong that the user can mend.
        """

    def load(self) -> Dataset:
        """Return the data set, scanning it first where the cache has no index of it."""
        from vadjax.data.indexing.index import (
            VideoIndex,  # tensorflow_datasets takes a second to import
        )

        dataset = VideoIndex(self, data_dir=self.cache_dir / "index").dataset()
        return dataclasses.replace(dataset, deviations=(*dataset.deviations, *self.left_out))

    def measured(self, clips: Mapping[str, pathlib.Path]) -> dict[str, Footage]:
        """Measure the clips (`indexing.probe.probe`), without those that are to be left out.

        Args:
          clips: id -> video file, stack of pages or folder of images.

        Returns:
          What each clip holds, by its id; its frame rate is `given_fps` where it says none.

        Raises:
          UserError: see `usable`; a frame rate is given, and every clip says its own.
        """
        found = self.usable(dict(zip(clips, self._attempts(list(clips.values())), strict=True)))
        if not self.given_fps:
            return found
        silent = [name for name, each in found.items() if each.fps is None and each.times is None]
        if not silent:
            name, each = next(iter(found.items()))
            raise UserError(
                f"dataset.fps={self.given_fps:g} is for clips that do not say their frame rate, "
                f"and here every one does, such as {name} ({each.fps:g} a second); leave it out."
            )
        note = Deviation(
            f"no frame rate of its own: {self.given_fps:g} frames a second (dataset.fps)",
            "times, speeds and rates an hour follow from it",
        )
        return found | {
            name: dataclasses.replace(
                found[name],
                fps=self.given_fps,
                fps_given=True,
                notes=(*found[name].notes, note),
            )
            for name in silent
        }

    def usable(self, results: Mapping[str, Footage | UserError]) -> dict[str, Footage]:
        """Return what can be used; note the rest as `skipped`.

        Args:
          results: by the id of a clip, what it holds, or why it cannot be used.

        Returns:
          What the clips hold.

        Raises:
          UserError: of every clip that cannot be used, unless `skip_broken`; none is left.
        """
        faults = {name: str(each) for name, each in results.items() if isinstance(each, UserError)}
        if faults and not self.skip_broken:
            more = [f"... and {len(faults) - 8} more clips"] if len(faults) > 8 else []
            hint = [_SKIP] if len(faults) < len(results) else []
            raise UserError("\n".join([*list(faults.values())[:8], *more, *hint]))
        self.skipped |= faults
        good = {name: each for name, each in results.items() if isinstance(each, Footage)}
        if faults and not good:
            raise UserError("\n".join([*list(faults.values())[:8], "no video is left."]))
        return good

    def _attempts(self, paths: Sequence[pathlib.Path]) -> list[Footage | UserError]:
        return attempts(
            paths,
            single_images=self.single_images,
            content=self.keeps_content,
            folder=self.cache_dir,
        )

    def skip(self, name: str, error: UserError) -> None:
        """Leave out a clip for a fault.

        Args:
          name: id of the clip.
          error: of it.

        Raises:
          UserError: the error, unless broken clips are left out.
        """
        if not self.skip_broken:
            raise error
        self.skipped[name] = str(error)

    def with_skipped(self, scan: Scan) -> Scan:
        """Say in a scan which clips were left out as broken.

        Args:
          scan: of the others; changed.

        Returns:
          The same scan.

        Raises:
          UserError: nothing is left of the training or of the test side.
        """
        if not self.skipped:
            return scan
        there = {clip.id.partition("/")[0] for clip in scan.clips}
        if gone := {name.partition("/")[0] for name in self.skipped} - there:
            told = [*list(self.skipped.values())[:8], f"no video of {min(gone)} is left."]
            raise UserError("\n".join(told))
        total, noun = len(scan.clips) + len(self.skipped), "image" if self.single_images else "clip"
        scan.coverage = scan.coverage or f"{len(scan.clips)} of {total} {noun}s"
        scan.metadata["skipped"] = list(self.skipped)
        scan.deviations[:0] = [
            Deviation(f"left out (skip_broken): {name}", why[:500])
            for name, why in list(self.skipped.items())[:20]
        ]
        scan.deviations.insert(
            0,
            Deviation(
                f"{len(self.skipped)} of {total} {noun}s cannot be read and are left out",
                "results hold for the others only and carry the coverage",
            ),
        )
        return scan
