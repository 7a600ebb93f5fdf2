"""UCF-Crime (Sultani et al., CVPR 2018): 1,900 surveillance videos, 13 classes, about 128 hours.

Training videos, 810 of them abnormal, are labelled as a whole; the 290 test videos have one or two
intervals each. Lists and annotation circulate in several forms, which say the same:

- `Anomaly_Train.txt` with all 1,610 videos, also with /Train/ before each path (Dothuan6), or in
  two files with `Normal_Train.txt` (grupesh), or as paths of features, `ucf-i3d.list` (RTFM);
- `Temporal_Anomaly_Annotation.txt` with 290 rows, also with the number of frames behind (MIST), or
  as a `.mat` a video in `Matlab_formate` (RTFM).

Splits besides it: `clean`, grupesh's lists without duplicates and errors, and `recognition_001` to
`_004`, the folds of the task to name one of 14 classes, whose videos are labelled as a whole.
"""

import pathlib
import re
from typing import ClassVar

from vadjax.data.builders.download import Download
from vadjax.data.builders.named import NamedClips
from vadjax.data.builders.wanted import Truth, Wanted, refuse_overlap
from vadjax.data.indexing.find_clips import Clips
from vadjax.data.indexing.footage import Footage
from vadjax.data.labels.interval_rows import Row, read_ucf_mats, read_ucf_rows
from vadjax.data.labels.name_lists import Line, read_lines
from vadjax.errors import UserError

CLASSES = (
    *("Abuse", "Arrest", "Arson", "Assault", "Burglary", "Explosion", "Fighting"),
    *("RoadAccidents", "Robbery", "Shooting", "Shoplifting", "Stealing", "Vandalism"),
)
_NORMAL = "Normal_Videos"
_FOLDERS = (
    *("", "list", "Anomaly_Detection_splits", "UCF_Crimes", "UCF_Crimes/Anomaly_Detection_splits"),
    *("UCF_Crimes/Action_Regnition_splits", "Action_Regnition_splits"),  # the authors' spelling
)
ANNOTATIONS = (
    *("Temporal_Anomaly_Annotation.txt", "Temporal_Anomaly_Annotation_for_Testing_Videos.txt"),
    *("Temporal_Anomaly_Annotation_New.txt", "Matlab_formate"),
)
_CLEAN = "Temporal_Anomaly_Annotation_for_Testing_Videos_clean.txt"
_FOLDS = tuple(f"recognition_{n:03d}" for n in range(1, 5))
_FORM = "Abuse/Abuse001_x264.mp4"


class UcfCrime(NamedClips):
    """UCF-Crime."""

    title = "UCF-Crime"
    label_versions = ("intervals",)
    official_split = True
    splits = ("clean", *_FOLDS)
    keeps_content = False  # 13.8 million frames
    convention = "frames counted from 1, both ends included; -1 is none"
    frames: ClassVar = {"test": 1111808}
    num_clips: ClassVar = {"train": 1610, "test": 290}
    annotations: ClassVar[tuple[str, ...]] = ANNOTATIONS
    slack = 30  # frames: five events end 1 or 2 behind their video
    download = Download(
        address="https://www.crcv.ucf.edu/projects/real-world/",
        files="the four parts Anomaly-Videos, the normal videos for training and testing, "
        "Anomaly_Train.txt and Temporal_Anomaly_Annotation.txt",
        size="about 100 GB, 1,950 files, 50 of them duplicates in Normal_Videos_event",
        licence="none stated; the authors ask to cite the paper",
        folder="Anomaly-Videos-Part-1/Abuse/Abuse001_x264.mp4 ...\n"
        "Training-Normal-Videos-Part-1/Normal_Videos001_x264.mp4 ...\n"
        "Testing_Normal_Videos_Anomaly/Normal_Videos_003_x264.mp4 ...\n"
        "Anomaly_Detection_splits/Anomaly_Train.txt\n"
        "Temporal_Anomaly_Annotation.txt",
    )

    def find_wanted(self, found: Clips) -> list[Wanted]:
        """Read the lists of the split and the intervals of its test videos."""
        self.rows: dict[str, Row] = {}
        self.label_files = []
        if self.split in _FOLDS:
            number = self.split.rpartition("_")[2]
            sides = {"train": f"train_{number}.txt", "test": f"test_{number}.txt"}
            listed = {
                split: self._listed(self.needed_file(name, below=_FOLDERS))
                for split, name in sides.items()
            }
        else:
            listed = {"train": self._training(), "test": self._tested()}
        wanted = [self._wanted(split, line) for split, lines in listed.items() for line in lines]
        refuse_overlap(wanted, self.label_files)
        return wanted

    def _truth(self, wanted: Wanted, footage: Footage) -> Truth:
        """Return the labels of a test video; none of one that is labelled as a whole."""
        row = self.rows.get(wanted.name)
        if row is None:
            return Truth(None)
        where = f"{self.label_files[-1]}, {wanted.name}"
        return self._within(row.intervals, footage, where=where)

    def _training(self) -> list[Line]:
        """Return the lines of the training list, which may be two files."""
        end = "_clean.txt" if self.split == "clean" else ".txt"
        names = (f"Anomaly_Train{end}", *(() if self.split else ("ucf-i3d.list",)))
        first = self.needed_file(*names, below=_FOLDERS)
        normal = first.with_name(f"Normal_Train{end}")
        files = [first, normal] if normal.is_file() else [first]
        return [line for file in files for line in self._listed(file)]

    def _tested(self) -> list[Line]:
        """Read the annotation; return what it names."""
        names = (_CLEAN,) if self.split else self.annotations
        path = self.needed_file(*names, below=_FOLDERS)
        self.label_files.append(path)
        rows = read_ucf_mats(path) if path.is_dir() else read_ucf_rows(path)
        for number, row in enumerate(rows, 1):
            expected = class_of(row.name)
            if row.kind and row.kind != (expected or "Normal"):
                raise UserError(
                    f"{path}, row {number}: {row.name} is called {row.kind!r}; restore the file."
                )
            if bool(row.intervals) != bool(expected):
                what = "has intervals" if row.intervals else "has no interval"
                raise UserError(f"{path}, row {number}: {row.name} {what}; restore the file.")
        self.rows = {row.name: row for row in rows}
        return [Line(number, row.name, "", ()) for number, row in enumerate(rows, 1)]

    def _listed(self, path: pathlib.Path) -> list[Line]:
        self.label_files.append(path)
        lines = read_lines(path, form=_FORM)
        return [line._replace(name=line.name.removesuffix("_i3d")) for line in lines]

    def _wanted(self, split: str, line: Line) -> Wanted:
        kind = class_of(line.name)
        row = self.rows.get(line.name)
        return Wanted(
            split,
            line.name,
            line.folder,
            scene=line.name,  # every video is another camera
            video_label=int(bool(kind)),
            classes=(kind or "Normal",),
            num_frames=(row.num_frames if row else None) or 0,
            abnormal=None if kind else 0,
        )


def class_of(name: str) -> str:
    """Return the class that is part of a video's name; "" is normal.

    Raises:
      UserError: it is no name of UCF-Crime.
    """
    match = re.match(r"([A-Za-z]+(?:_Videos)?)_?\d{3}_x264", name)
    if match and match[1] == _NORMAL:
        return ""
    if not match or match[1] not in CLASSES:
        raise UserError(
            f"{name!r} is no video of UCF-Crime, such as Abuse001_x264 or {_NORMAL}_003_x264; its "
            f"classes are {', '.join(CLASSES)}. Restore the list."
        )
    return match[1]
