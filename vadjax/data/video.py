"""Videos: frames with labels, masks and rate; and data sets of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from vadjax.data.deviation import Deviation
from vadjax.data.frames.frame_source import FrameSequence
from vadjax.data.frames.on_demand import Frames
from vadjax.data.frames.timeline import Timeline
from vadjax.data.frames.timing import edges
from vadjax.data.labels.masks import Masks
from vadjax.errors import UserError


@dataclass(frozen=True, eq=False)
class Video:
    """One clip: its frames and their ground truth.

    Attributes:
      id: "<split>/<clip>", the same in every layout of a data set, e.g. "test/01".
      split: "train" or "test".
      frames: read on demand.
      fps: frames a second, or None where nothing says; the mean where `times` are given.
      fps_assumed: `fps` is common knowledge about the data set or given by the person, not read
        from the files.
      times: float64 [t] seconds from the first frame, or None where they are index / `fps`.
      scene: clips of one scene share a camera.
      labels: [t] uint8, 1 = abnormal, or None where unknown.
      masks: [t] of uint8 0/1 [h, w], 1 = abnormal, or None.
      video_label: 1 if any frame is abnormal, 0 if none is, None where unknown; it follows from
        `labels` where these are known.
      classes: kinds of anomaly, or of normal video, that the source names for the whole clip; its
        `metadata["kinds"]` says in which frames each is, where that is known.
      fingerprint: changes when the frames do (`data.paths.fingerprints`); stored rows are found by
        it.
      substituted: frames whose file cannot be read; they show their neighbour.
      metadata: what else the source says, such as its own conventions.
      content: `data.frames.content.ROW` [t], what each frame shows, where it was measured.
      unit: what one of its frames is: a "frame", or an "image" by itself.
      timeline: where the "frames" are rows of features that stand for several frames each: which
        ones, with their labels, from which those of the rows follow. `fps` is that of frames.

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
    classes: tuple[str, ...] = ()
    fingerprint: str = ""
    substituted: tuple[int, ...] = ()
    metadata: Mapping = field(default_factory=dict)
    content: np.ndarray | None = None
    timeline: Timeline | None = None
    unit: str = "frame"

    def __post_init__(self) -> None:
        if self.timeline is not None and self.timeline.labels is not None:
            object.__setattr__(self, "labels", self.timeline.row_labels)
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
      title, official_split, num_folds, pooled_note, copies_like, input_kind: facts of its builder,
        see `vadjax.data.builders.builder.Builder`.
      clips_known: it is known of each row of which clip and frame it is; False where feature files
        do not say it.
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
    input_kind: str = "videos"
    clips_known: bool = True

    def of_images(self) -> "Dataset":
        """Return the data set with each clip's frame as an image by itself."""
        train, test = (
            tuple(replace(video, unit="image") for video in side)
            for side in (self.train, self.test)
        )
        return replace(self, train=train, test=test)
