"""How much a video moves, against the training clips: differing frames, and three levels of flow.

Elavarasi et al. list for each video a "frame difference rate" (the share of frames that differ
significantly from the frame before), a motion class (low, moderate, high) and how effective optical
flow is, without saying where one ends and the next begins. Here all cut-offs are stated, and
measured on the training clips.
"""

import dataclasses
from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np

from vadjax.backbones.optical_flow import optical_flow
from vadjax.features.motion import MOTION_NAMES, working_grey

LEVELS = ("low", "moderate", "high")
SIGNIFICANT = 2.0  # standard deviations above the mean of training frames
MOVING = 0.5  # pixels a frame from which a pixel counts as moving
EFFECTIVE = (1 / 3, 2 / 3)  # shares of the change at which the next level begins
PAIRS = 24  # of neighbouring frames of a video, evenly spaced, that are warped
DIFFERENCE, FLOW = map(MOTION_NAMES.index, ("difference", "flow"))


@dataclasses.dataclass(frozen=True)
class MotionLevels:
    """Cut-offs that training clips give.

    Attributes:
        difference: grey levels; a frame whose change is above it differs significantly.
        flow: pixels a frame at which moderate, and high motion begin: thirds of the training clips.
    """

    difference: float
    flow: tuple[float, float]

    @classmethod
    def fit(cls, clips: Sequence[np.ndarray]) -> "MotionLevels":
        """Measure the cut-offs.

        Args:
            clips: rows float [t, 2] of each training clip, see `motion.MOTION_NAMES`.

        Returns:
            The cut-offs.
        """
        change = np.concatenate([rows[:, DIFFERENCE] for rows in clips]).astype(np.float64)
        means = [np.mean(rows[:, FLOW], dtype=np.float64) for rows in clips]
        low, high = np.quantile(means, (1 / 3, 2 / 3)).tolist()
        return cls(float(change.mean() + SIGNIFICANT * change.std()), (low, high))

    def difference_rate(self, rows: np.ndarray) -> float:
        """Return the share of a video's frames that differ significantly, of rows [t, 2]."""
        return float(np.mean(rows[:, DIFFERENCE] > self.difference))

    def motion(self, rows: np.ndarray) -> str:
        """Return the level of a video's mean flow, of rows [t, 2]."""
        return level_of(float(np.mean(rows[:, FLOW], dtype=np.float64)), self.flow)


def level_of(value: float, begins: Sequence[float]) -> str:
    """Return the level of a value.

    >>> [level_of(value, (1, 2)) for value in (0.5, 1, 2)]
    ['low', 'moderate', 'high']

    Args:
        value: a number.
        begins: where moderate, and high begin.

    Returns:
        One of `LEVELS`.
    """
    return LEVELS[sum(value >= start for start in begins)]


class Frames(Protocol):
    """Frames of a video by their numbers."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> np.ndarray: ...


def flow_explained(frames: Frames) -> float | None:
    """Return which share of the change of moving pixels the optical flow explains.

    The later frame of each pair is moved back along the flow; what is left of the difference to
    the earlier one is not explained. 1 is a flow that says where everything went.

    Args:
        frames: uint8 [h, w] or [h, w, 3] RGB, random access; at most `PAIRS` pairs are read.

    Returns:
        0 to 1; None where nothing moves.
    """
    changed = left = 0.0
    count = min(PAIRS, len(frames) - 1)
    for start in np.linspace(0, len(frames) - 2, count).round().astype(int).tolist():
        last, grey = (working_grey(frames[index]) for index in (start, start + 1))
        flow = optical_flow(last, grey)
        moving = cv2.magnitude(flow[..., 0], flow[..., 1]) > MOVING
        if not moving.any():
            continue
        rows, columns = np.indices(last.shape, np.float32)
        x, y = columns + flow[..., 0], rows + flow[..., 1]
        back = cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        changed += float(cv2.absdiff(last, grey)[moving].sum())
        left += float(cv2.absdiff(last, back)[moving].sum())
    return max(0.0, 1 - left / changed) if changed else None
