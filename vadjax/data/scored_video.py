"""One scored video: the record that thresholds, metrics, explanations, pages and tables read."""

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np

from vadjax.data.frames.timing import edges
from vadjax.data.recognized import Recognized
from vadjax.errors import UserError

UNITS = ("frame", "window", "segment", "image", "video")


@dataclasses.dataclass(frozen=True)
class Normal:
    """A body of a training clip.

    Attributes:
        video: id of the clip's video.
        frame: of the video.
        time_s: when the frame begins, seconds from the first one; None where unknown.
        jpeg: a picture of the body.
    """

    video: str
    frame: int
    time_s: float | None
    jpeg: bytes


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a detector saw in one frame, in words.

    Attributes:
        frame: number of the row.
        cue: name of the part of the detector that found it most unusual.
        text: what was seen and what is normal there, a sentence without a full stop.
        box: (left, top, width, height) in pixels of the frame, or None.
        value: what the cue measured, or None.
        usual: the number that it is compared with, or None.
        unit: of both.
        jpeg: a picture of what is in the box, or None.
        normal: what resembles it most of what is normal, or None.
    """

    frame: int
    cue: str
    text: str
    box: tuple[int, int, int, int] | None = None
    value: float | None = None
    usual: float | None = None
    unit: str = ""
    jpeg: bytes | None = None
    normal: Normal | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class ScoredVideo:
    """The scores of one video and what is known about it.

    A row is a frame. Where a protocol splits at window level the record stands for the list of
    tested windows and a row is a window; of an image data set a row is an image.

    Attributes:
        id: of the video, for instance "test/01"; "train/03[0:120]" is a part of one.
        scores: float32 [t], finite; higher is more abnormal.
        predicted: bool [t], False where a row was filled from its nearest scored row.
        maps: float [t, h, w] on a small grid, in the unit of the scores, or None.
        parts: name of a cue -> float32 [t], for detectors that combine cues.
        labels: uint8 [t], 1 is abnormal, or None where the truth is unknown.
        times: float64 [t], seconds from the first row, or None where they are index / `fps`.
        fps: frames a second, or None where unknown; the mean where `times` are given.
        fps_assumed: `fps` is common knowledge about the data set, not read from the files.
        threshold: score from which a row is called abnormal, or None.
        alarms: half-open (start, stop) in rows.
        findings: of each alarm what was seen at its peak, by detectors that say it; else empty.
        kinds: kind of anomaly -> bool [t], where the data set names kinds.
        recognized: classes of the rows, by detectors that tell them; None of others.
        unit: what a row is, one of `UNITS`.
        fold: number of the fold whose detector made the scores.
        scene: videos of one scene share a camera.
        substituted: rows whose frame cannot be read and shows its neighbour.

    Raises:
        UserError: arrays of different lengths, or a score that is not finite.
    """

    id: str
    scores: np.ndarray
    predicted: np.ndarray = None  # type: ignore[assignment]  # None becomes all True
    maps: np.ndarray | None = None
    parts: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    labels: np.ndarray | None = None
    times: np.ndarray | None = None
    fps: float | None = None
    fps_assumed: bool = False
    threshold: float | None = None
    alarms: tuple[tuple[int, int], ...] = ()
    findings: tuple[Finding, ...] = ()
    kinds: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    recognized: Recognized | None = None
    unit: str = "frame"
    fold: int = 0
    scene: str = "0"
    substituted: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.predicted is None:
            object.__setattr__(self, "predicted", np.ones(len(self.scores), bool))
        arrays = {"labels": self.labels, "predicted": self.predicted, "times": self.times}
        arrays |= {"maps": self.maps, **self.parts, **self.kinds}
        if self.recognized is not None:
            arrays["probabilities of classes"] = self.recognized.probabilities
            arrays["classes"] = self.recognized.truth
        for name, values in arrays.items():
            if values is not None and len(values) != len(self.scores):
                raise UserError(
                    f"video {self.id!r}: {len(values)} {name} for {len(self.scores)} scores"
                )
        bad = np.flatnonzero(~np.isfinite(self.scores))
        if len(bad):
            raise UserError(
                f"video {self.id!r}: {len(bad)} scores are not finite, the first at frame "
                f"{bad[0]}. NaN or inf in the features, or training that diverged, leads to this."
            )

    def as_normal(self) -> "ScoredVideo":
        """Return the record with its labels or, where it has none, as normal throughout."""
        if self.labels is not None:
            return self
        return dataclasses.replace(self, labels=np.zeros(len(self.scores), np.uint8))

    @property
    def truth(self) -> np.ndarray:
        """The labels of a video that has some.

        Raises:
            ValueError: it has none.
        """
        if self.labels is None:
            raise ValueError(f"video {self.id!r} has no labels")
        return self.labels

    @functools.cached_property
    def edges(self) -> np.ndarray | None:
        """When each row begins, and when the last one ends: float64 [t + 1] seconds, or None."""
        return edges(self.times, self.fps, len(self.scores))

    @property
    def duration_s(self) -> float | None:
        """Seconds from the first row's beginning to the last one's end; None where unknown."""
        return None if self.edges is None else float(self.edges[-1])

    @property
    def peak(self) -> int | None:
        """Row of the highest score; None for a video without rows."""
        return int(np.argmax(self.scores)) if len(self.scores) else None
