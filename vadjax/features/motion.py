"""Motion without learning: how much a frame differs from the one before it.

Two measures, each the largest mean over a box anywhere in the frame, so that one fast cyclist in a
quiet scene counts as much as a crowd:

  difference  absolute change of grey, boxes of 16 px
  flow        length of Farneback's optical flow (Farneback, SCIA 2003), boxes of 33 px, in pixels a
              frame

Box sizes are those of frames 240 px high and scale with the height. Frames taller than `MAX_HEIGHT`
are first shrunk to `WORKING_HEIGHT`, and their flow is in pixels of the shrunk frame.
"""

from typing import Any

import cv2
import numpy as np

from vadjax.errors import UserError

MOTION_NAMES = ("difference", "flow")
MAX_HEIGHT, WORKING_HEIGHT = 288, 240  # px
_BOXES = {"difference": 16, "flow": 33}  # px at 240 px
FARNEBACK: dict[str, Any] = {
    "pyr_scale": 0.5,
    "levels": 3,
    "winsize": 15,
    "iterations": 2,
    "poly_n": 5,
    "poly_sigma": 1.2,
    "flags": 0,
}


def motion_spec() -> dict:
    """Describe everything that determines the measures, for the store's fingerprint."""
    return {
        "motion": 1,  # version of the code below
        "names": MOTION_NAMES,
        "height": (MAX_HEIGHT, WORKING_HEIGHT),
        "boxes": _BOXES,
        "farneback": FARNEBACK,
    }


class MotionMeter:
    """Measures a video frame by frame.

    >>> meter = MotionMeter()
    >>> for frame in np.zeros((3, 32, 48), np.uint8):
    ...     meter.update(frame)
    >>> meter.rows().shape
    (3, 2)
    """

    def __init__(self):
        self._last: np.ndarray | None = None
        self._rows: list[tuple[float, float]] = []

    def update(self, frame: np.ndarray) -> None:
        """Take the next frame, uint8 [h, w] grey or [h, w, 3] RGB.

        Raises:
            UserError: the frame has not the size of the ones before it.
        """
        grey = _grey(frame)
        if self._last is not None:
            if grey.shape != self._last.shape:
                raise UserError(
                    f"Frame {max(1, len(self._rows))} of a video gives a picture of {grey.shape} "
                    f"pixels, the ones before it {self._last.shape}; the frames of one video must "
                    "be of one size."
                )
            self._rows.append(_measure(self._last, grey))
            if len(self._rows) == 1:  # nothing comes before the first frame: it gets the second's
                self._rows *= 2
        self._last = grey

    def rows(self) -> np.ndarray:
        """Return the measures so far, float32 [frames, 2] in the order of `MOTION_NAMES`."""
        if self._last is not None and not self._rows:
            return np.zeros((1, len(MOTION_NAMES)), np.float32)
        return np.array(self._rows, np.float32).reshape(-1, len(MOTION_NAMES))


def _grey(frame: np.ndarray) -> np.ndarray:
    height, width = frame.shape[:2]
    if height > MAX_HEIGHT:
        size = (max(1, round(width * WORKING_HEIGHT / height)), WORKING_HEIGHT)
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)


def optical_flow(last: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """Return how far each pixel has moved since the last frame, float32 [h, w, 2] in pixels."""
    return cv2.calcOpticalFlowFarneback(
        last, grey, np.empty((*grey.shape, 2), np.float32), **FARNEBACK
    )


def _measure(last: np.ndarray, grey: np.ndarray) -> tuple[float, float]:
    flow = optical_flow(last, grey)
    speed = cv2.magnitude(flow[..., 0], flow[..., 1])
    return (
        _largest_mean(cv2.absdiff(last, grey), _BOXES["difference"]),
        _largest_mean(speed, _BOXES["flow"]),
    )


def _largest_mean(values: np.ndarray, box: int) -> float:
    """The largest mean of `values` [h, w] over a box that lies wholly in the frame.

    Args:
        values: uint8 or float32.
        box: side in pixels of a frame 240 px high.
    """
    height, width = values.shape
    side = max(1, round(box * height / WORKING_HEIGHT))
    tall, wide = min(side, height), min(side, width)
    means = cv2.boxFilter(values, cv2.CV_32F, (wide, tall), anchor=(0, 0))
    return float(means[: height - tall + 1, : width - wide + 1].max())
