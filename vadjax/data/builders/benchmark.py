"""Benchmarks with numbered clips: layouts, labels by position, masks, expected counts."""

import abc
import dataclasses
import pathlib
import re
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vadjax.data.builders.base import DiskBuilder, Scan, ScannedClip
from vadjax.data.builders.download import Download
from vadjax.data.builders.expected import Side, scan_of
from vadjax.data.builders.positional import check_lengths, clip_id, read_by_position
from vadjax.data.deviation import Deviation
from vadjax.data.indexing.find_clips import not_used
from vadjax.data.indexing.footage import Footage
from vadjax.data.paths.files import describe, entries, images, is_video
from vadjax.data.paths.given_path import packed_beside
from vadjax.data.text.lists import some, spans
from vadjax.errors import UserError

Layout = Mapping[str, tuple[str, str]]  # split -> (folder, pattern of a clip's name)
FRAMES: Layout = {  # StevenLiuWen/ano_pred_cvpr2018, and all that follow it
    "train": ("training/frames", r"(\d+)"),
    "test": ("testing/frames", r"(\d+)"),
}


@dataclasses.dataclass(frozen=True)
class Truth:
    """The masks of one test clip, and the labels that follow from them."""

    files: tuple[str, ...]
    labels: np.ndarray  # uint8 [masks]
    shape: tuple[int, int]


class Benchmark(DiskBuilder):
    """A published data set. A builder gives the facts and finds labels and masks.

    Attributes:
      folders: names that its folder may have below data_dir.
      layouts: by name, the folders of clips and the pattern of their names.
      expected: what each split should hold.
      size: height and width of a frame.
      fps: assumed where frames are images.
      conventions: of counting frames, by suffix of the label file; "" is of masks.
      mask_form: see `data.labels.mask_forms`.
      download: where the files come from.
    """

    official_split = True
    folders: ClassVar[tuple[str, ...]]
    layouts: ClassVar[Mapping[str, Layout]]
    expected: ClassVar[Mapping[str, Side]]
    size: ClassVar[tuple[int, int]]
    fps: ClassVar[float]
    conventions: ClassVar[Mapping[str, str]]
    mask_form: ClassVar[str] = "images"
    download: ClassVar[Download]

    @abc.abstractmethod
    def find_masks(self) -> dict[int, pathlib.Path]:
        """Return the folder or file of masks by number of the test clip."""

    @abc.abstractmethod
    def find_labels(self) -> list[pathlib.Path]:
        """Return where the label file of this version may lie, the preferred one first."""

    @abc.abstractmethod
    def read_masks(self, path: pathlib.Path) -> Truth:
        """Read one of `find_masks`."""

    def find(self) -> list[pathlib.Path]:
        """Choose the layout and the folder that have clips.

        Raises:
          UserError: there is none, or more than one.
        """
        matches = []
        for base in (self.source_dir, *(self.source_dir / name for name in self.folders)):
            for layout, sides in self.layouts.items():
                clips = {split: _numbered(base / f, name) for split, (f, name) in sides.items()}
                if any(clips.values()):
                    matches.append((base, layout, clips))
        if len(matches) > 1:
            copies = " and ".join(f"{base} ({layout} layout)" for base, layout, _ in matches)
            apart = len({base for base, _, _ in matches}) == len(matches)
            raise UserError(
                f"{self.source_dir} holds {self.title} {len(matches)} times: {copies}; "
                + ("give one of them as dataset.data_dir." if apart else "move all but one away.")
            )
        if matches:
            self.base, self.layout, self.clips = matches[0]
            self.masks = self.find_masks()
            self.label_files = [f for f in self.find_labels() if f.is_file()]
            places = [self.base / f for f, _ in self.layouts[self.layout].values()]
            folders = [folder for folder in places if folder.is_dir()]
            self.left_out = [note for folder in folders for note in self._not_clips(folder)]
            return [*folders, *self.label_files, *self.masks.values()]
        wanted = ", or ".join(
            " and ".join(folder for folder, _ in sides.values()) for sides in self.layouts.values()
        )
        raise UserError(
            f"{self.source_dir} is not {self.title}: wanted the folders {wanted}, with clips in "
            f"them. {describe(self.source_dir)}{packed_beside(self.source_dir)} "
            f"{self.download.sentence()}"
        )

    def _not_clips(self, folder: pathlib.Path) -> list[Deviation]:
        """Say what lies among the clips and is none; label files of any version are known."""
        used = [*self.masks.values(), *(p for side in self.clips.values() for p in side.values())]
        names = {path.name for path in used if path.parent == folder}
        names |= {p.name for p in entries(folder) if p.suffix and p.suffix in self.conventions}
        return not_used(
            folder,
            used=names,
            folders=f"folders that are no clip of {self.title}",
            beside=str(folder.relative_to(self.base)),
        )

    def scan(self) -> Scan:
        """Probe every clip, read labels and masks, and compare all with what is expected."""
        names = {
            clip_id(split, n): (split, n)
            for split in ("train", "test")
            for n in sorted(self.clips[split])
        }
        notes = []
        for name, (split, n) in names.items():
            try:
                notes += self._gaps(split, n)
            except UserError as error:
                self.skip(name, error)
        paths = {i: self.clips[s][n] for i, (s, n) in names.items() if i not in self.skipped}
        footage = {names[i]: held for i, held in self.measured(paths).items()}
        test = {n: held for (split, n), held in footage.items() if split == "test"}
        truth = {n: self.read_masks(self.masks[n]) for n in test if n in self.masks}
        test = self._that_fit_their_labels(test, truth)
        footage = {key: held for key, held in footage.items() if key[0] != "test" or key[1] in test}
        truth = {n: masks for n, masks in truth.items() if n in test}
        labels = self._choose_labels({n: f.num_frames for n, f in test.items()}, truth, notes)
        masks = self._choose_masks(test, truth, labels, notes)
        clips = [
            ScannedClip(
                id=clip_id(split, n),
                footage=dataclasses.replace(held, fps=held.fps or self.fps),
                fps_assumed=held.fps_given or held.fps is None,
                labels=labels[n] if split == "test" else np.zeros(held.num_frames, np.uint8),
                masks=masks.get(n, ()) if split == "test" else (),
                mask_form=self.mask_form,
            )
            for (split, n), held in footage.items()
        ]
        files = [] if self.labels_are_masks() else [str(path) for path in self.label_files[:1]]
        scan = scan_of(
            clips,
            self.expected,
            size=self.size,
            label_version=self.label_version,
            metadata={
                "root": str(self.base),
                "layout": self.layout,
                "label_file": files[0] if files else "masks",
                "label_convention": self.conventions[
                    pathlib.Path(files[0]).suffix if files else ""
                ],
                "masks": f"{len(masks)} of {len(test)} test clips",
            },
        )
        scan.deviations += notes
        return self.with_skipped(scan)

    def labels_are_masks(self) -> bool:
        """Return whether this label version is made from the masks."""
        return False

    def _that_fit_their_labels(
        self, test: Mapping[int, Footage], truth: Mapping[int, Truth]
    ) -> dict[int, Footage]:
        """Leave out test clips that are cut short, with `skip_broken`: their labels do not fit."""
        lengths = {n: held.num_frames for n, held in test.items()}
        fit = dict(test)
        if self.skip_broken:
            try:
                self._choose_labels(lengths, truth, [])
            except UserError:
                for n in test:
                    try:
                        self._choose_labels({n: lengths[n]}, truth, [])
                    except UserError as error:
                        self.skip(clip_id("test", n), error)
                        del fit[n]
        return fit

    def _choose_labels(
        self, num_frames: Mapping[int, int], truth: Mapping[int, Truth], notes: list[Deviation]
    ) -> dict[int, np.ndarray]:
        """Return the labels of every test clip, uint8 [num_frames] by its number.

        Raises:
          UserError: there are none, or they do not fit the clips.
        """
        if not num_frames:
            return {}
        if self.labels_are_masks():
            unknown = [str(self.clips["test"][n]) for n in num_frames if n not in truth]
            if unknown:
                raise UserError(
                    f"{self.title}: no masks, and so no {self.label_version} labels, of "
                    f"{some(unknown)}. {self.download.sentence()}"
                )
            labels = {n: truth[n].labels for n in num_frames}
            check_lengths(labels, num_frames, source=next(iter(self.masks.values())).parent)
            return labels
        if not self.label_files:
            raise UserError(
                f"{self.title}: no {self.label_version} labels; looked for "
                f"{', '.join(map(str, self.find_labels()))}. {self.download.sentence()}"
            )
        side = self.expected["test"]
        first, *others = [
            read_by_position(path, num_frames, num_clips=side.clips, lengths=side.lengths)
            for path in self.label_files
        ]
        for path, other in zip(self.label_files[1:], others, strict=True):
            differ = [clip_id("test", n) for n in first if not np.array_equal(first[n], other[n])]
            if differ:
                what = f"{path.name} and {self.label_files[0].name} differ in {some(differ)}"
                notes.append(Deviation(what, f"labels are those of {self.label_files[0].name}"))
        return first

    def _choose_masks(
        self,
        test: Mapping[int, Footage],
        truth: Mapping[int, Truth],
        labels: Mapping[int, np.ndarray],
        notes: list[Deviation],
    ) -> dict[int, tuple[str, ...]]:
        """Keep the masks that fit their clip; note what is missing or disagrees with labels."""
        fit, short, differ = {}, [], []
        for n, masks in truth.items():
            held = test[n]
            if masks.shape != (held.height, held.width):
                raise UserError(
                    f"{masks.files[0]}: the mask is {masks.shape[1]}x{masks.shape[0]}, the frames "
                    f"are {held.width}x{held.height}; it belongs to other frames."
                )
            if len(masks.labels) != held.num_frames:
                short.append(f"{clip_id('test', n)} has {len(masks.labels)}")
                continue
            fit[n] = masks.files
            frames = int((masks.labels != labels[n]).sum())
            if frames:
                differ.append(f"{clip_id('test', n)} in {frames}")
        if none := set(self.expected["test"].masks) & set(test) - set(truth):
            what = f"no masks of the test clips {spans(none)}"
            notes.append(Deviation(what, "abnormal pixels unknown there; give dataset.masks_dir"))
        if short:
            what = f"not one mask a frame: {some(short)}"
            notes.append(Deviation(what, "their masks are not used"))
        if differ:
            what = f"masks and {self.label_version} labels differ: {some(differ)} frames"
            notes.append(Deviation(what, "frames are scored by the labels, pixels by the masks"))
        return fit

    def _gaps(self, split: str, number: int) -> list[Deviation]:
        """List frames that are missing from an image folder, by the numbers in their names.

        Raises:
          UserError: the clip is labelled by position, and labels would shift.
        """
        path = self.clips[split][number]
        digits = [re.findall(r"\d+", p.stem)[-1:] for p in images(path)] if path.is_dir() else []
        present = {int(d[0]) for d in digits if d}
        lost = sorted(set(range(1, max(present, default=0))) - present)
        if lost and split == "test":
            raise UserError(
                f"{path}: frames {spans(lost)} are missing, and the labels of those that follow "
                "would shift. Restore them."
            )
        what = f"{clip_id(split, number)} lacks frames {spans(lost)}"
        return [Deviation(what, "time jumps there, unseen by windows")] if lost else []


def _numbered(folder: pathlib.Path, pattern: str) -> dict[int, pathlib.Path]:
    """Return a folder's clips, image folders or videos, by the number in their name."""
    clips: dict[int, pathlib.Path] = {}
    for path in entries(folder) if folder.is_dir() else ():
        match = re.fullmatch(pattern, path.name, re.IGNORECASE)
        if match and (path.is_dir() or is_video(path)):
            twin = clips.setdefault(int(match[1]), path)
            if twin != path:
                raise UserError(f"{twin} and {path} are both clip {match[1]}; move one away.")
    return clips
