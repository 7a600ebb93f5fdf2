"""One scored video as the report sees it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class VideoView:
    """Scores of one video and what is known about it.

    Attributes:
        id: name shown to the reader, e.g. "test/01".
        scores: [t] float32, finite; higher is more abnormal.
        labels: [t] uint8, 1 is abnormal; None where the truth is unknown.
        predicted: [t] bool, False where a frame was filled from its nearest scored one; None
            stands for all True.
        threshold: score at and above which a frame is called abnormal.
        fps: frames per second; None where unknown, and no times are shown.
        thumbnails: (frame, small jpeg bytes) in any order.
        alarms: half-open (start, stop) in frames.
        kinds: half-open (start, stop, kind) of known anomalies, to name the shaded stretches.
        auc: frame AUC inside this video.
        fps_assumed: the rate is a guess, and times are marked as such.
        film: the annotated film of it, a path relative to the page; None where there is none.

    Raises:
        ValueError: arrays of different lengths, or a score that is not finite.
    """

    id: str
    scores: np.ndarray
    labels: np.ndarray | None = None
    predicted: np.ndarray | None = None
    threshold: float | None = None
    fps: float | None = None
    thumbnails: Sequence[tuple[int, bytes]] = ()
    alarms: Sequence[tuple[int, int]] = ()
    kinds: Sequence[tuple[int, int, str]] = ()
    auc: float | None = None
    fps_assumed: bool = False
    film: str | None = None

    def __post_init__(self):
        if self.predicted is None:
            object.__setattr__(self, "predicted", np.ones(len(self.scores), bool))
        for name in ("labels", "predicted"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.scores):
                raise ValueError(
                    f"video {self.id!r}: {len(values)} {name} for {len(self.scores)} scores"
                )
        bad = np.flatnonzero(~np.isfinite(self.scores))
        if len(bad):
            raise ValueError(
                f"video {self.id!r}: {len(bad)} scores are not finite, the first at frame {bad[0]}"
            )

    @property
    def peak(self) -> int | None:
        """Frame of the highest score; None for a video without frames."""
        return int(np.argmax(self.scores)) if len(self.scores) else None


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Return the half-open stretches of `mask` that hold.

    >>> runs(np.array([0, 1, 1, 0, 1]))
    [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([0], np.asarray(mask, bool), [0])).astype(int)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
