"""Videos: frames that are read on demand, with labels, masks and rate."""

import abc
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from vadjax.data.deviation import Deviation
from vadjax.data.fingerprints import signature
from vadjax.data.frame_source import FrameSequence
from vadjax.data.masks import Masks
from vadjax.data.timing import edges
from vadjax.errors import UserError


class Frames(abc.ABC):
    """The frames of one video, read on demand.

    `frames[i]` reads one frame anywhere; `for frame in frames` reads all of them in order and is
    the fast way. A frame is uint8 [h, w, 3] in RGB, or [h, w] when the source is grey. Several
    threads may read at once.

    Args:
      num_frames: how many.
      size: height and width in pixels, where they are known; else those of the first frame.
      files: that the frames are read from; a file may be named more than once.
    """

    def __init__(
        self,
        num_frames: int,
        *,
        size: tuple[int, int] | None = None,
        files: Sequence[str | os.PathLike] = (),
    ):
        self._num_frames, self._size = num_frames, size
        self.files: tuple[str, ...] = tuple(os.fspath(file) for file in files)
        self._signature = signature(self.files)

    def __len__(self) -> int:
        return self._num_frames

    def __getitem__(self, index: int) -> np.ndarray:
        if not -len(self) <= index < len(self):
            raise IndexError(f"frame {index} of a video of {len(self)} frames")
        return self._read(index % len(self))

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self._read(i) for i in range(len(self)))

    @cached_property
    def _first(self) -> tuple[int, ...]:
        return next(iter(self)).shape

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self._size or (self._first[0], self._first[1])

    @property
    def channels(self) -> int:
        """3 for RGB, 1 for grey."""
        return 3 if len(self._first) == 3 else 1

    @property
    def changed(self) -> bool:
        """Whether a file was replaced or written to since the frames were opened."""
        return signature(self.files) != self._signature

    @abc.abstractmethod
    def _read(self, index: int) -> np.ndarray:
        """Read frame `index`, which lies in 0 .. len - 1."""


class ArrayFrames(Frames):
    """A uint8 .npy file [t, h, w] or [t, h, w, 3], memory-mapped."""

    def __init__(self, path: str | os.PathLike):
        self._array = np.load(path, mmap_mode="r", allow_pickle=False)
        super().__init__(len(self._array), files=[path])

    def _read(self, index: int) -> np.ndarray:
        return np.array(self._array[index])


@dataclass(frozen=True, eq=False)
class Video:
    """One clip: its frames and their ground truth.

    Attributes:
      id: "<split>/<clip>", the same in every layout of a data set, e.g. "test/01".
      split: "train" or "test".
      frames: read on demand.
      fps: frames a second, or None where nothing says; the mean where `times` are given.
      fps_assumed: `fps` is common knowledge about the data set, not read from the files.
      times: float64 [t] seconds from the first frame, or None where they are index / `fps`.
      scene: clips of one scene share a camera.
      labels: [t] uint8, 1 = abnormal, or None where unknown.
      masks: [t] of uint8 0/1 [h, w], 1 = abnormal, or None.
      video_label: 1 if any frame is abnormal, 0 if none is, None where unknown; it follows from
        `labels` where these are known.
      fingerprint: changes when the frames do (`data.fingerprints`); stored rows are found by it.
      substituted: frames whose file cannot be read; they show their neighbour.
      metadata: what else the source says, such as its own conventions.
      content: `data.content.ROW` [t], what each frame shows, where it was measured.

    Raises:
      UserError: labels, masks or times are not as many as the frames.
    """

    id: str
    split: str
    frames: Frames
    fps: float | None = None
    fps_assumed: bool = False
    times: np.ndarray | None = None
    scene: str = "0"
    labels: np.ndarray | None = None
    masks: Masks | None = None
    video_label: int | None = None
    fingerprint: str = ""
    substituted: tuple[int, ...] = ()
    metadata: Mapping = field(default_factory=dict)
    content: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.labels is not None:
            object.__setattr__(self, "video_label", int(np.any(self.labels)))
        for kind in ("labels", "masks", "times"):
            values = getattr(self, kind)
            if values is not None and len(values) != len(self.frames):
                raise UserError(
                    f"{self.id}: {kind} for {len(values)} frames, but the clip has "
                    f"{len(self.frames)}."
                )

    @property
    def edges(self) -> np.ndarray | None:
        """When each frame begins, and when the last one ends: float64 [t + 1] seconds, or None."""
        return edges(self.times, self.fps, len(self.frames))

    def source(self) -> FrameSequence:
        """Return the frames with their times, for a detector that reads a stream."""
        return FrameSequence(self.id, self.frames, self.fps, self.times)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test clips under one labelling.

    Attributes:
      name: as in `vadjax.data.DATASETS`.
      label_version: which of the labellings in circulation, named by its source.
      coverage: e.g. "6 of 37 clips", which belongs to every number; None when complete.
      train: clips of the training side.
      test: clips of the test side.
      metadata: root, layout, label file and its convention, expected counts.
      deviations: differences from what the authors describe.
      title, official_split, num_folds, pooled_note, copies_like: facts of its builder, see
        `vadjax.data.builders.builder.Builder`.
    """

    name: str
    label_version: str
    coverage: str | None
    train: tuple[Video, ...]
    test: tuple[Video, ...]
    metadata: Mapping = field(default_factory=dict)
    deviations: tuple[Deviation, ...] = ()
    title: str = ""
    official_split: bool = False
    num_folds: int = 5
    pooled_note: str = ""
    copies_like: str = "ucsd"
