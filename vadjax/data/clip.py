"""What a detector reads: stretches of video with their rows, labels and windows."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from vadjax.data.arrays.new_array import New, in_memory
from vadjax.data.frames.timeline import Timeline
from vadjax.data.recognized import Recognized
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.splits.units import Provenance, Segment, Units
from vadjax.data.video import Video

Read = Callable[[str, Segment], np.ndarray]  # name of an input, segment -> rows [t, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Clip:
    """A stretch of one video, or windows over the rows of several.

    Attributes:
        id: of the video; with its frames where the clip is not the whole video.
        units: one segment, or windows over segments.
        videos: of each segment.
        read: returns the rows of an input of a segment, usually memory-mapped.
        fold: number of the fold that the clip is used in.
        new_maps: shape -> float32 array, for a detector to fill with the clip's maps: on disk
            where a run has set it so, since the maps of a long video are larger than memory.
    """

    id: str
    units: Units
    videos: tuple[Video, ...]
    read: Read
    fold: int = 0
    new_maps: New = in_memory

    def __len__(self) -> int:
        """Rows of all segments."""
        return self.units.num_rows

    def arrays(self, name: str) -> list[np.ndarray]:
        """Return the rows of an input, one array [t, ...] a segment."""
        return [self.read(name, segment) for segment in self.units.segments]

    def rows(self, name: str) -> np.ndarray:
        """Return the rows of an input, [t, ...], all segments one behind the other."""
        arrays = self.arrays(name)
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

    def used_arrays(self, name: str) -> list[np.ndarray]:
        """Return the rows that statistics are taken of: all, or those that windows hold."""
        if self.units.windows is None:
            return self.arrays(name)
        return [self.rows(name)[self.units.used_rows()]]

    @functools.cached_property
    def labels(self) -> np.ndarray:
        """Labels of the rows, uint8 [t]; those of an unlabelled training clip are 0."""
        return np.concatenate(
            [
                np.zeros(len(segment), np.uint8)
                if video.labels is None
                else video.labels[segment.start : segment.stop].astype(np.uint8)
                for video, segment in zip(self.videos, self.units.segments, strict=True)
            ]
        )

    @property
    def last_rows(self) -> np.ndarray:
        """The row of each unit, int [n]; of a window its last row."""
        windows = self.units.windows
        return np.arange(len(self)) if windows is None else windows[:, -1]

    def provenance(self) -> Provenance:
        """Say of each row which video and frame it shows."""
        return Provenance.of_videos(self.videos)

    def scored(
        self,
        scores: np.ndarray,
        predicted: np.ndarray | None = None,
        *,
        maps: np.ndarray | None = None,
        parts: Mapping[str, np.ndarray] | None = None,
        recognized: Recognized | None = None,
    ) -> ScoredVideo:
        """Put scores and what is known of the clip into one record.

        Args:
            scores: float [n], one a unit.
            predicted: bool [n], False where a score was filled in; None is all True.
            maps: float [n, h, w] or None.
            parts: name of a cue -> float [n].
            recognized: classes of the units.

        Returns:
            The record, without threshold and alarms.
        """
        facts: dict[str, Any] = {
            "predicted": predicted,
            "fold": self.fold,
            "maps": maps,
            "parts": parts or {},
            "recognized": recognized,
        }
        scores = np.asarray(scores, np.float32)
        if self.units.windows is not None:
            facts |= {"labels": self.units.labels, "unit": "window"}
            return ScoredVideo(self.id, scores, **facts)
        video, segment = self.videos[0], self.units.segments[0]
        if (timeline := video.timeline) is not None:
            spread = functools.partial(timeline.spread, start=segment.start)
            scores = spread(scores)
            facts["predicted"] = None if predicted is None else spread(predicted)
            facts["parts"] = {name: spread(values) for name, values in facts["parts"].items()}
            if recognized is not None:
                facts["recognized"] = _spread(recognized, timeline, segment.start)
        return ScoredVideo(self.id, scores, **facts, **known_of(video, segment))


def _spread(recognized: Recognized, timeline: Timeline, start: int) -> Recognized:
    """Give each frame the classes of its row."""
    frames = timeline.frames(start, start + len(recognized.probabilities))
    ends = [timeline.frames(start, start + row + 1).stop for row in recognized.chunk_ends.tolist()]
    truth = recognized.truth
    if truth is not None and timeline.labels is not None:
        truth = timeline.spread(truth, start) * (timeline.labels[frames] > 0)
    return dataclasses.replace(
        recognized,
        probabilities=timeline.spread(recognized.probabilities, start),
        truth=truth,
        chunk_ends=np.array(ends, np.int32) - frames.start - 1,
    )


def without_frame_truth(video: Video) -> Video:
    """Return a video of which only the label of the whole is known, not that of any frame."""
    timeline = video.timeline
    return dataclasses.replace(
        video,
        labels=None,
        masks=None,
        timeline=None if timeline is None else dataclasses.replace(timeline, labels=None),
        metadata={key: value for key, value in video.metadata.items() if key != "kinds"},
    )


def known_of(video: Video, segment: Segment) -> dict:
    """Return the fields of a ScoredVideo that follow from a video.

    Args:
        video: that was scored.
        segment: which frames of it.

    Returns:
        labels, fps, fps_assumed, times, kinds, scene, unit and substituted of these frames.
    """
    frames, times, labels = slice(segment.start, segment.stop), video.times, video.labels
    if video.timeline is not None:
        frames, labels = video.timeline.frames(segment.start, segment.stop), video.timeline.labels
        segment = Segment(segment.video_id, frames.start, frames.stop)
    kinds = video.metadata.get("kinds", {})
    return {
        "labels": None if labels is None else labels[frames].astype(np.uint8),
        "fps": video.fps,
        "fps_assumed": video.fps_assumed,
        "times": None if times is None else times[frames] - times[segment.start],
        "kinds": {kind: np.asarray(mask, bool)[frames] for kind, mask in kinds.items()},
        "scene": video.scene,
        "unit": video.unit,
        "substituted": tuple(
            n - segment.start for n in video.substituted if segment.start <= n < segment.stop
        ),
    }


def clips_of(
    units: Units,
    videos: Mapping[str, Video],
    read: Read,
    *,
    name: str,
    fold: int = 0,
    new_maps: New = in_memory,
) -> list[Clip]:
    """Return the clips of a table of units.

    Args:
        units: of one fold and purpose.
        videos: id -> video.
        read: see `Clip`.
        name: of the clip where the units are windows.
        fold: number of the fold.
        new_maps: see `Clip`.

    Returns:
        A clip for each segment, or one clip of all windows; none where there is no unit.
    """
    if units.windows is not None:
        return [Clip(name, units, _videos_of(units.segments, videos), read, fold, new_maps)]
    known = [(segment, videos[segment.video_id]) for segment in units.segments]
    return [
        Clip(segment_name(segment, video), Units((segment,)), (video,), read, fold, new_maps)
        for segment, video in known
    ]


def segment_name(segment: Segment, video: Video) -> str:
    """Name a segment.

    Args:
        segment: of `video`.
        video: that it belongs to.

    Returns:
        The video's id, with the frames where the segment is not the whole video.
    """
    if (segment.start, segment.stop) == (0, len(video.frames)):
        return segment.video_id
    return f"{segment.video_id}[{segment.start}:{segment.stop}]"


def stretch_of(name: str, videos: Mapping[str, Video]) -> tuple[str, int, int]:
    """Return what `segment_name` names: a video, its first frame and the frame after its last.

    Args:
        name: of a segment.
        videos: id -> video.

    Returns:
        The three.
    """
    if name in videos:
        return name, 0, len(videos[name].frames)
    video, _, frames = name.rpartition("[")
    start, stop = frames.rstrip("]").split(":")
    return video, int(start), int(stop)


def _videos_of(segments: Sequence[Segment], videos: Mapping[str, Video]) -> tuple[Video, ...]:
    return tuple(videos[segment.video_id] for segment in segments)
