"""VisA (Zou et al., ECCV 2022): 10,821 images of 12 objects, and the csv that say which are tested.

`split_csv/1cls.csv` has the columns object,split,label,image,mask; its training images are normal.
`split=2cls_fewshot` and `2cls_highshot` are the supervised splits of the authors, with defective
training images. An object is the clip's scene: `dataset.scene=candle` keeps one. Masks hold small
numbers, each the number of a kind of defect.
"""

import csv
import pathlib
from typing import ClassVar

from vadjax.data.builders.download import Download
from vadjax.data.builders.image_set import ImageSet, Picture
from vadjax.data.deviation import Deviation
from vadjax.data.paths.files import describe
from vadjax.data.paths.given_path import packed_beside
from vadjax.data.text.lists import some
from vadjax.errors import UserError

_COLUMNS = ("object", "split", "label", "image", "mask")


class Visa(ImageSet):
    """VisA."""

    title = "VisA"
    label_versions = ("csv",)
    official_split = True
    splits = ("2cls_fewshot", "2cls_highshot")
    mask_form: ClassVar[str] = "marked"
    convention = "column label: normal or anomaly"
    download = Download(
        address="https://github.com/amazon-science/spot-diff",
        files="VisA_20220922.tar",
        size="10,821 images of 12 objects",
        licence="CC BY 4.0 by its page; anomalib calls it CC BY-NC-SA 4.0",
        folder="split_csv/1cls.csv ...\n"
        "candle/Data/Images/Normal/0000.JPG ...  candle/Data/Images/Anomaly/000.JPG ...\n"
        "candle/Data/Masks/Anomaly/000.png ...",
    )

    def find_pictures(self) -> list[Picture]:
        """Read the csv of the split; images that are not there are counted."""
        path = self.source_dir / "split_csv" / f"{self.split or '1cls'}.csv"
        if not path.is_file():
            raise UserError(
                f"{self.source_dir} is not {self.title}: wanted split_csv/{path.name}. "
                f"{describe(self.source_dir)}{packed_beside(self.source_dir)} "
                f"{self.download.sentence()}"
            )
        self.label_files = [path]
        listed = self._read(path)
        there = [picture for picture in listed if picture.path.is_file()]
        if not there:
            raise UserError(
                f"{self.source_dir} holds none of the {len(listed)} images of {path.name}, such as "
                f"{listed[0].path}. {self.download.sentence()}"
            )
        self.counts = {
            split: sum(picture.split == split for picture in listed) for split in ("train", "test")
        }
        gone = [p.name for p in listed if not p.path.is_file()]
        if gone:
            what = f"images of {path.name} that are not there ({len(gone)}): {some(gone)}"
            self.left_out = [Deviation(what, "results hold for the others and carry the coverage")]
        return sorted(there, key=lambda picture: picture.split != "train")

    def published(self) -> dict[str, int]:
        """Return how many images the csv names."""
        return self.counts

    def _read(self, path: pathlib.Path) -> list[Picture]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        if not rows or not set(_COLUMNS) <= set(rows[0]):
            raise UserError(
                f"{path} is no table with the columns {','.join(_COLUMNS)}; restore it."
            )
        pictures = []
        for number, row in enumerate(rows, 2):
            kind, split = row["label"], row["split"]
            image = (row["image"] or "").replace("\\", "/")
            mask = (row["mask"] or "").replace("\\", "/")
            if kind not in ("normal", "anomaly") or split not in ("train", "test") or not image:
                raise UserError(f"{path}, line {number}: {row}; the line is cut off or damaged.")
            where = pathlib.PurePosixPath(image)
            name = f"{row['object']}/{where.parent.name}/{where.stem}"
            mask_path = self.source_dir / mask if mask and kind == "anomaly" else None
            pictures.append(
                Picture(
                    split,
                    name,
                    self.source_dir / image,
                    row["object"],
                    "anomaly" if kind == "anomaly" else "",
                    mask_path if mask_path and mask_path.is_file() else None,
                )
            )
        return pictures
