"""Images in the layout of MVTec AD (Bergmann et al., CVPR 2019): textures and objects with defects.

`CATEGORY/train/good/000.png`, `CATEGORY/test/good`, `CATEGORY/test/DEFECT/000.png`, and the masks
`CATEGORY/ground_truth/DEFECT/000_mask.png`. Other data sets circulate in it, with any categories
and kinds of image. A category is the clip's scene: `dataset.scene=bottle` keeps one.
"""

import pathlib
from collections.abc import Mapping
from typing import ClassVar

from vadjax.data.builders.download import Download
from vadjax.data.builders.image_set import (
    ImageSet,
    Picture,
    folders_in,
    masks_by_name,
    pictures_in,
)
from vadjax.data.paths.files import describe
from vadjax.data.paths.given_path import packed_beside
from vadjax.errors import UserError

GOOD = "good"


class Mvtec(ImageSet):
    """MVTec AD, or other images in its layout."""

    title = "MVTec AD (layout)"
    label_versions = ("folders",)
    official_split = True
    convention = "an image is good where its folder is called good"
    identity_keys = ("data_dir",)  # other data sets have the same layout
    counts: ClassVar = {  # category -> training images, good and defective test images
        "bottle": (209, 20, 63),
        "cable": (224, 58, 92),
        "capsule": (219, 23, 109),
        "carpet": (280, 28, 89),
        "grid": (264, 21, 57),
        "hazelnut": (391, 40, 70),
        "leather": (245, 32, 92),
        "metal_nut": (220, 22, 93),
        "pill": (267, 26, 141),
        "screw": (320, 41, 119),
        "tile": (230, 33, 84),
        "toothbrush": (60, 12, 30),
        "transistor": (213, 60, 40),
        "wood": (247, 19, 60),
        "zipper": (240, 32, 119),
    }
    download = Download(
        address="https://www.mvtec.com/company/research/datasets/mvtec-ad",
        files="mvtec_anomaly_detection.tar.xz, or one category",
        size="5,354 images of 15 categories",
        licence="CC BY-NC-SA 4.0",
        folder="bottle/train/good/000.png ...\n"
        "bottle/test/good/000.png ...  bottle/test/broken_large/000.png ...\n"
        "bottle/ground_truth/broken_large/000_mask.png ...",
    )

    def find_pictures(self) -> list[Picture]:
        """List the images of every category."""
        root = self.source_dir
        self.folders = [root] if (root / "train" / GOOD).is_dir() else []
        self.folders += [folder for folder in folders_in(root) if (folder / "train").is_dir()]
        pictures = [picture for folder in self.folders for picture in _pictures(folder)]
        sides = {picture.split for picture in pictures}
        if sides != {"train", "test"}:
            raise UserError(
                f"{root} is not {self.title}: wanted train/{GOOD} and test/ with images, or "
                f"folders of categories that hold them. {describe(root)}{packed_beside(root)} "
                f"{self.download.sentence()}"
            )
        return sorted(pictures, key=lambda picture: picture.split != "train")

    def published(self) -> Mapping[str, int]:
        """Return the counts of MVTec's own categories, where there are no others."""
        counts = [self.counts.get(folder.name) for folder in self.folders]
        known = [count for count in counts if count is not None]
        if len(known) < len(counts):
            return {}
        return {
            "train": sum(train for train, _, _ in known),
            "test": sum(good + bad for _, good, bad in known),
        }


def _pictures(folder: pathlib.Path) -> list[Picture]:
    """List the images of one category."""
    found = [
        Picture("train", f"{folder.name}/{GOOD}/{path.stem}", path, folder.name)
        for path in pictures_in(folder / "train" / GOOD)
    ]
    for kind in folders_in(folder / "test"):
        masks = masks_by_name(folder / "ground_truth" / kind.name)
        defect = "" if kind.name == GOOD else kind.name
        for path in pictures_in(kind):
            name = f"{folder.name}/{kind.name}/{path.stem}"
            mask = masks.get(path.stem) if defect else None
            found.append(Picture("test", name, path, folder.name, defect, mask))
    return found
