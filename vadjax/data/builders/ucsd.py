"""UCSD Ped1 and Ped2 (Mahadevan et al., CVPR 2010): a walkway seen by a fixed grey camera.

Read in two layouts: the official one (tif frames, `.m` labels, masks in `TestNNN_gt`), and that
of StevenLiuWen/ano_pred_cvpr2018 (jpg frames, `.mat` or `.npy` labels, masks by `masks_dir`).
"""

import pathlib
import re
from collections.abc import Sequence
from typing import ClassVar

from PIL import Image

from vadjax.data.arrays import npy_file
from vadjax.data.builders.benchmark import FRAMES, Benchmark, Truth
from vadjax.data.builders.checksums import LENGTH
from vadjax.data.builders.download import Download
from vadjax.data.builders.expected import Side
from vadjax.data.labels.frame_labels import labels_from_masks
from vadjax.data.labels.masks import ImageMasks
from vadjax.data.paths.files import images, is_stray
from vadjax.errors import UserError

_ARCHIVE = "UCSD_Anomaly_Dataset.v1p2"
# Of each tif of the archive the first 8 bytes of its SHA-256, in the order of clips and frames.
_CHECKSUMS = pathlib.Path(__file__).with_name("ucsd_sha256.npz")
_POOLED = "frames of the training clips were trained on and tested too"


class _UCSD(Benchmark):
    label_versions = ("official",)
    layouts: ClassVar = {
        "official": {"train": ("Train", r"Train(\d+)"), "test": ("Test", r"Test(\d+)")},
        "frames": FRAMES,
    }
    fps = 10.0  # nowhere stated by the authors; assumed by everybody
    conventions: ClassVar = {
        ".m": "frames counted from 1, both ends included",
        ".mat": "frames counted from 1, both ends included",
        ".npy": "one value a frame",
        "": "",
    }
    download = Download(
        address="http://www.svcl.ucsd.edu/projects/anomaly/dataset.htm",
        files="UCSD_Anomaly_Dataset.tar.gz",
        size="864 MiB unpacked: 14,000 frames of Ped1, 4,560 of Ped2",
        licence="none stated; the authors ask to cite Mahadevan et al., CVPR 2010",
        checksum="of every frame: vadjax inspect NAME --data_dir=DIR --verify",
        folder=f"{_ARCHIVE}/UCSDped1/Train/Train001/001.tif ...\n"
        f"{_ARCHIVE}/UCSDped1/Test/Test001/001.tif ...   Test/Test003_gt/001.bmp ...\n"
        f"{_ARCHIVE}/UCSDped1/Test/UCSDped1.m           (and the same of UCSDped2)",
    )
    archive_folder: ClassVar[str]

    def find(self) -> list[pathlib.Path]:
        """Choose the layout and the folder; refuse the other one of the two sets.

        Raises:
          UserError: there is none, or more than one, or the frames are those of the other set.
        """
        [other] = {UcsdPed1, UcsdPed2} - {type(self)}
        name = other.title.lower().replace(" ", "_")
        mend = f"Give --config.dataset.name={name}, or the folder of {self.title}."
        try:
            sources = super().find()
        except UserError:
            root = self.source_dir
            if root.name in other.folders or (root / f"Test/{other.archive_folder}.m").exists():
                raise UserError(f"{root} looks like {other.title}, by its names. {mend}") from None
            raise
        size = _size_of_first([*self.clips["train"].values(), *self.clips["test"].values()])
        if size == other.size != self.size:
            raise UserError(
                f"{self.base} looks like {other.title}: its frames are {size[1]}x{size[0]}, those "
                f"of {self.title} {self.size[1]}x{self.size[0]}. {mend}"
            )
        return sources

    def checksums(self) -> tuple[pathlib.Path, dict[str, bytes]]:
        """Return the checksums of the official frames, by their path below `base`.

        Raises:
          UserError: the frames are copies in another form.
        """
        if self.layout != "official":
            raise UserError(
                f"{self.base} holds frames that were encoded again ({self.layout} layout); only "
                f"the tif frames of {_ARCHIVE} have checksums."
            )
        wanted: dict[str, bytes] = {}
        with npy_file.opened(_CHECKSUMS) as archive:
            for split, side in self.expected.items():
                folder = split.title()
                names = [
                    f"{folder}/{folder}{clip:03d}/{frame:03d}.tif"
                    for clip, length in enumerate(side.lengths, 1)
                    for frame in range(1, length + 1)
                ]
                held = archive[f"{self.archive_folder}_{split}"].astype(">u8").tobytes()
                parts = [held[i : i + LENGTH] for i in range(0, len(held), LENGTH)]
                wanted |= dict(zip(names, parts, strict=True))
        return self.base, wanted

    def find_masks(self) -> dict[int, pathlib.Path]:
        """Find `TestNNN_gt` folders in masks_dir, or beside the official frames; keep where."""
        self.mask_folder = self.base / "Test"
        roots = [self.masks_dir] if self.masks_dir else [self.base]
        below = (
            "",
            "Test",
            f"{self.archive_folder}/Test",
            f"{_ARCHIVE}/{self.archive_folder}/Test",
        )
        for folder in (root / name for root in roots for name in below):
            names = [p for p in folder.iterdir() if not is_stray(p.name)] if folder.is_dir() else []
            found = {int(m[1]): p for p in names if (m := re.fullmatch(r"Test(\d+)_gt", p.name))}
            if found:
                self.mask_folder = folder
                return found
        if self.masks_dir:
            raise UserError(
                f"dataset.masks_dir={self.masks_dir} holds no folders Test001_gt, nor do "
                f"{', '.join(below[1:])} below it."
            )
        return {}

    def find_labels(self) -> list[pathlib.Path]:
        """List the `.m` of the authors, then the copies of others."""
        short = self.archive_folder.removeprefix("UCSD")
        return [
            *{f / f"{self.archive_folder}.m": 0 for f in (self.base / "Test", self.mask_folder)},
            self.base / f"{short}.mat",
            *(f / f"frame_labels_{short}.npy" for f in (self.base, self.base.parent)),
        ]

    def read_masks(self, path: pathlib.Path) -> Truth:
        """Read a folder of masks: NNN.bmp or frameNNN.bmp, 255 where abnormal."""
        files = tuple(map(str, images(path)))
        if not files:
            raise UserError(f"{path} holds no masks; wanted 001.bmp and so on.")
        masks = ImageMasks(files)
        return Truth(files, labels_from_masks(masks), masks[0].shape)


def _size_of_first(clips: Sequence[pathlib.Path]) -> tuple[int, int] | None:
    """Return height and width of the first image as its header says; None where it has none."""
    frames = images(clips[0]) if clips and clips[0].is_dir() else []
    try:
        with Image.open(frames[0]) as image:
            return image.height, image.width
    except (IndexError, OSError, ValueError, Image.DecompressionBombError):
        return None  # what is wrong with it is said when every frame is decoded


class UcsdPed1(_UCSD):
    """UCSD Ped1: people walk towards and away from the camera."""

    title, archive_folder, size = "UCSD Ped1", "UCSDped1", (158, 238)
    pooled_note = _POOLED
    folders = ("UCSDped1", f"{_ARCHIVE}/UCSDped1", "ped1")
    expected: ClassVar = {
        "train": Side(34, 6800, (200,) * 34),
        "test": Side(
            36,
            7200,
            (200,) * 36,
            {
                "official": (
                    *(93, 126, 110, 138, 147, 191, 175, 94, 48, 140, 96, 71),
                    *(156, 200, 63, 78, 47, 67, 75, 131, 170, 92, 158, 122),
                    *(96, 68, 113, 96, 84, 26, 180, 103, 161, 121, 115, 94),
                )
            },
            masks=(3, 4, 14, 18, 19, 21, 22, 23, 24, 32),
        ),
    }


class UcsdPed2(_UCSD):
    """UCSD Ped2: people walk across the picture."""

    title, archive_folder, size = "UCSD Ped2", "UCSDped2", (240, 360)
    num_folds = 4  # twelve clips, four of them abnormal throughout: one a fold
    pooled_note = f"{_POOLED}, as the published code for Ped1 does; that for Ped2 is not known"
    folders = ("UCSDped2", f"{_ARCHIVE}/UCSDped2", "ped2")
    _TRAIN = (120, 150, 150, 180, 180, 150, 150, 120, 180, 180, 180, 180, 180, 150, 150, 150)
    expected: ClassVar = {
        "train": Side(16, 2550, _TRAIN),
        "test": Side(
            12,
            2010,
            (180, 180, 150, 180, 150, 180, 180, 180, 120, 150, 180, 180),
            {"official": (120, 86, 146, 150, 129, 159, 135, 180, 120, 150, 180, 93)},
            masks=tuple(range(1, 13)),
        ),
    }
