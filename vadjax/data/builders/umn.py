"""UMN, unusual crowd activity: eleven clips of three scenes, 320x240, 30 fps.

People walk, then all of them run away. Read in two layouts: the one file `Crowd-Activity-All.avi`,
and eleven files `Crowd-Activity-All_1.mp4` ... or `UMN1.mp4` ..., at any depth.

The authors published no labels and no split. Two labellings circulate, as one event a clip in the
code of others, and are held here: `social_force` (range of a script that evaluates the social force
model) and `diego_navaca` (DiegoNavaca/Crowd-Anomaly-Detection:Datasets/UMN/ground_truth.txt). They
differ by up to 85 frames at the end of an event: numbers on different ones are not comparable.

The test side is that of the social force script: what follows the first 450 frames of an outdoor
clip and 360 of an indoor one; 300 of clip 3, where diego_navaca's event begins at 302. The frames
before are the training side, without the last 30, so that no window lies close to a tested one.

The text "Abnormal Crowd Activity" is burned into the top left from the start of each event, which
gives the labels away. The top 24 of 240 rows of every frame are shown black, on both sides.
"""

import dataclasses
import itertools
import math
import pathlib
import re
from typing import ClassVar

from vadjax.data.builders.base import DiskBuilder, Scan, ScannedClip
from vadjax.data.builders.download import Download
from vadjax.data.builders.expected import Side, scan_of
from vadjax.data.builders.positional import clip_id
from vadjax.data.deviation import Deviation
from vadjax.data.indexing.find_clips import find_clips
from vadjax.data.indexing.footage import Footage
from vadjax.data.labels.frame_labels import labels_from_intervals
from vadjax.data.paths.files import describe
from vadjax.errors import UserError

_ALL = "Crowd-Activity-All"
_NAME = re.compile(rf"(?:{_ALL}_|UMN)0*(\d+)", re.IGNORECASE)
_WHY = (
    "scene and people of each test clip were seen moments before it; by_video trains on the "
    "beginning of the very clip that it tests"
)
_TEXT = Deviation(
    'the top tenth of every frame is blanked: the text "Abnormal Crowd Activity" stands there '
    "during each event",
    "figures of whole frames show that the text is read, and are not comparable",
)


class Umn(DiskBuilder):
    """UMN, unusual crowd activity.

    Attributes:
      cuts: first frame of clips 2 to 11 in the one file, from 0.
      test_from: of each clip, the first frame of its test side.
      blank: share of the rows, from the top, that are shown black.
      gap: frames before `test_from` that are on neither side.
      events: by label version, the abnormal frames of each whole clip, half-open, from 0.
      scenes: of each clip.
      conventions: how the source of a label version counts.
    """

    title = "UMN"
    label_versions = ("social_force", "diego_navaca")
    download = Download(
        address="http://mha.cs.umn.edu/",
        files=f"Movies/{_ALL}.avi",
        licence="none stated",
        labels="The authors published none; those of two others are part of vadjax.",
        folder=f"{_ALL}.avi        (or {_ALL}_1.mp4 ... _11, or UMN1.mp4 ... UMN11.mp4)",
    )
    num_folds = 11  # leave one clip out
    size = (240, 320)
    fps = 30.0
    scenes = ("lawn",) * 2 + ("indoor",) * 6 + ("plaza",) * 3
    # Published as 1996 and 6238 for the third and ninth; with these, clips 3, 4, 9 and 10 fit
    # neither the lengths of diego_navaca's files nor its event in clip 9.
    cuts = (625, 1453, 2002, 2687, 3455, 4034, 4929, 5596, 6254, 6931)
    test_from = (450, 450, 300, *(360,) * 5, *(450,) * 3)
    gap = 30
    blank = 24 / 240
    events: ClassVar = {
        "social_force": (
            *((486, 595), (672, 825), (323, 419), (583, 656), (495, 600), (469, 535)),
            *((746, 850), (462, 568), (546, 627), (569, 650), (718, 790)),
        ),
        "diego_navaca": (
            *((483, 610), (664, 806), (302, 495), (562, 672), (491, 685), (449, 553)),
            *((733, 891), (453, 600), (550, 654), (569, 663), (716, 797)),
        ),
    }
    conventions: ClassVar = {
        "social_force": "frames counted from 0, stop not included",
        "diego_navaca": "frames counted from 1, both ends included",
    }
    expected: ClassVar = {
        "train": Side(11, 4020, (420, 420, 270, *(330,) * 5, *(420,) * 3)),
        "test": Side(
            11,
            3389,
            (175, 378, 249, 325, 408, 219, 535, 307, 208, 227, 358),
            {
                "social_force": (109, 153, 96, 73, 105, 66, 104, 106, 81, 81, 72),
                "diego_navaca": (127, 142, 193, 110, 194, 104, 158, 147, 104, 94, 81),
            },
        ),
    }

    def find(self) -> list[pathlib.Path]:
        """Find the one file or the files of the clips."""
        found = find_clips(self.source_dir)
        files = list(found.paths.values())
        whole = [path for path in files if _name(path).lower() == _ALL.lower()]
        numbered = [(int(m[1]), path) for path in files if (m := _NAME.fullmatch(_name(path)))]
        self.layout = "one file" if whole else "one file a clip"
        self.files = {0: whole[0]} if whole else dict(sorted(numbered))
        if extra := [path for n, path in numbered if not 1 <= n <= len(self.scenes)]:
            raise UserError(
                f"{extra[0]} is not a clip of UMN, which has {len(self.scenes)}. Move it away."
            )
        if len(whole) + len(numbered) > len(self.files):
            paths = [*whole, *(path for _, path in numbered)]
            raise UserError(
                f"{self.source_dir} holds clips of UMN more than once: "
                f"{', '.join(str(p.relative_to(self.source_dir)) for p in paths)}. Keep one copy: "
                f"{_ALL}.avi, or one file a clip."
            )
        if not self.files:
            raise UserError(
                f"{self.source_dir} is not UMN: wanted {_ALL}.avi, or files {_ALL}_1.mp4 to "
                f"{_ALL}_11.mp4, or UMN1.mp4 to UMN11.mp4. {describe(self.source_dir)} "
                f"{self.download.sentence()}"
            )
        used = set(self.files.values())
        for name, path in found.paths.items():
            if path not in used:
                found.left_out["videos and folders of images that are no clip of UMN"].append(name)
        self.left_out = found.notes()
        return list(self.files.values())

    def scan(self) -> Scan:
        """Probe every file, cut it into clips, and each clip into its two sides."""
        clips: dict[str, list[ScannedClip]] = {"train": [], "test": []}
        for number, footage in self._footage().items():
            name, events = clip_id("test", number), self.events[self.label_version]
            middle = self.test_from[number - 1]
            spans = {"train": (0, middle - self.gap), "test": (middle, footage.num_frames)}
            try:
                labels = labels_from_intervals(
                    (events[number - 1],), footage.num_frames, where=f"{self.label_version}, {name}"
                )
                parts = {split: footage.cut(*span) for split, span in spans.items()}
            except UserError as error:
                self.skip(name, error)
                continue
            rows = math.ceil(self.blank * footage.height)
            for split, part in parts.items():
                clips[split].append(
                    ScannedClip(
                        id=clip_id(split, number),
                        footage=dataclasses.replace(part.blanked(rows), fps=part.fps or self.fps),
                        fps_assumed=part.fps_given or part.fps is None,
                        labels=labels[slice(*spans[split])],
                        scene=self.scenes[number - 1],
                    )
                )
        scan = scan_of(
            [*clips["train"], *clips["test"]],
            self.expected,
            size=self.size,
            label_version=self.label_version,
            metadata={
                "root": str(self.source_dir),
                "layout": self.layout,
                "label_file": None,
                "label_convention": self.conventions[self.label_version],
            },
        )
        split = "training clips are the first frames of the clips whose rest is tested"
        scan.deviations += [Deviation(split, _WHY), _TEXT]
        self.skipped = {
            name.replace("test", split): why
            for name, why in self.skipped.items()
            for split in ("train", "test")
        }
        return self.with_skipped(scan)

    def _footage(self) -> dict[int, Footage]:
        """Return whole clips by number."""
        names = {clip_id("test", number): number for number in self.files}
        paths = dict(zip(names, self.files.values(), strict=True))
        footage = {names[name]: held for name, held in self.measured(paths).items()}
        if self.layout != "one file":
            return footage
        ends, clips = (0, *self.cuts, footage[0].num_frames), {}
        for number, span in enumerate(itertools.pairwise(ends), 1):
            try:
                clips[number] = footage[0].cut(*span)
            except UserError as error:
                self.skip(clip_id("test", number), error)
        return clips


def _name(path: pathlib.Path) -> str:
    return path.name if path.is_dir() else path.stem
