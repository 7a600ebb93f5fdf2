"""NWPU Campus (Cao et al., CVPR 2023): 43 cameras, 28 kinds of anomaly, 16 hours.

`videos/Train` and `videos/Test` hold `D001_01.avi` and so on; what stands before the underscore is
the camera. `NWPU_Campus_gt.npz` has the labels of each test video under its name. What is abnormal
depends on the camera, so a detector should know which one it sees.
"""

import re
from typing import ClassVar

from vadjax.data.arrays import npy_file
from vadjax.data.builders.download import Download
from vadjax.data.builders.named import NamedClips
from vadjax.data.builders.wanted import Truth, Wanted, refuse_overlap
from vadjax.data.indexing.find_clips import Clips
from vadjax.data.indexing.footage import Footage
from vadjax.data.labels.frame_labels import vector_of
from vadjax.data.paths.files import describe, unreadable
from vadjax.data.text.lists import some
from vadjax.errors import UserError

_FOLDERS = ("", "groundtruth", "gt", "NWPUCampusDataset/groundtruth")
_NAME = re.compile(r"(D\d+)_\d+")


class NwpuCampus(NamedClips):
    """NWPU Campus."""

    title = "NWPU Campus"
    label_versions = ("frame_labels",)
    official_split = True
    keeps_content = False  # 1.5 million frames
    convention = "one value a frame"
    frames: ClassVar = {"train": 1082014, "test": 384059}
    num_clips: ClassVar = {"train": 305, "test": 242}
    download = Download(
        address="https://campusvad.github.io/",
        files="the videos and NWPU_Campus_gt.npz",
        licence="for research alone, by the page of the authors; see there",
        folder="videos/Train/D001_01.avi ...\nvideos/Test/D001_02.avi ...\n"
        "groundtruth/NWPU_Campus_gt.npz",
    )

    def find_wanted(self, found: Clips) -> list[Wanted]:
        """Take the videos of Train, and the videos that the labels name."""
        path = self.needed_file("NWPU_Campus_gt.npz", "gt.npz", below=_FOLDERS)
        self.label_files = [path]
        try:
            with npy_file.opened(path) as archive:
                self.labels = {name: vector_of(archive[name], path) for name in archive}
        except npy_file.Damaged as error:
            raise unreadable(path, f"{path} cannot be read ({error}). Restore it.") from error
        train = [name for name in found.paths if "train" in name.lower().split("/")]
        if not train:
            raise UserError(
                f"{self.source_dir} is not {self.title}: wanted videos/Train with D001_01.avi and "
                f"so on. {describe(self.source_dir)} {self.download.sentence()}"
            )
        wrong = [name for name in (*train, *self.labels) if not _NAME.fullmatch(_last(name))]
        if wrong:
            raise UserError(f"{some(wrong)}: wanted names such as D001_01, which say the camera.")
        wanted = [
            *(_wanted("train", _last(name), 0, abnormal=0) for name in train),
            *(
                _wanted("test", name, len(own), abnormal=int(own.sum()))
                for name, own in self.labels.items()
            ),
        ]
        refuse_overlap(wanted, [self.source_dir, path])
        return wanted

    def _truth(self, wanted: Wanted, footage: Footage) -> Truth:
        """Return the labels of a test video."""
        labels = self.labels[wanted.name]
        if len(labels) != footage.num_frames:
            raise UserError(
                f"{self.label_files[0]}: {len(labels)} labels for {wanted.name}, which has "
                f"{footage.num_frames} frames. Restore the video."
            )
        return Truth(labels)


def _wanted(split: str, name: str, frames: int, *, abnormal: int) -> Wanted:
    # Of a test video None: its labels are read in any case, if it is normal too.
    label = 0 if split == "train" else None
    return Wanted(
        split,
        name,
        split.title(),
        name.partition("_")[0],
        video_label=label,
        num_frames=frames,
        abnormal=abnormal,
    )


def _last(name: str) -> str:
    return name.rpartition("/")[2]
