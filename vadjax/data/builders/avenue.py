"""CUHK Avenue (Lu et al., ICCV 2013): a street in front of a building, 640x360, 25 fps.

Two labellings go by the same name: `pixel_masks`, a frame being abnormal where the authors' mask
is not empty, and `hasan_intervals` (Hasan et al., CVPR 2016), of ano_pred's mat and MNAD's npy.
They disagree on 441 of 15,324 frames: numbers on different ones are not comparable.
"""

import pathlib
import re
from typing import ClassVar

from vadjax.data.builders.benchmark import FRAMES, Benchmark, Truth
from vadjax.data.builders.download import Download
from vadjax.data.builders.expected import Side
from vadjax.data.labels.masks import read_vollabel
from vadjax.errors import UserError

_MASKS = ("testing_label_mask", "ground_truth_demo/testing_label_mask")
_LENGTHS = (
    *(1439, 1211, 923, 947, 1007, 1283, 605, 36, 1175, 841, 472),
    *(1271, 549, 507, 1001, 740, 426, 294, 248, 273, 76),
)


class Avenue(Benchmark):
    """CUHK Avenue."""

    title = "CUHK Avenue"
    folders = ("Avenue Dataset", "Avenue_Dataset", "avenue")
    label_versions = ("pixel_masks", "hasan_intervals")
    legacy_label_versions = ("hasan_intervals",)
    copies_like = "avenue"
    mask_form = "vollabel"
    layouts: ClassVar = {
        "official": {
            "train": ("training_videos", r"(\d+)\.\w+"),
            "test": ("testing_videos", r"(\d+)\.\w+"),
        },
        "frames": FRAMES,
    }
    size = (360, 640)
    fps = 25.0
    conventions: ClassVar = {
        "": "one mask a frame; abnormal where any pixel is",
        ".mat": "frames counted from 1, both ends included",
        ".npy": "one value a frame",
    }
    download = Download(
        address="http://www.cse.cuhk.edu.hk/leojia/projects/detectabnormal/dataset.html",
        files="Avenue_Dataset.zip and ground_truth_demo.zip",
        licence="for research alone, by the comment in ground_truth_show.m",
        checksum="anomalib (avenue.py) states the SHA-256 of both archives",
        labels="ground_truth_demo may lie in the folder of the videos, beside it, or be given as "
        "dataset.masks_dir.",
        folder="training_videos/01.avi ...\ntesting_videos/01.avi ...\n"
        "ground_truth_demo/testing_label_mask/1_label.mat ...",
    )
    expected: ClassVar = {
        # Only the lengths of clips 12 and 16 have been counted by us.
        "train": Side(16, 15328, (*(0,) * 11, 145, 0, 0, 0, 244)),
        "test": Side(
            21,
            15324,
            _LENGTHS,
            {
                "pixel_masks": (
                    *(408, 89, 87, 93, 318, 429, 123, 36, 289, 133, 144),
                    *(190, 75, 74, 90, 109, 384, 294, 140, 154, 53),
                ),
                "hasan_intervals": (
                    *(451, 139, 87, 93, 318, 433, 105, 10, 333, 161, 183),
                    *(249, 81, 73, 90, 99, 358, 265, 132, 154, 53),
                ),
            },
            masks=tuple(range(1, 22)),
        ),
    }

    def labels_are_masks(self) -> bool:
        """`pixel_masks` are."""
        return self.label_version == "pixel_masks"

    def find_masks(self) -> dict[int, pathlib.Path]:
        """Find `N_label.mat` in masks_dir, in the data set's folder or beside it."""
        roots = [self.masks_dir] if self.masks_dir else [self.base, self.base.parent]
        for folder in (root / name for root in roots for name in (*_MASKS, "")):
            names = sorted(folder.iterdir()) if folder.is_dir() else []
            found = {int(m[1]): p for p in names if (m := re.fullmatch(r"(\d+)_label.mat", p.name))}
            if found:
                return found
        if self.masks_dir:
            raise UserError(
                f"dataset.masks_dir={self.masks_dir} holds no 1_label.mat, nor do "
                f"{' and '.join(_MASKS)} below it."
            )
        return {}

    def find_labels(self) -> list[pathlib.Path]:
        """List the mat of ano_pred, then the npy of MNAD."""
        if self.labels_are_masks():
            return []
        names = ("avenue.mat", "frame_labels_avenue.npy", "frame_labels_avenue_MNAD.npy")
        roots = [self.base, self.base.parent, *([self.masks_dir] if self.masks_dir else [])]
        return [root / name for name in names for root in roots]

    def read_masks(self, path: pathlib.Path) -> Truth:
        """Read a `volLabel` cell."""
        masks = read_vollabel(path)
        return Truth((str(path),), masks.labels, masks.shape)
