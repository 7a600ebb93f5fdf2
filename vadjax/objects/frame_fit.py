"""Frames to the input size of a detector, and boxes back to the frame."""

import dataclasses

import cv2
import numpy as np

from vadjax.errors import UserError

FITS = ("stretch", "letterbox", "corner")


@dataclasses.dataclass(frozen=True)
class Placed:
    """Where a frame lies in an input: x of the input is left + scale_x * x of the frame.

    Attributes:
        frame_size: (height, width) of the frame.
        scale: (x, y), input pixels for each pixel of the frame.
        offset: (left, top) of the frame in the input, in pixels.
    """

    frame_size: tuple[int, int]
    scale: tuple[float, float]
    offset: tuple[int, int]

    def to_frame(self, boxes: np.ndarray) -> np.ndarray:
        """Map boxes from the input to the frame and clip them to it.

        Args:
            boxes: [..., 4] float, (x0, y0, x1, y1) in pixels of the input.

        Returns:
            [..., 4] float64 in pixels of the frame.
        """
        scale, offset = np.tile(self.scale, 2), np.tile(self.offset, 2)
        limits = np.tile(self.frame_size[::-1], 2)
        return np.clip((np.asarray(boxes, np.float64) - offset) / scale, 0, limits)


def colour(frame: np.ndarray) -> np.ndarray:
    """Return a frame as [h, w, 3] uint8.

    Raises:
        UserError: It is no frame of uint8, or has no pixel.
    """
    frame = np.asarray(frame)
    grey = frame.ndim == 2 or (frame.ndim == 3 and frame.shape[2] == 1)
    fine = grey or (frame.ndim == 3 and frame.shape[2] == 3)
    if frame.dtype != np.uint8 or not fine or not frame.size:
        raise UserError(
            f"frame is {frame.dtype} {list(frame.shape)}; an object detector takes uint8 "
            "[h, w, 3] (RGB), [h, w, 1] or [h, w]"
        )
    if grey:
        return np.repeat(frame.reshape(*frame.shape[:2], 1), 3, axis=2)
    return frame


def fit(
    frame: np.ndarray, *, size: tuple[int, int], how: str, pad: int = 114
) -> tuple[np.ndarray, Placed]:
    """Resize a frame to the input size, bilinearly and without antialiasing (OpenCV's).

    Args:
        frame: [h, w, 3] uint8.
        size: (height, width) of the input in pixels.
        how: "stretch" does not keep the frame's aspect ratio; "letterbox" keeps it and centres the
            frame, "corner" keeps it and puts the frame at the top left.
        pad: Grey level around the frame.

    Returns:
        [height, width, 3] uint8, and where the frame lies in it.
    """
    height, width = frame.shape[:2]
    if how == "stretch":
        resized, left, top = size, 0, 0
        scale = (size[1] / width, size[0] / height)
    else:
        ratio = min(size[0] / height, size[1] / width)
        scale = (ratio, ratio)
        resized = max(round(height * ratio), 1), max(round(width * ratio), 1)
        # Of an odd number of free pixels the larger part lies below and on the right.
        free = size[1] - resized[1], size[0] - resized[0]
        left, top = (free[0] // 2, free[1] // 2) if how == "letterbox" else (0, 0)
    image = frame
    if (height, width) != resized:
        image = cv2.resize(frame, resized[::-1], interpolation=cv2.INTER_LINEAR)
    if resized != size:
        canvas = np.full((*size, 3), pad, np.uint8)
        canvas[top : top + resized[0], left : left + resized[1]] = image
        image = canvas
    return image, Placed((height, width), scale, (left, top))
