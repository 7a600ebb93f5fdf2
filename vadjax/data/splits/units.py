"""The one split type: folds of units, where a unit is a video, a segment, an image or a window."""

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vadjax.data.splits.windows import WindowTable, window_table


@dataclass(frozen=True)
class Segment:
    """A stretch of one video, half-open, in frames."""

    video_id: str
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class Units:
    """A table of units: what a detector is trained, validated, calibrated or tested on.

    Attributes:
        segments: the stretches of video that hold the units; their rows lie one behind the other.
            Where `windows` is None, each segment is a unit.
        windows: int32 [n, t], the rows of each unit over all segments, where a unit is a window.
        labels: uint8 [n], labels of the windows; None where segments are the units.
    """

    segments: tuple[Segment, ...] = ()
    windows: np.ndarray | None = None
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.segments) if self.windows is None else len(self.windows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Units) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def kind(self) -> str:
        """What a unit is: "window" or "segment"."""
        return "segment" if self.windows is None else "window"

    @functools.cached_property
    def key(self) -> tuple:
        """What two equal tables have in common; hashable."""
        if self.windows is None:
            return self.segments
        return (*self.segments, hashlib.sha256(self.windows.tobytes()).hexdigest())

    @property
    def num_rows(self) -> int:
        """Frames of all segments."""
        return sum(map(len, self.segments))

    def window_table(
        self,
        *,
        length: int,
        stride: int = 1,
        dilation: int = 1,
        start_of: Callable[[Segment], int] | None = None,
        pad: bool = False,
    ) -> WindowTable:
        """Return the windows: the units themselves, or those cut from each segment.

        Args:
            length: rows of a window.
            stride: rows between the starts of two windows that are cut from a segment.
            dilation: rows between neighbours in a window.
            start_of: row at which a segment begins among the features; None: one behind the other.
            pad: a segment shorter than a window gives one too, see `windows.window_table`.

        Returns:
            Rows of the windows; `video` is the position of the segment, or 0 for given windows.
        """
        starts = self._starts() if start_of is None else [start_of(s) for s in self.segments]
        if self.windows is None:
            lengths = list(map(len, self.segments))
            cut: dict[str, Any] = {"length": length, "stride": stride, "dilation": dilation}
            return window_table(lengths, **cut, starts=starts, pad=pad)
        rows = self.windows
        if start_of is not None:
            shift = np.repeat(np.subtract(starts, self._starts()), list(map(len, self.segments)))
            rows = (rows + shift[rows]).astype(np.int32)
        return WindowTable(rows, np.zeros(len(rows), np.int32))

    def used_rows(self) -> np.ndarray:
        """Return the rows of the units, int [m]: all of the segments, or those in windows."""
        if self.windows is None:
            return np.arange(self.num_rows)
        return np.unique(self.windows)

    def _starts(self) -> np.ndarray:
        return np.cumsum([0, *map(len, self.segments)])[: len(self.segments)]


@dataclass(frozen=True)
class Fold:
    """One training and what it is used for.

    Attributes:
        index: position among the folds.
        train: what the model, and every statistic of its input, is fitted on.
        validation: early stopping and choice of the checkpoint; never trained on.
        calibration: the threshold; never trained on.
        test: what this fold's detector scores.
        warnings: what a reader of the results has to know about the split.
        protocol: by whose rules it was made.
    """

    index: int
    train: Units
    validation: Units
    calibration: Units
    test: Units
    warnings: tuple[str, ...] = ()
    protocol: str = "one_class"

    @property
    def videos(self) -> tuple[str, ...]:
        """Ids of all videos that the fold uses, each once."""
        tables = (self.train, self.validation, self.calibration, self.test)
        return tuple(dict.fromkeys(s.video_id for units in tables for s in units.segments))


@dataclass(frozen=True, eq=False)
class Provenance:
    """Where each row of the concatenated features comes from.

    Attributes:
        video: int [n], number of the video that the row belongs to; an augmented copy of a video
            is a video of its own.
        frame: int [n], frame within it (of its source, for an augmented copy).
        source: int [n], number of the video whose frames these are; None: no augmented copies.
        copies: int [m, 2], a row and another video's row that shows the same; None: not known.
        names: id of each video number, for messages.
    """

    video: np.ndarray
    frame: np.ndarray
    source: np.ndarray | None = None
    copies: np.ndarray | None = None
    names: Sequence[str] = field(default_factory=tuple)

    @classmethod
    def of_videos(cls, videos: Sequence) -> "Provenance":
        """Describe whole videos, one behind the other, a row a frame.

        Args:
            videos: objects with `id`, `frames` and `metadata`; an altered copy names its
                `source_id` and the `frames` of the source that it shows there.
        """
        number = {video.id: index for index, video in enumerate(videos)}
        lengths = [len(video.frames) for video in videos]
        facts = [getattr(video, "metadata", {}) for video in videos]
        sources = [known.get("source_id", v.id) for known, v in zip(facts, videos, strict=True)]
        for source in sources:
            number.setdefault(source, len(number))
        copied = any(source != v.id for source, v in zip(sources, videos, strict=True))
        frames = [
            known.get("frames", np.arange(n)) for known, n in zip(facts, lengths, strict=True)
        ]
        return cls(
            np.repeat(np.arange(len(videos)), lengths),
            np.concatenate(frames) if frames else np.zeros(0, int),
            source=np.repeat([number[source] for source in sources], lengths) if copied else None,
            names=tuple(number),
        )
