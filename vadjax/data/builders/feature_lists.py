"""Published feature files of named data sets: a file a video, and the lists of the videos.

A row stands for 16 frames (I3D, C3D), or a file holds the 32 segments into which Sultani et al.
divide a video. Names of files are those of RTFM (Abuse001_x264_i3d.npy, all crops in one array), of
Roc-Ng (Abuse001_x264__0.npy to __9.npy, a file a crop), of Sultani's C3D features
(Abuse001_x264_C.txt), or of the videos themselves. Lists and labels are those of the data set.
"""

import functools
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from vadjax.data.builders.feature_frames import SEGMENTS, STEP, is_divided, timeline_of
from vadjax.data.builders.feature_names import find_features
from vadjax.data.builders.feature_scan import Measured, measured
from vadjax.data.builders.named import NamedClips
from vadjax.data.builders.published_features import rows_of
from vadjax.data.deviation import Deviation
from vadjax.data.frames.feature_rows import FeatureRows
from vadjax.data.frames.timeline import Timeline
from vadjax.data.indexing.find_clips import Clips
from vadjax.data.indexing.footage import Footage
from vadjax.data.indexing.rows import kinds_of
from vadjax.data.indexing.scan import Scan, ScannedClip
from vadjax.data.text.lists import some
from vadjax.data.video import Dataset, Video
from vadjax.errors import UserError


class OfFeatures(NamedClips):
    """A data set of named clips whose features lie there in the place of its videos.

    Attributes:
        form: of the names of its videos.
        crops: of a row, see `published_features.rows_of`.
        lengths_by: names the file that says how many frames the test videos have.
    """

    form: ClassVar[re.Pattern[str]]
    lengths_by: ClassVar[str]
    keeps_content = False
    crops: str

    def find_clips(self) -> Clips:
        """Find the feature files."""
        found, self.files = find_features(self.source_dir, self.form)
        return found

    def measured(self, clips: Mapping[str, pathlib.Path]) -> dict[str, Footage]:
        """Measure the files, and compare their rows with the frames of their videos."""
        paths = [path for first in clips.values() for path in self.files[first]]
        facts = measured(paths, cache_dir=self.cache_dir)
        self.timelines: dict[str, Timeline] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}  # files of a clip, and the shape of their rows
        results: dict[str, Footage | UserError] = {}
        for name, first in clips.items():
            try:
                results[name] = self._measured(name, self.files[first], facts)
            except UserError as error:
                results[name] = error
        return self.usable(results)

    def _measured(
        self, name: str, files: Sequence[pathlib.Path], facts: Mapping[pathlib.Path, Any]
    ) -> Footage:
        own: list[Measured] = []
        for path in files:
            if isinstance(facts[path], UserError):
                raise facts[path]
            own.append(facts[path])
        if len({each.shape for each in own}) > 1:
            shapes = some([list(each.shape) for each in own])
            raise UserError(f"the crops of {name} have the shapes {shapes}; fetch them again.")
        wanted = self.wanted[name]
        timeline = timeline_of(own[0].shape[0], wanted.num_frames, path=files[0])
        unknown = wanted.split == "test" and not wanted.num_frames
        if unknown and own[0].shape[0] == SEGMENTS and files[0].suffix.lower() == ".txt":
            raise UserError(
                f"{files[0]} holds {SEGMENTS} segments of a video whose number of frames is not "
                f"known; put {self.lengths_by} beside the lists."
            )
        self.timelines[name], self.shapes[name] = timeline, (len(own), *own[0].shape[1:])
        return Footage(
            tuple(map(str, files)),
            num_frames=timeline.num_frames,
            height=0,
            width=0,
            channels=0,
            fps=None,
            fingerprint="-".join(each.fingerprint for each in own),
        )

    def notes(self, clips: Sequence[ScannedClip]) -> list[Deviation]:
        """Say how rows and frames were brought together."""
        lines = {clip.id: self.timelines[clip.id] for clip in clips}
        test = [name for name in lines if name.startswith("test/")]
        guessed = [name for name in test if not self.wanted[name].num_frames]
        divided = [name for name in test if is_divided(lines[name])]
        late = [
            line.num_frames - STEP * len(line.starts)
            for name in test
            if not is_divided(line := lines[name])
        ]
        notes = []
        if guessed:
            what = f"frames of {len(guessed)} test videos are not known: {STEP} for each row"
            why = f"the true ends are up to {STEP - 1} frames away; {self.lengths_by} says them"
            notes.append(Deviation(what, why))
        if behind := [count for count in late if count > 0]:
            what = f"{sum(behind)} frames at the ends of {len(behind)} test videos have no row"
            notes.append(Deviation(what, "they have the score of the last row before them"))
        if divided:
            what = f"{len(divided)} test videos are divided into {SEGMENTS} segments each"
            notes.append(Deviation(what, "all frames of a segment have one score"))
        return notes

    def layout(self) -> str:
        """Return the name of the layout."""
        return f"features of {self.title}, a file a video" + f", split {self.split}" * bool(
            self.split
        )

    def load(self) -> Dataset:
        """Read the lists, the labels, and the shapes of all files."""
        scan: Scan = self.scan()
        shapes = self._one_shape(scan)
        videos = [self._video(clip) for clip in scan.clips]
        return Dataset(
            "features",
            self.label_version,
            scan.coverage,
            tuple(video for video in videos if video.split == "train"),
            tuple(video for video in videos if video.split == "test"),
            metadata={**scan.metadata, "features": f"{self.title}, rows of shape {shapes}"},
            deviations=(*scan.deviations, *self.left_out),
        )

    def _one_shape(self, scan: Scan) -> list[int]:
        """Return the shape of a row, which has to be that of all files.

        Raises:
            UserError: files have rows of different shapes.
        """
        shapes: dict[tuple[int, ...], str] = {}
        for clip in scan.clips:
            shapes.setdefault(self.shapes[clip.id], clip.footage.paths[0])
        if len(shapes) > 1:
            (one, first), (other, second) = list(shapes.items())[:2]
            raise UserError(
                f"{first} has rows of shape {list(one[1:])}, {second} of {list(other[1:])}: these "
                "are two kinds of features."
            )
        (count, *row) = next(iter(shapes))
        return row if count == 1 else [count, *row]

    def _video(self, clip: ScannedClip) -> Video:
        line, files = self.timelines[clip.id], [pathlib.Path(p) for p in clip.footage.paths]
        read = functools.partial(_crops_of, files, self.crops)
        return Video(
            clip.id,
            clip.id.partition("/")[0],
            FeatureRows(len(line.starts), read, files=files),
            fps=clip.footage.fps,
            fps_assumed=clip.fps_assumed,
            scene=clip.scene,
            video_label=clip.video_label,
            fingerprint=clip.footage.fingerprint,
            classes=clip.classes,
            metadata=kinds_of(clip.classes, clip.labels),
            timeline=Timeline(line.starts, line.num_frames, clip.labels),
        )


def _crops_of(files: Sequence[pathlib.Path], crops: str) -> np.ndarray:
    """Return the rows of a clip, [t, d] or [t, crops, d]."""
    if len(files) == 1:
        return rows_of(files[0], crops)
    parts = [rows_of(path, crops) for path in files]
    if crops == "all":
        return np.stack(parts, 1)
    return np.asarray(np.mean(np.stack(parts), 0, dtype=np.float32))
