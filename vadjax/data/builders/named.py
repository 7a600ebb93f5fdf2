"""Data sets whose clips have names, and whose lists say which clips make up a split."""

import abc
import collections
import dataclasses
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import numpy as np

from vadjax.data.builders.base import DiskBuilder, Scan, ScannedClip
from vadjax.data.builders.download import Download
from vadjax.data.builders.expected import compared, expect
from vadjax.data.builders.wanted import Truth, Wanted
from vadjax.data.deviation import Deviation
from vadjax.data.indexing.find_clips import Clips, find_clips
from vadjax.data.indexing.footage import Footage
from vadjax.data.labels.frame_labels import Intervals, labels_from_intervals
from vadjax.data.labels.interval_rows import clipped
from vadjax.data.paths.files import describe
from vadjax.data.paths.given_path import packed_beside
from vadjax.data.text.lists import some
from vadjax.errors import UserError


class NamedClips(DiskBuilder):
    """A published data set of named clips. A builder says which clips, and reads their labels.

    Attributes:
      download: where the files come from.
      size: height and width of a frame; None where they differ.
      fps: assumed where a clip says none; None: unknown.
      convention: how its label files count.
      frames: of each split in total, where published.
      slack: frames by which an event may end behind its clip; it is cut, and said.
      beside: ends of names of folders of images that are no clips.
      num_clips: that the lists of the data set's own split should name, where published.
      label_files: files and folders of lists and labels; set by `find_wanted`.
    """

    download: ClassVar[Download]
    size: ClassVar[tuple[int, int] | None] = None
    fps: ClassVar[float | None] = None
    convention: ClassVar[str]
    frames: ClassVar[Mapping[str, int]] = {}
    slack: ClassVar[int] = 0
    beside: ClassVar[tuple[str, ...]] = ()
    num_clips: ClassVar[Mapping[str, int]] = {}
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
    def _truth(self, wanted: Wanted, footage: Footage) -> Truth:
        """Read the labels of one clip that is not normal; a UserError where they do not fit."""

    def _within(self, intervals: Intervals, footage: Footage, *, where: str) -> Truth:
        """Return the labels of intervals, which may end `slack` frames behind the clip."""
        kept, cut = clipped(intervals, footage.num_frames, slack=self.slack)
        return Truth(labels_from_intervals(kept, footage.num_frames, where=where), cut=cut)

    def find(self) -> list[pathlib.Path]:
        """Find the clips that the split names.

        Raises:
          UserError: there are none, or one is there twice.
        """
        found = self.find_clips()
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
        others = [
            name
            for name, path in found.paths.items()
            if path not in used and not name.endswith(self.beside)
        ]
        if others:
            what = f"left out: clips that the split does not name ({len(others)}), such as "
            self.left_out = [Deviation(what + others[0], "nothing in them is used")]
        return [*self.paths.values(), *self.label_files]

    def find_clips(self) -> Clips:
        """Return what lies below `source_dir`."""
        return find_clips(self.source_dir)

    def scan(self) -> Scan:
        """Probe every clip, read its labels, and compare all with what is expected."""
        footage = self.measured(self.paths)
        clips, cut = [], {}
        for name, held in footage.items():
            wanted = self.wanted[name]
            try:
                truth = (
                    self._truth(wanted, held)
                    if wanted.video_label != 0
                    else Truth(np.zeros(held.num_frames, np.uint8))
                )
            except UserError as error:
                self.skip(name, error)
                continue
            if truth.cut:
                cut[name] = truth.cut
            clips.append(
                ScannedClip(
                    id=name,
                    footage=dataclasses.replace(held, fps=held.fps or self.fps),
                    fps_assumed=held.fps_given or (held.fps is None and self.fps is not None),
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
        scan.deviations += self._other_lists()
        if cut:
            listed = some([f"{name} by {count}" for name, count in cut.items()])
            meaning = "the part that lies behind the last frame is left out"
            scan.deviations.append(Deviation(f"events end behind the clip: {listed}", meaning))
        if not self.keeps_content:
            meaning = "a clip that is on both sides under two names would not be found"
            scan.deviations.append(Deviation("copied clips are not searched for", meaning))
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

    def _other_lists(self) -> list[Deviation]:
        """Say where the lists do not name as many clips as were published."""
        named = collections.Counter(each.split for each in self.wanted.values())
        return [
            Deviation(
                f"the lists name {named[split]} clips of {split} instead of {count}",
                "another split than the published one: results are not comparable",
            )
            for split, count in self.num_clips.items()
            if not self.split and named[split] != count
        ]

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


def _by_name(found: Clips) -> dict[str, list[pathlib.Path]]:
    """Return the clips by the last part of their name."""
    by_name: dict[str, list[pathlib.Path]] = {}
    for name, path in found.paths.items():
        by_name.setdefault(name.rpartition("/")[2], []).append(path)
    return by_name


def _masks_of(test: Sequence[ScannedClip]) -> str | None:
    held = sum(bool(clip.masks) for clip in test)
    return f"{held} of {len(test)} test clips" if held else None
