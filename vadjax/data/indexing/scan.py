"""What a builder reports about the files of a data set: the rows of its index."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from vadjax.data.deviation import Deviation
from vadjax.data.indexing.footage import Footage


@dataclasses.dataclass(frozen=True)
class ScannedClip:
    """One row of the index.

    Attributes:
      id: of the video, "<split>/<clip>".
      footage: what `probe` measured.
      fps_assumed: the rate in `footage` is common knowledge or given, not the file's.
      labels: uint8 [num_frames], 1 = abnormal, or None where unknown.
      masks: the files of the masks, or none.
      mask_form: what these are, one of `data.labels.mask_forms.FORMS`.
      scene: clips of one scene share a camera.
      video_label: where `labels` is None: 1 = some frame is abnormal, 0 = none is, None = unknown.
      classes: kinds of anomaly, or of normal video, that the source names for the whole clip.
      kinds: class -> uint8 [num_frames], 1 in its frames, of every class; empty where unknown.
    """

    id: str
    footage: Footage
    fps_assumed: bool = False
    labels: np.ndarray | None = None
    masks: tuple[str, ...] = ()
    mask_form: str = "images"
    scene: str = "0"
    video_label: int | None = None
    classes: tuple[str, ...] = ()
    kinds: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Scan:
    """All clips of a data set, and what to say about them.

    Attributes:
      clips: training clips first.
      coverage: e.g. "6 of 37 clips", None when complete.
      metadata: plain data for `Dataset.metadata`.
      deviations: differences from what the authors describe.
    """

    clips: list[ScannedClip]
    coverage: str | None = None
    metadata: dict = dataclasses.field(default_factory=dict)
    deviations: list[Deviation] = dataclasses.field(default_factory=list)
