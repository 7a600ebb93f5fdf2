"""UCFCrime2Local (Landi et al., 2019): 300 videos of UCF-Crime, with boxes for 100 abnormal ones.

`Train_split_AD.txt` and `Test_split_AD.txt` name the videos, and `<video>.txt` has the boxes of an
abnormal one, a row a box and frame. A frame is abnormal where it has a box. The videos are those
of UCF-Crime, of its training and of its test side: what was trained on UCF-Crime may not be tested
here.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from vadjax.data.builders.download import Download
from vadjax.data.builders.named import NamedClips
from vadjax.data.builders.ucf_crime import class_of
from vadjax.data.builders.wanted import Truth, Wanted, refuse_overlap
from vadjax.data.deviation import Deviation
from vadjax.data.indexing.find_clips import Clips
from vadjax.data.indexing.footage import Footage
from vadjax.data.indexing.scan import ScannedClip
from vadjax.data.labels.box_rows import read_vatic
from vadjax.data.labels.name_lists import read_lines
from vadjax.errors import UserError

_FOLDERS = ("", "UCFCrime2Local", "readme", "annotations", "txt annotations")
_LISTS = {"train": "Train_split_AD.txt", "test": "Test_split_AD.txt"}


class UcfCrime2Local(NamedClips):
    """UCFCrime2Local."""

    title = "UCFCrime2Local"
    label_versions = ("boxes",)
    official_split = True
    keeps_content = False  # the videos are long
    convention = "boxes; files whose first row has frame 0 count from 0, others from 1"
    num_clips: ClassVar = {"train": 210, "test": 90}
    download = Download(
        address="http://imagelab.ing.unimore.it/UCFCrime2Local",
        files="the annotation",
        licence="none stated",
        labels="The videos are those of UCF-Crime: vadjax inspect --download-help ucf_crime.",
        folder="Abuse/Abuse001_x264.mp4 ...          (the videos of UCF-Crime, at any depth)\n"
        "Train_split_AD.txt Test_split_AD.txt\n"
        "annotations/Arrest001_x264.txt ...   (the boxes)",
    )

    def find_wanted(self, found: Clips) -> list[Wanted]:
        """Read both lists, and find the boxes of anomalous videos."""
        self.label_files, self.bases = [], dict[str, int]()
        wanted = []
        for split, name in _LISTS.items():
            path = self.needed_file(name, below=_FOLDERS)
            self.label_files.append(path)
            lines = read_lines(path, form="Arrest001")
            wanted += [self._wanted(split, line.name) for line in lines]
        refuse_overlap(wanted, self.label_files)
        self.boxes = {}
        for each in wanted:
            names = (f"{each.name}.txt", f"{each.name.removesuffix('_x264')}.txt")
            if each.video_label and (boxes := self.find_file(*names, below=_FOLDERS)):
                self.boxes[each.name] = boxes
        self.label_files += self.boxes.values()
        return wanted

    def _truth(self, wanted: Wanted, footage: Footage) -> Truth:
        """Read the boxes of an abnormal video."""
        path = self.boxes.get(wanted.name)
        if path is None:
            raise UserError(
                f"{self.title}: no boxes {wanted.name}.txt in {self.source_dir} or its folders "
                f"{', '.join(_FOLDERS[1:])}. {self.download.sentence()}"
            )
        held = read_vatic(path, footage.num_frames)
        self.bases[wanted.name] = held.base
        labels = np.zeros(footage.num_frames, np.uint8)
        labels[held.frames] = 1
        return Truth(labels, (str(path),), "vatic")

    def notes(self, clips: Sequence[ScannedClip]) -> list[Deviation]:
        """Say which files of boxes count from 0, and that the videos are those of UCF-Crime."""
        zero = [name for name, base in self.bases.items() if base == 0]
        return [
            Deviation(
                f"boxes of {len(zero)} of {len(self.bases)} files count frames from 0, "
                "judged by their first row",
                "no file says how it counts: labels may be one frame off",
            ),
            Deviation(
                "the videos are training and test videos of UCF-Crime",
                "a detector that was trained on UCF-Crime may not be tested on them",
            ),
        ]

    def _wanted(self, split: str, listed: str) -> Wanted:
        name = listed if listed.endswith("_x264") else f"{listed}_x264"
        kind = class_of(name)
        return Wanted(
            split,
            name,
            scene=name,
            video_label=int(bool(kind)),
            classes=(kind or "Normal",),
            abnormal=None if kind else 0,
        )
