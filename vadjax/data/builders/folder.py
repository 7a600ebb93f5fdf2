"""A person's own videos.

Either `train/` and `test/` below data_dir, or one folder of normal videos. A clip is a video
file, a folder of images that holds no videos, or an image of a folder called `single_images`, at
any depth; its name is its path, without a suffix.
`labels.csv` in data_dir says when something abnormal happens
(`vadjax.data.labels.labels_csv.read_csv`), `masks/` where (`folder_masks`).
"""

import os
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.data.builders.base import DiskBuilder, Scan, ScannedClip
from vadjax.data.builders.expected import damage
from vadjax.data.builders.folder_annotators import (
    annotated,
    intervals_by_annotator,
    silent_annotators,
)
from vadjax.data.builders.folder_masks import MASKS, find_masks, masks_of
from vadjax.data.deviation import Deviation
from vadjax.data.indexing.find_clips import STILLS, find_clips, not_used
from vadjax.data.indexing.footage import Footage
from vadjax.data.indexing.probe import attempts
from vadjax.data.labels.clip_labels import ClipLabels
from vadjax.data.labels.labels_csv import Length, read_csv
from vadjax.data.labels.mask_forms import open_masks
from vadjax.data.paths.files import describe, entries, is_image
from vadjax.data.paths.given_path import packed_beside
from vadjax.data.text.lists import some
from vadjax.data.video import Dataset
from vadjax.errors import UserError

LABELS = "labels.csv"
_CONVENTION = "frames counted from 0, stop not included; or seconds"
_SIDES = {"train": "train", "training": "train", "test": "test", "testing": "test"}


class Folder(DiskBuilder):
    """A folder of videos of one's own."""

    title = "Videos of a folder"
    label_versions = ("unlabelled", "labels.csv", "masks")
    identity_keys = ("data_dir",)  # every camera is a data set of its own

    def find(self) -> list[pathlib.Path]:
        """Find the clips of both sides."""
        root = self.source_dir
        masks_root = self.masks_dir or root / MASKS
        sides = _sides(root, train_may_be_gone=self.train_may_be_gone)
        self.split_by_us = "test" not in sides
        beside = {LABELS, *(folder.name for folder in sides.values())}
        found = {split: find_clips(folder, stills=True) for split, folder in sides.items()}
        self.left_out = [n for clips in found.values() for n in clips.notes(clips.root.name)]
        if not sides:
            found["train"] = find_clips(root, ignored=(LABELS, MASKS), stills=True)
            self.left_out = found["train"].notes()
        self.clips = {split: clips.paths for split, clips in found.items()}
        if self.split_by_us:
            self.clips = _last_fifth(self.clips["train"], root)
        for split, folder in sides.items():
            if not self.clips.get(split) and not (split == "train" and self.train_may_be_gone):
                raise UserError(
                    f"no videos and no folders of images in it: {describe(folder)}"
                    f"{packed_beside(folder)}"
                )
        self.clips = {"train": {}, **self.clips}
        self.masks = find_masks(masks_root, self._test_clips()) if masks_root.is_dir() else {}
        if self.masks_dir and not self.masks:
            raise UserError(
                f"dataset.masks_dir={masks_root} holds no masks of a clip: wanted a folder or a "
                f".npy for each, such as {masks_root / next(iter(self._test_clips()))}."
            )
        if sides:
            used = beside | ({MASKS} if self.masks else set())
            self.left_out = [*self.left_out, *not_used(root, used=used)]
        self.labels_file = root / LABELS
        has_labels = os.path.lexists(self.labels_file)
        if has_labels and not self.labels_file.is_file():
            what = "a link to nothing" if self.labels_file.is_symlink() else "no file"
            raise UserError(f"{self.labels_file} is {what}; mend it, or remove it.")
        self.label_version = "labels.csv" if has_labels else "masks" if self.masks else "unlabelled"
        paths = [path for clips in self.clips.values() for path in clips.values()]
        return [*paths, *([self.labels_file] if has_labels else []), *self.masks.values()]

    def _test_clips(self) -> dict[str, pathlib.Path]:
        return {f"test/{name}": path for name, path in self.clips["test"].items()}

    def _attempts(self, paths: Sequence[pathlib.Path]) -> list[Footage | UserError]:
        """Measure clips, the images of `single_images` as clips of one frame."""
        stills = [path for path in paths if path.parent.name == STILLS and is_image(path)]
        single = attempts(stills, single_images=True, folder=self.cache_dir)
        found = dict(zip(stills, single, strict=True))
        others = [path for path in paths if path not in found]
        found |= dict(zip(others, attempts(others, folder=self.cache_dir), strict=True))
        return [found[path] for path in paths]

    def load(self) -> Dataset:
        """Return the data set, each video with what every annotator says of it."""
        return annotated(super().load())

    def scan(self) -> Scan:
        """Probe every clip and read labels.csv."""
        ids = [f"{split}/{name}" for split in ("train", "test") for name in self.clips[split]]
        paths = [path for split in ("train", "test") for path in self.clips[split].values()]
        footage = self.measured(dict(zip(ids, paths, strict=True)))
        of_train = {i: f for i, f in footage.items() if _train(i)}
        known = {i: ClipLabels(np.zeros(f.num_frames, np.uint8), {}) for i, f in of_train.items()}
        labelled = self.label_version == "labels.csv"
        if labelled:
            known = read_csv(
                self.labels_file,
                {i: Length(f.num_frames, f.fps, f.times) for i, f in footage.items()},
                ignored=self.skipped,
            )
        masks = {i: masks_of(self.masks[i], f) for i, f in footage.items() if i in self.masks}
        shown = {i: _shown(paths, footage[i]) for i, paths in masks.items()}
        if self.label_version == "masks":  # a clip without masks is normal
            known = {
                i: ClipLabels(shown.get(i, np.zeros(f.num_frames, np.uint8)), {})
                for i, f in footage.items()
            }
        clips = [
            _scanned(i, f, known.get(i, ClipLabels(None, {})), masks.get(i, ()))
            for i, f in footage.items()
        ]
        scan = Scan(
            clips=clips,
            metadata={
                "root": str(self.source_dir),
                "layout": "one folder" if self.split_by_us else "train and test",
                "label_file": str(self.labels_file) if labelled else None,
                "label_convention": _CONVENTION if labelled else None,
                "annotations": intervals_by_annotator(known),
                "masks": f"{len(masks)} of {len(self.clips['test'])} test clips" if masks else None,
            },
            deviations=[
                *self._notes(footage, clips),
                *_unlike(shown, known),
                *silent_annotators(known),
                *damage(clips),
            ],
        )
        return self.with_skipped(scan)

    def _notes(self, footage: dict[str, Footage], clips: Sequence[ScannedClip]) -> list[Deviation]:
        notes = []
        if self.split_by_us:
            moved = sum(not _train(i) for i in footage)
            notes.append(
                Deviation(
                    f"no test/ folder: the test side is the last {moved} of {len(footage)} clips "
                    "by name",
                    "normal like the others unless labels.csv says otherwise, so that scores show "
                    "false alarms, not whether anomalies are found",
                )
            )
        abnormal = [c.id for c in clips if _train(c.id) and (c.classes or np.any(c.labels))]
        if abnormal:
            notes.append(
                Deviation(
                    f"labels.csv marks abnormal frames in {', '.join(abnormal[:6])}",
                    "one_class and by_video do not train on them; protocol weak does",
                )
            )
        sizes = {(f.height, f.width) for f in footage.values()}
        if len(sizes) > 1:
            notes.append(
                Deviation(
                    "clips of several sizes: " + ", ".join(f"{w}x{h}" for h, w in sorted(sizes)),
                    "different cameras; a detector learns one scene best",
                )
            )
        return notes


def _sides(root: pathlib.Path, *, train_may_be_gone: bool) -> dict[str, pathlib.Path]:
    """Return the folders of the training and the test side that are there.

    Raises:
      UserError: there are two of one side, or a test side alone.
    """
    sides: dict[str, pathlib.Path] = {}
    for path in entries(root):
        if path.is_dir() and (split := _SIDES.get(path.name.lower())):
            twin = sides.setdefault(split, path)
            if twin != path:
                raise UserError(
                    f"{root} has {twin.name}/ and {path.name}/, which are names of the same side; "
                    "put the clips of both into one."
                )
    if sides and "train" not in sides and not train_may_be_gone:
        raise UserError(
            f"{root} has {sides['test'].name}/ but no train/: a detector learns from normal "
            "videos, so put some into train/."
        )
    return {split: sides[split] for split in ("train", "test") if split in sides}


def _shown(paths: tuple[str, ...], footage: Footage) -> np.ndarray:
    """Return which frames have an abnormal pixel, uint8 [t]."""
    size = (footage.height, footage.width)
    masks = open_masks("own", paths, num_frames=footage.num_frames, size=size)
    return np.array([mask.any() for mask in masks or ()], np.uint8)


def _unlike(shown: Mapping[str, np.ndarray], known: Mapping[str, ClipLabels]) -> list[Deviation]:
    """Say where masks and labels.csv disagree."""
    labels = {i: known[i].labels for i in shown if i in known and known[i].labels is not None}
    found = [f"{i} ({n})" for i, own in labels.items() if (n := int(np.sum(own != shown[i])))]
    if not found:
        return []
    return [
        Deviation(
            f"labels.csv and masks/ disagree on frames of {some(found)}",
            "figures of frames follow labels.csv, those of pixels the masks",
        )
    ]


def _scanned(name: str, footage: Footage, known: ClipLabels, masks: tuple[str, ...]) -> ScannedClip:
    """Return the row of one clip; a class without frames is a label of the whole clip."""
    kinds = {kind: frames for kind, frames in known.kinds.items() if frames is not None}
    label = 1 if known.labels is None and known.kinds else None
    return ScannedClip(
        name,
        footage,
        fps_assumed=footage.fps_given,
        labels=known.labels,
        masks=masks,
        mask_form="own",
        video_label=label,
        classes=tuple(known.kinds),
        kinds=kinds,
    )


def _train(clip: str) -> bool:
    return clip.startswith("train/")


def _last_fifth(
    clips: dict[str, pathlib.Path], root: pathlib.Path
) -> dict[str, dict[str, pathlib.Path]]:
    if len(clips) < 2:
        raise UserError(
            f"{root} holds {len(clips)} clips (videos, or folders of images); wanted train/ and "
            f"test/, or at least two normal clips to learn from and to test. {describe(root)}"
            f"{packed_beside(root)}"
        )
    names = list(clips)
    first_test = len(names) - max(1, len(names) // 5)
    return {
        "train": {name: clips[name] for name in names[:first_test]},
        "test": {name: clips[name] for name in names[first_test:]},
    }
