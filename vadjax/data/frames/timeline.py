"""Which frames each row of features stands for, where a row is not a frame."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Timeline:
    """The frames of a video whose features have a row for several of them.

    Attributes:
        starts: int64 [t], the first frame of each row, never falling, from 0. A row ends where the
            next one begins; of two that begin together the first stands for no frame.
        num_frames: of the video; the last row stands for all that are left.
        labels: uint8 [num_frames], 1 = abnormal, or None where unknown.
    """

    starts: np.ndarray
    num_frames: int
    labels: np.ndarray | None = None

    @property
    def counts(self) -> np.ndarray:
        """Frames of each row, int64 [t]."""
        return np.diff(self.starts, append=self.num_frames)

    @property
    def row_labels(self) -> np.ndarray | None:
        """Labels of the rows, uint8 [t]: 1 where one of a row's frames is abnormal."""
        if self.labels is None:
            return None
        before = np.concatenate([[0], np.cumsum(self.labels, dtype=np.int64)])
        return (before[self.starts + self.counts] > before[self.starts]).astype(np.uint8)

    def frames(self, start: int, stop: int) -> slice:
        """Return the frames of some rows.

        Args:
            start: the first row.
            stop: the row after the last.

        Returns:
            Half-open, from 0.
        """
        edges = np.append(self.starts, self.num_frames)
        return slice(int(edges[start]), int(edges[stop]))

    def spread(self, values: np.ndarray, start: int) -> np.ndarray:
        """Give each frame what its row has.

        Args:
            values: [k, ...], of the rows from `start` on.
            start: the first of them.

        Returns:
            [frames, ...].
        """
        return np.repeat(values, self.counts[start : start + len(values)], axis=0)


def every(num_rows: int, num_frames: int, step: int, labels: np.ndarray | None = None) -> Timeline:
    """Return the timeline of rows of `step` frames each; the last one has what is left.

    >>> every(3, 40, 16).counts.tolist()
    [16, 16, 8]

    Args:
        num_rows: rows.
        num_frames: of the video.
        step: frames of a row.
        labels: uint8 [num_frames], or None.

    Returns:
        The timeline.
    """
    return Timeline(np.arange(num_rows, dtype=np.int64) * step, num_frames, labels)


def segments(num_rows: int, num_clips: int, num_frames: int, step: int = 16) -> np.ndarray:
    """Return where the segments begin into which Sultani et al. (CVPR 2018) divide a video.

    Their code (WaqasSultani/AnomalyDetectionCVPR2018, Save_C3DFeatures_32Segments.m) rounds 33
    points from the first to the last clip of 16 frames.

    Args:
        num_rows: segments.
        num_clips: of `step` frames.
        num_frames: of the video.
        step: frames of a clip.

    Returns:
        int64 [num_rows], first frames.
    """
    shots = np.floor(np.linspace(1, num_clips, num_rows + 1) + 0.5).astype(np.int64) - 1
    return np.minimum(shots[:-1] * step, num_frames - 1)
