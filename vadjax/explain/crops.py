"""What a box of a frame shows, as a small picture."""

import cv2
import numpy as np

SIDE = 80  # pixels of a picture
AROUND = 1.4  # sides of the box that a picture shows
QUALITY = 80  # of the jpeg; 1 to 3 kB a picture


def crop_jpeg(frame: np.ndarray, box: tuple[int, int, int, int]) -> bytes:
    """Cut the square around a box, moved into the frame where it would lie beyond.

    Args:
        frame: uint8 [h, w] or [h, w, 3] RGB.
        box: left, top, width, height in pixels of the frame.

    Returns:
        A jpeg of `SIDE` x `SIDE` pixels.
    """
    left, top, width, height = box
    side = min(max(4, round(AROUND * max(width, height))), *frame.shape[:2])
    x = min(max(round(left + (width - side) / 2), 0), frame.shape[1] - side)
    y = min(max(round(top + (height - side) / 2), 0), frame.shape[0] - side)
    cut = np.ascontiguousarray(frame[y : y + side, x : x + side])
    how = cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC
    cut = cv2.resize(cut, (SIDE, SIDE), interpolation=how)
    if cut.ndim == 3:
        cut = cut[..., ::-1]  # OpenCV writes BGR
    return cv2.imencode(".jpg", cut, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
