"""Motion measures without learning: how much a frame differs from the one before it.

Two measures, each the largest mean over a box anywhere in the frame, so that one fast cyclist in a
quiet scene gets as high a value as a crowd:

- difference: absolute change of grey, boxes of 16 px
- flow: length of Farneback's optical flow (Farneback, SCIA 2003), boxes of 33 px, in pixels a frame

Box sizes are those of frames 240 px high and scale with the height. Frames taller than `MAX_HEIGHT`
are first shrunk to `WORKING_HEIGHT`, and their flow is in pixels of the shrunk frame.
"""

import array

import cv2
import numpy as np

from vadjax.backbones.optical_flow import Expanded, flow_spec, optical_flow
from vadjax.errors import UserError

MOTION_NAMES = ("difference", "flow")
MAX_HEIGHT, WORKING_HEIGHT = 288, 240  # px
_BOXES = {"difference": 16, "flow": 33}  # px at 240 px


def motion_spec() -> dict:
    """Describe everything that determines the measures, for the store's fingerprint."""
    return {
        "motion": 1,  # version of the code below
        "names": MOTION_NAMES,
        "height": (MAX_HEIGHT, WORKING_HEIGHT),
        "boxes": _BOXES,
        "farneback": flow_spec(),
    }


class MotionMeter:
    """Measures a video frame by frame.

    >>> meter = MotionMeter()
    >>> for frame in np.zeros((3, 32, 48), np.uint8):
    ...     newest = meter.update(frame)
    >>> newest
    array([0., 0.], dtype=float32)
    >>> meter.rows().shape
    (3, 2)
    """

    def __init__(self, *, keep: bool = True):
        """Begin a video.

        Args:
            keep: whether `rows` will be asked for; without it, memory does not grow.
        """
        self._last: Expanded | None = None
        self._keep, self._count = keep, 0
        self._rows = array.array("f")  # of a day: no object for each frame

    def update(self, frame: np.ndarray) -> np.ndarray:
        """Take the next frame, uint8 [h, w] grey or [h, w, 3] RGB, and measure it.

        Returns:
            float32 [2] in the order of `MOTION_NAMES`; zeros for the first frame, which has
            nothing to compare with (`rows` gives it the second one's values).

        Raises:
            UserError: the frame has another size than the ones before it.
        """
        grey = working_grey(frame)
        newest = Expanded(grey)
        if self._last is None:
            measures = np.zeros(len(MOTION_NAMES), np.float32)
        elif grey.shape == self._last.grey.shape:
            measures = np.array(_measure(self._last, newest), np.float32)
        else:
            raise UserError(
                f"Frame {self._count} of a video gives a picture of {grey.shape} pixels, the ones "
                f"before it {self._last.grey.shape}; the frames of one video must be of one size."
            )
        self._last = newest
        self._count += 1
        if self._keep:
            self._rows.frombytes(measures.tobytes())
        return measures

    def rows(self) -> np.ndarray:
        """Return the measures so far, float32 [frames, 2] in the order of `MOTION_NAMES`."""
        rows = np.array(self._rows, np.float32).reshape(-1, len(MOTION_NAMES))  # a copy
        if len(rows) > 1:
            rows[0] = rows[1]  # nothing comes before the first frame
        return rows


def working_grey(frame: np.ndarray) -> np.ndarray:
    """Return a frame, uint8 [h, w] or [h, w, 3] RGB, as the grey picture that is measured."""
    height, width = frame.shape[:2]
    if height > MAX_HEIGHT:
        size = (max(1, round(width * WORKING_HEIGHT / height)), WORKING_HEIGHT)
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)


def _measure(last: Expanded, newest: Expanded) -> tuple[float, float]:
    flow = optical_flow(last, newest)
    speed = cv2.magnitude(flow[..., 0], flow[..., 1])
    return (
        _largest_mean(cv2.absdiff(last.grey, newest.grey), _BOXES["difference"]),
        _largest_mean(speed, _BOXES["flow"]),
    )


def _largest_mean(values: np.ndarray, box: int) -> float:
    """Return the largest mean of `values` over a box that lies wholly in the frame.

    Args:
        values: uint8 or float32 [h, w].
        box: side in pixels of a frame 240 px high.
    """
    height, width = values.shape
    side = max(1, round(box * height / WORKING_HEIGHT))
    tall, wide = min(side, height), min(side, width)
    means = cv2.boxFilter(values, cv2.CV_32F, (wide, tall), anchor=(0, 0))
    return float(means[: height - tall + 1, : width - wide + 1].max())
