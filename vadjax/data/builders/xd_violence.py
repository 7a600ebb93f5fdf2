"""XD-Violence (Wu et al., ECCV 2020): 4,754 videos of films, sports and surveillance, 217 hours.

A video's name ends with its classes: `..._label_A` is normal, `..._label_B2-G-0` holds shooting and
an explosion. Training videos are labelled as a whole; `annotations.txt` has the intervals of the
500 violent test videos. The usual metric is the average precision of frames.
"""

import re
from typing import ClassVar

from vadjax.data.builders.download import Download
from vadjax.data.builders.named import NamedClips
from vadjax.data.builders.wanted import Truth, Wanted, refuse_overlap
from vadjax.data.indexing.find_clips import Clips
from vadjax.data.indexing.footage import Footage
from vadjax.data.labels.interval_rows import read_pair_rows
from vadjax.data.paths.files import describe
from vadjax.data.text.lists import some
from vadjax.errors import UserError

CLASSES = {
    "B1": "fighting",
    "B2": "shooting",
    "B4": "riot",
    "B5": "abuse",
    "B6": "car accident",
    "G": "explosion",
}
_LABEL = re.compile(r"_label_(A|(?:B[12456]|G)(?:-(?:B[12456]|G|0)){0,2})$")
_SIDES = {"train": "train", "training": "train", "test": "test", "testing": "test"}


class XdViolence(NamedClips):
    """XD-Violence."""

    title = "XD-Violence"
    label_versions = ("intervals",)
    official_split = True
    keeps_content = False  # 217 hours
    convention = "frames counted from 0, stop not included, as published code slices them"
    published: ClassVar = {"train": 3954, "test": 800}  # clips; no file names all of them
    slack = 30  # frames
    download = Download(
        address="https://roc-ng.github.io/XD-Violence/",
        files="the videos for training and testing, and annotations.txt",
        size="about 220 hours of video",
        licence="none stated; the authors ask to cite the paper",
        folder="train/*.mp4        (all training archives)\n"
        "test/*.mp4         (the test archive)\n"
        "annotations.txt",
    )

    def find_wanted(self, found: Clips) -> list[Wanted]:
        """Take the videos of both folders; read the intervals of the test videos."""
        path = self.needed_file("annotations.txt")
        self.label_files = [path]
        self.rows = {row.name: row for row in read_pair_rows(path)}
        sides: dict[str, list[Wanted]] = {"train": [], "test": []}
        for name in found.paths:
            first, _, rest = name.partition("/")
            clip = rest.rpartition("/")[2]
            if (split := _SIDES.get(first.lower())) and "_label_" in clip:
                sides[split].append(self._wanted(split, clip))
        if not sides["train"] or not sides["test"]:
            raise UserError(
                f"{self.source_dir} is not {self.title}: wanted train/ and test/ with videos "
                f"..._label_A.mp4. {describe(self.source_dir)} {self.download.sentence()}"
            )
        unnamed = [w.name for w in sides["test"] if w.video_label and w.name not in self.rows]
        wrong = [w.name for side in sides.values() for w in side if self._is_misplaced(w)]
        if unnamed or wrong:
            what = "has no events of" if unnamed else "has events of the normal or training videos"
            raise UserError(f"{path} {what} {some(unnamed or wrong)}. Restore it, or the folders.")
        wanted = [*sides["train"], *sides["test"]]
        refuse_overlap(wanted, [self.source_dir])
        return wanted

    def _truth(self, wanted: Wanted, footage: Footage) -> Truth:
        """Return the labels of a test video; none of one that is labelled as a whole."""
        if wanted.split == "train":
            return Truth(None)
        where = f"{self.label_files[0]}, {wanted.name}"
        return self._within(self.rows[wanted.name].intervals, footage, where=where)

    def _is_misplaced(self, wanted: Wanted) -> bool:
        return wanted.name in self.rows and (wanted.split == "train" or not wanted.video_label)

    def _wanted(self, split: str, name: str) -> Wanted:
        match = _LABEL.search(name)
        if match is None:
            raise UserError(
                f"{name!r} does not end as a video of {self.title}: _label_A, or _label_ and up to "
                f"three of {', '.join(CLASSES)}, such as _label_B2-G-0."
            )
        classes = tuple(CLASSES.get(code, code) for code in match[1].split("-") if code not in "A0")
        return Wanted(
            split,
            name,
            folder="",
            scene=name.partition("__#")[0],
            video_label=int(bool(classes)),
            classes=classes or ("normal",),
            abnormal=None if classes else 0,
        )

    def _expected(self, split: str) -> dict:
        """Expect as many clips as were published, whose names are in no file."""
        named = super()._expected(split)
        return named | {"clips": self.published[split], "abnormal": None}
