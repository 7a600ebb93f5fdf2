"""Data sets whose clips have names, and whose lists say which clips make up a split."""

import abc
import dataclasses
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import numpy as np

from vadjax.data.builders.base import DiskBuilder, Scan, ScannedClip
from vadjax.data.builders.download import Download
from vadjax.data.builders.expected import compared, expect
from vadjax.data.deviation import Deviation
from vadjax.data.indexing.find_clips import Clips, find_clips
from vadjax.data.indexing.footage import Footage
from vadjax.data.paths.files import describe
from vadjax.data.paths.given_path import packed_beside
from vadjax.data.text.lists import some
from vadjax.errors import UserError


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A clip that a split names.

    Attributes:
      split: "train" or "test".
      name: of its file or folder, without a suffix.
      folder: in which it lies, where the list says so.
      scene: clips of one scene share a camera.
      video_label: 1 = abnormal, 0 = normal, None = unknown.
      classes: of the whole clip.
      num_frames: as published; 0 = unknown.
      abnormal: abnormal frames as published; None = unknown.
    """

    split: str
    name: str
    folder: str = ""
    scene: str = "0"
    video_label: int | None = None
    classes: tuple[str, ...] = ()
    num_frames: int = 0
    abnormal: int | None = None

    @property
    def id(self) -> str:
        """The id of the clip."""
        return f"{self.split}/{self.name}"


@dataclasses.dataclass(frozen=True)
class Truth:
    """What is known of the frames of a clip.

    Attributes:
      labels: uint8 [t], or None where only the video is labelled.
      masks: see `ScannedClip`.
      mask_form: see `ScannedClip`.
      cut: frames by which an event ends behind the clip.
    """

    labels: np.ndarray | None
    masks: tuple[str, ...] = ()
    mask_form: str = "images"
    cut: int = 0


class NamedClips(DiskBuilder):
    """A published data set of named clips. A builder says which clips, and reads their labels.

    Attributes:
      download: where the files come from.
      size: height and width of a frame; None where they differ.
      fps: assumed where a clip says none; None: unknown.
      convention: how its label files count.
      frames: of each split in total, where published.
      label_files: files and folders of lists and labels; set by `find_wanted`.
    """

    download: ClassVar[Download]
    size: ClassVar[tuple[int, int] | None] = None
    fps: ClassVar[float | None] = None
    convention: ClassVar[str]
    frames: ClassVar[Mapping[str, int]] = {}
    label_files: list[pathlib.Path]

    @abc.abstractmethod
    def find_wanted(self, found: Clips) -> list[Wanted]:
        """Read the lists of the split; set `label_files`.

        Args:
          found: clips below `source_dir`.

        Returns:
          The clips of both sides, training clips first; those that are not there too.

        Raises:
          UserError: a list is not there or cannot be read.
        """

    @abc.abstractmethod
    def truth(self, wanted: Wanted, footage: Footage) -> Truth:
        """Read the labels of one clip.

        Args:
          wanted: the clip.
          footage: what it holds.

        Returns:
          Its labels and masks.

        Raises:
          UserError: they do not fit its frames.
        """

    def find(self) -> list[pathlib.Path]:
        """Find the clips that the split names.

        Raises:
          UserError: there are none, or one is there twice.
        """
        found = find_clips(self.source_dir)
        wanted = self.find_wanted(found)
        by_name = _by_name(found)
        self.paths: dict[str, pathlib.Path] = {}
        self.wanted = {each.id: each for each in wanted}
        for each in wanted:
            paths = self._candidates(each, by_name)
            if len(paths) > 1:
                places = " and ".join(os.path.relpath(p, self.source_dir) for p in paths[:3])
                raise UserError(
                    f"{self.source_dir} holds {each.name} more than once: {places}. Give the "
                    "folder of one copy as dataset.data_dir, or move the other away."
                )
            if paths:
                self.paths[each.id] = paths[0]
        if not self.paths:
            raise UserError(
                f"{self.source_dir} is not {self.title}: none of its {len(wanted)} clips is "
                f"there, such as {wanted[0].name}. {describe(self.source_dir)}"
                f"{packed_beside(self.source_dir)} {self.download.sentence()}"
            )
        used = set(self.paths.values())
        others = [name for name, path in found.paths.items() if path not in used]
        if others:
            what = f"left out: clips that the split does not name ({len(others)}), such as "
            self.left_out = [Deviation(what + others[0], "nothing in them is used")]
        return [*self.paths.values(), *self.label_files]

    def scan(self) -> Scan:
        """Probe every clip, read its labels, and compare all with what is expected."""
        footage = self.measured(self.paths)
        clips, cut = [], {}
        for name, held in footage.items():
            wanted = self.wanted[name]
            try:
                truth = self.truth(wanted, held)
            except UserError as error:
                self.skip(name, error)
                continue
            if truth.cut:
                cut[name] = truth.cut
            clips.append(
                ScannedClip(
                    id=name,
                    footage=dataclasses.replace(held, fps=held.fps or self.fps),
                    fps_assumed=held.fps is None and self.fps is not None,
                    labels=truth.labels,
                    masks=truth.masks,
                    mask_form=truth.mask_form,
                    scene=wanted.scene,
                    video_label=wanted.video_label,
                    classes=wanted.classes,
                )
            )
        scan = compared(
            clips,
            {split: self._expected(split) for split in ("train", "test")},
            size=self.size,
            metadata={
                "root": str(self.source_dir),
                "layout": self.layout(),
                "label_file": some([str(path) for path in self.label_files[:2]]) or None,
                "label_convention": self.convention,
                "masks": _masks_of([c for c in clips if c.id.startswith("test/")]),
            },
        )
        if self.split:
            parts = [f"split {self.split}", *([scan.coverage] if scan.coverage else [])]
            scan.coverage = ", ".join(parts)
        if cut:
            listed = some([f"{name} by {count}" for name, count in cut.items()])
            meaning = "the part that lies behind the last frame is left out"
            scan.deviations.append(Deviation(f"events end behind the clip: {listed}", meaning))
        scan.deviations += self.notes(clips)
        return self.with_skipped(scan)

    def layout(self) -> str:
        """Return the name of the layout, for `vadjax inspect`."""
        return f"split {self.split}" if self.split else "official"

    def notes(self, clips: Sequence[ScannedClip]) -> list[Deviation]:
        """Return what else a user should know of the clips."""
        return []

    def _candidates(
        self, wanted: Wanted, by_name: Mapping[str, list[pathlib.Path]]
    ) -> list[pathlib.Path]:
        """Return what may be a clip: where its name stands in several folders, that of the list."""
        paths = by_name.get(wanted.name, [])
        own = [path for path in paths if path.parent.name == wanted.folder]
        return own if len(paths) > 1 and own else paths

    def _expected(self, split: str) -> dict:
        wanted = [each for each in self.wanted.values() if each.split == split]
        return expect(
            [each.id for each in wanted],
            lengths={each.id: each.num_frames for each in wanted if each.num_frames},
            abnormal={each.id: each.abnormal for each in wanted if each.abnormal is not None},
            frames=None if self.split else self.frames.get(split),
        )

    def find_file(self, *names: str, below: Iterable[str] = ("",)) -> pathlib.Path | None:
        """Return the first file of some names in `masks_dir` or `data_dir`.

        Args:
          names: that it may have.
          below: folders in which it may lie.

        Returns:
          Its path, or None.
        """
        roots = [*([self.masks_dir] if self.masks_dir else []), self.source_dir]
        places = (root / folder / name for root in roots for folder in below for name in names)
        return next((path for path in places if path.exists()), None)

    def needed_file(self, *names: str, below: Iterable[str] = ("",)) -> pathlib.Path:
        """Return what `find_file` finds.

        Args:
          names: see `find_file`.
          below: see `find_file`.

        Returns:
          Its path.

        Raises:
          UserError: there is none.
        """
        path = self.find_file(*names, below=below)
        if path is None:
            raise UserError(
                f"{self.title} needs {' or '.join(names)} in {self.source_dir} or "
                f"dataset.masks_dir. {describe(self.source_dir)}"
                f"{packed_beside(self.source_dir)} {self.download.sentence()}"
            )
        return path


def refuse_overlap(wanted: Sequence[Wanted], lists: Sequence[pathlib.Path]) -> None:
    """Refuse lists that put one clip on both sides: it would be trained on and tested.

    Args:
      wanted: clips of both sides.
      lists: the files that name them, for the message.

    Raises:
      UserError: a clip is named on both sides.
    """
    train, test = ({w.name for w in wanted if w.split == split} for split in ("train", "test"))
    if twice := train & test:
        raise UserError(
            f"{' and '.join(map(str, lists))} put {min(twice)} on both sides, {len(twice)} clips "
            "in all: these lists are not of one split. Restore them."
        )


def _by_name(found: Clips) -> dict[str, list[pathlib.Path]]:
    """Return the clips by the last part of their name."""
    by_name: dict[str, list[pathlib.Path]] = {}
    for name, path in found.paths.items():
        by_name.setdefault(name.rpartition("/")[2], []).append(path)
    return by_name


def _masks_of(test: Sequence[ScannedClip]) -> str | None:
    held = sum(bool(clip.masks) for clip in test)
    return f"{held} of {len(test)} test clips" if held else None
