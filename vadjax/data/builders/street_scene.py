"""Street Scene (Ramachandra and Jones, WACV 2020): a street seen by one camera, 1280x720, 15 fps.

`Train/Train001` and `Test/Test001` hold images; `Test/Test001/Test001_gt.txt` has a row a box of an
abnormal object: the path of the image, the number of the track, and the box. A frame is abnormal
where it has a row. The number in an image's name counts from 1. In which order the numbers of a box
stand was not to be checked: under label version `boxes` there are no masks, `boxes_centre` takes
them for the middle of the box and its size, `boxes_corner` for its corner and its size.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from vadjax.data.builders.download import Download
from vadjax.data.builders.named import NamedClips
from vadjax.data.builders.wanted import Truth, Wanted
from vadjax.data.deviation import Deviation
from vadjax.data.indexing.find_clips import Clips
from vadjax.data.indexing.footage import Footage
from vadjax.data.indexing.scan import ScannedClip
from vadjax.data.labels.track_rows import corners, read_track_rows
from vadjax.errors import UserError

SLACK = 8  # pixels by which a drawn box may leave the picture


class StreetScene(NamedClips):
    """Street Scene."""

    title = "Street Scene"
    label_versions = ("boxes", "boxes_centre", "boxes_corner")
    official_split = True
    keeps_content = False  # 203,257 frames of 1280x720
    size = (720, 1280)
    fps = 15.0
    convention = "a row a box; the number in the image's name counts from 1"
    frames: ClassVar = {"train": 56847, "test": 146410}
    counts: ClassVar = {"train": 46, "test": 35}
    download = Download(
        address="https://www.merl.com/research/highlights/video-anomaly-detection",
        files="Train.tgz and Test.tgz (https://www.merl.com/pub/streetscene/)",
        licence="CC BY-SA 4.0, to be checked on the page",
        folder="Train/Train001/001.jpg ...\nTest/Test001/001.jpg ...\nTest/Test001/Test001_gt.txt",
    )

    def find_wanted(self, found: Clips) -> list[Wanted]:
        """List the clips by their numbers, and find the rows of the test clips."""
        labels = {"train": 0, "test": None}  # of a test clip the rows are read in any case
        wanted = [
            Wanted(split, f"{split.title()}{number:03d}", video_label=labels[split])
            for split, count in self.counts.items()
            for number in range(1, count + 1)
        ]
        places = {path.name: path for path in found.paths.values() if path.is_dir()}
        self.rows = {
            each.name: path
            for each in wanted
            if each.split == "test"
            and each.name in places
            and (path := places[each.name] / f"{each.name}_gt.txt").is_file()
        }
        self.label_files = list(self.rows.values())
        self.beyond: dict[str, tuple[int, int]] = {}
        return wanted

    def _truth(self, wanted: Wanted, footage: Footage) -> Truth:
        """Read which frames of a test clip have a box."""
        path = self.rows.get(wanted.name)
        if path is None:
            raise UserError(
                f"{self.title}: no {wanted.name}_gt.txt in the folder of {wanted.name}. "
                f"{self.download.sentence()}"
            )
        rows = read_track_rows(path, footage.num_frames)
        labels = np.zeros(footage.num_frames, np.uint8)
        labels[rows.frames] = 1
        _, _, reading = self.label_version.partition("_")
        if not reading:
            return Truth(labels)
        boxes = corners(rows.numbers, centre=reading == "centre")
        edge = np.array([footage.width, footage.height])
        beyond = (boxes[:, :2] < -SLACK).any(1) | (boxes[:, 2:] > edge + SLACK).any(1)
        self.beyond[wanted.name] = (int(beyond.sum()), len(boxes))
        return Truth(labels, (str(path),), f"tracks_{reading}")

    def notes(self, clips: Sequence[ScannedClip]) -> list[Deviation]:
        """Say how many boxes leave the picture, which tells a wrong reading of them."""
        if not self.beyond:
            return []
        outside, total = (sum(each) for each in zip(*self.beyond.values(), strict=True))
        return [
            Deviation(
                f"read as {self.label_version}, {outside} of {total} boxes leave the picture by "
                f"more than {SLACK} pixels",
                "the order of a box's numbers is not documented: look at the masks, and compare "
                "with the other reading",
            )
        ]
