"""Street Scene (Ramachandra and Jones, WACV 2020): a street seen by one camera, 1280x720, 15 fps.

`Train/Train001` and `Test/Test001` hold images; `Test/Test001/Test001_gt.txt` has a row a box of an
abnormal object: the path of the image, the number of the track, and the box. A frame is abnormal
where it has a row. The number in an image's name counts from 1. The boxes are not read as masks:
in which order their numbers stand was not to be checked.
"""

import pathlib
import re
from typing import ClassVar

import numpy as np

from vadjax.data.builders.download import Download
from vadjax.data.builders.named import NamedClips
from vadjax.data.builders.wanted import Truth, Wanted
from vadjax.data.indexing.find_clips import Clips
from vadjax.data.indexing.footage import Footage
from vadjax.data.labels.frame_labels import shortened
from vadjax.errors import UserError

MAX_BYTES = 1 << 26  # of a file of rows


class StreetScene(NamedClips):
    """Street Scene."""

    title = "Street Scene"
    label_versions = ("boxes",)
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
        return wanted

    def _truth(self, wanted: Wanted, footage: Footage) -> Truth:
        """Read which frames of a test clip have a box."""
        path = self.rows.get(wanted.name)
        if path is None:
            raise UserError(
                f"{self.title}: no {wanted.name}_gt.txt in the folder of {wanted.name}. "
                f"{self.download.sentence()}"
            )
        labels = np.zeros(footage.num_frames, np.uint8)
        labels[_frames(path, footage.num_frames)] = 1
        return Truth(labels)


def _frames(path: pathlib.Path, num_frames: int) -> list[int]:
    """Return the frames, from 0, that rows name.

    Raises:
      UserError: a row is cut off, or names a frame that the clip does not have.
    """
    with path.open("rb") as file:
        text = file.read(MAX_BYTES).decode("utf-8-sig", errors="replace")
    frames = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split()
        if not cells:
            continue
        found = re.search(r"(\d{1,9})\.\w+$", cells[0])
        if found is None or len(cells) < 6:
            raise UserError(
                f"{path}, line {number} is {shortened(line)!r}: wanted IMAGE TRACK and four "
                "numbers of a box; it is cut off or damaged. Restore the file."
            )
        frame = int(found[1]) - 1
        if not 0 <= frame < num_frames:
            raise UserError(
                f"{path}, line {number}: image {frame + 1} of a clip of {num_frames}; frames are "
                "missing, or these are another clip's rows."
            )
        frames.append(frame)
    return frames
