"""What a fit has read: stretches of videos, noted by the fit itself for the leakage audit."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.splits.units import Segment

Stretch = tuple[str, int, int]  # id of a video, first frame, frame after the last
FittedOn = Mapping[str, Sequence[Stretch]]  # purpose -> frames
PURPOSES = ("standardisation", "training", "early stopping", "threshold")


def stretches(segments: Sequence[Segment], rows: np.ndarray) -> list[Stretch]:
    """Say which frames rows are of.

    Args:
        segments: whose rows lie one behind the other.
        rows: int, any shape; numbers of rows over all segments.

    Returns:
        The stretches, ordered by video and frame; neighbours are joined.
    """
    ends = np.cumsum([len(segment) for segment in segments])
    rows = np.unique(rows)
    which = np.searchsorted(ends, rows, side="right")
    frames: dict[str, list[np.ndarray]] = {}
    for number, segment in enumerate(segments):
        own = rows[which == number] - (ends[number] - len(segment)) + segment.start
        frames.setdefault(segment.video_id, []).append(own)
    found: list[Stretch] = []
    for video, parts in frames.items():
        own = np.unique(np.concatenate(parts))
        edges = np.flatnonzero(np.diff(own) != 1) + 1
        runs = np.split(own, edges) if len(own) else []
        found += [(video, int(run[0]), int(run[-1]) + 1) for run in runs]
    return sorted(found)


def stretches_of(clips: Iterable[Clip], rows: Callable[[Clip], np.ndarray]) -> list[Stretch]:
    """Say which frames of clips are read.

    Args:
        clips: that a fit reads.
        rows: clip -> numbers of the rows that are read.

    Returns:
        As `stretches`.
    """
    found = [each for clip in clips for each in stretches(clip.units.segments, rows(clip))]
    return sorted(set(found))
