"""Data sets of single images: good ones to learn from, good and defective ones to test."""

import abc
import collections
import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np

from vadjax.data.builders.base import DiskBuilder, Scan, ScannedClip
from vadjax.data.builders.expected import compared, expect
from vadjax.data.deviation import Deviation
from vadjax.data.indexing.footage import Footage
from vadjax.data.labels.mask_forms import open_masks
from vadjax.data.paths.files import entries, is_image
from vadjax.data.text.lists import some
from vadjax.data.text.printable import printable
from vadjax.errors import UserError


@dataclasses.dataclass(frozen=True)
class Picture:
    """One image.

    Attributes:
      split: "train" or "test".
      name: below the split, e.g. "bottle/crack/000".
      path: of the file.
      category: of the thing that is shown, which is the clip's scene.
      defect: kind of defect; "" where the image is good.
      mask: of the defect; None where there is none, as of a good image.
    """

    split: str
    name: str
    path: pathlib.Path
    category: str
    defect: str = ""
    mask: pathlib.Path | None = None

    @property
    def id(self) -> str:
        """The id of the clip."""
        return f"{self.split}/{printable(self.name)}"


class ImageSet(DiskBuilder):
    """Images as clips of one frame. A builder says which there are.

    Attributes:
      mask_form: of the masks, "soft" or "marked" (`data.labels.mask_forms`).
      convention: how images are labelled.
      label_files: further files on which the labels depend; set by `find_pictures`.
    """

    input_kind: ClassVar[Literal["videos", "images", "features"]] = "images"
    takes_fps = False
    single_images: ClassVar[bool] = True
    mask_form: ClassVar[str] = "soft"
    convention: ClassVar[str]
    label_files: Sequence[pathlib.Path] = ()

    @property
    def categories(self) -> list[str]:
        """The categories of the images, each of which `dataset.scene` keeps alone."""
        return sorted({picture.category for picture in self.pictures.values()})

    @abc.abstractmethod
    def find_pictures(self) -> list[Picture]:
        """List the images of both sides, training ones first.

        Raises:
          UserError: the folder does not hold this data set.
        """

    def published(self) -> Mapping[str, int]:
        """Return how many images each split should have, where that is known."""
        return {}

    def find(self) -> list[pathlib.Path]:
        """Find the images and their masks."""
        pictures = self.find_pictures()
        self.pictures = {picture.id: picture for picture in pictures}
        if len(self.pictures) < len(pictures):
            counts = collections.Counter(picture.id for picture in pictures)
            twice = [name for name, count in counts.items() if count > 1]
            raise UserError(
                f"{self.source_dir}: two images are called {some(twice)}, with other suffixes; "
                "rename one of each."
            )
        masks = [picture.mask for picture in pictures if picture.mask]
        return [*(picture.path for picture in pictures), *masks, *self.label_files]

    def scan(self) -> Scan:
        """Probe every image and its mask."""
        footage = self.measured({name: each.path for name, each in self.pictures.items()})
        clips = []
        for name, held in footage.items():
            picture = self.pictures[name]
            try:
                masks = self._masks(picture, held)
            except UserError as error:
                self.skip(name, error)
                continue
            clips.append(
                ScannedClip(
                    id=name,
                    footage=held,
                    labels=np.array([picture.defect != ""], np.uint8),
                    masks=masks,
                    mask_form=self.mask_form,
                    scene=picture.category,
                    classes=(picture.defect or "good",),
                )
            )
        scan = compared(
            clips,
            {split: self._expected(split) for split in ("train", "test")},
            size=None,
            noun="image",
            metadata={
                "root": str(self.source_dir),
                "layout": "images",
                "label_file": str(self.label_files[0]) if self.label_files else None,
                "label_convention": self.convention,
                "masks": self._told_masks(clips),
            },
        )
        if self.split:
            scan.coverage = ", ".join(
                part for part in (f"split {self.split}", scan.coverage) if part
            )
        scan.deviations += self._notes(clips)
        return self.with_skipped(scan)

    def _masks(self, picture: Picture, held: Footage) -> tuple[str, ...]:
        """Return the mask of an image; "" of a good test image, whose mask is empty.

        Raises:
          UserError: it has another size than the image.
        """
        if picture.mask is None:
            return ("",) if picture.split == "test" and not picture.defect else ()
        masks = open_masks(
            self.mask_form, [str(picture.mask)], num_frames=1, size=(held.height, held.width)
        )
        shape = masks[0].shape if masks else ()
        if shape != (held.height, held.width):
            raise UserError(
                f"{picture.mask}: the mask is {shape[1]}x{shape[0]}, the image "
                f"{held.width}x{held.height}; it belongs to another image."
            )
        return (str(picture.mask),)

    def _defective(self, clips: Sequence[ScannedClip]) -> list[ScannedClip]:
        """Return the defective images of the test side."""
        named = [(clip, self.pictures[clip.id]) for clip in clips]
        return [clip for clip, each in named if each.split == "test" and each.defect]

    def _told_masks(self, clips: Sequence[ScannedClip]) -> str | None:
        bad = self._defective(clips)
        held = sum(bool(clip.masks) for clip in bad)
        return f"{held} of {len(bad)} defective test images" if held else None

    def _expected(self, split: str) -> dict:
        pictures = [each for each in self.pictures.values() if each.split == split]
        count = self.published().get(split, len(pictures))
        side = expect(
            [each.id for each in pictures],
            lengths={},
            abnormal={each.id: int(each.defect != "") for each in pictures},
        )
        return side | {"clips": max(count, len(pictures))}

    def _notes(self, clips: Sequence[ScannedClip]) -> list[Deviation]:
        notes = []
        bad = self._defective(clips)
        without = [clip.id for clip in bad if not clip.masks]
        if without and len(without) < len(bad):
            what = f"no mask of {len(without)} of {len(bad)} defective images: {some(without)}"
            notes.append(Deviation(what, "their pixels count in no figure of pixels"))
        sizes = {(clip.footage.width, clip.footage.height) for clip in clips}
        if len(sizes) > 1:
            low, high = min(sizes), max(sizes)
            what = f"images of {len(sizes)} sizes, from {low[0]}x{low[1]} to {high[0]}x{high[1]}"
            notes.append(Deviation(what, "each is resized to the input of the backbone"))
        return notes


def pictures_in(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return the images of a folder in natural order, none where there is no folder."""
    found = entries(folder) if folder.is_dir() else []
    return [path for path in found if is_image(path) and path.is_file()]


def folders_in(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return the folders of a folder in natural order, none where there is no folder."""
    return [path for path in (entries(folder) if folder.is_dir() else []) if path.is_dir()]


def masks_by_name(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """Return masks by the name of their image: 000_mask.png, or 000.png, is that of 000."""
    return {path.stem.removesuffix("_mask"): path for path in pictures_in(folder)}
