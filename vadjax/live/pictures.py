"""What a frame looked like: with its heat map and a box, as a JPEG."""

import cv2
import numpy as np

from vadjax.explain.overlay import draw_boxes, overlay, rgb

QUALITY = 85  # of the JPEG
MOST = 960  # pixels: the longer side of a picture

Box = tuple[float, float, float, float]  # left, top, right, bottom as fractions of the frame


def picture(
    frame: np.ndarray, heat: np.ndarray | None, threshold: float | None, box: Box | None
) -> bytes:
    """Draw a frame.

    Args:
        frame: uint8 [h, w, 3] RGB, or [h, w] grey.
        heat: float [rows, columns] in the unit of the score, or None.
        threshold: of the score.
        box: what is drawn around.

    Returns:
        A JPEG.
    """
    image = shrunk(rgb(frame))
    height, width = image.shape[:2]
    if heat is not None and threshold:
        strength = (np.asarray(heat, np.float32) / abs(threshold) - 0.5).clip(0, 1)
        image = overlay(image, cv2.resize(strength, (width, height)))
    if box is not None:
        left, top = round(box[0] * width), round(box[1] * height)
        size = round(box[2] * width) - left, round(box[3] * height) - top
        draw_boxes(image, [(left, top, *size)])
    return jpeg(image)


def as_fractions(box: tuple[int, int, int, int], width: int, height: int) -> Box:
    """Return a box of a finding as fractions of the frame, what lies outside cut off.

    Args:
        box: left, top, width and height in pixels.
        width: of the frame.
        height: of the frame.

    Returns:
        left, top, right and bottom, in [0, 1].
    """
    left, top, wide, tall = box
    right, bottom = (left + wide) / width, (top + tall) / height
    return max(left / width, 0.0), max(top / height, 0.0), min(right, 1.0), min(bottom, 1.0)


def shrunk(image: np.ndarray, most: int = MOST) -> np.ndarray:
    """Return the picture, made smaller where its longer side has more pixels.

    Args:
        image: uint8 [h, w, 3] or [h, w].
        most: pixels of the longer side.

    Returns:
        uint8; with even sides where it was made smaller.
    """
    height, width = image.shape[:2]
    scale = most / max(height, width)
    if scale >= 1:
        return image
    size = max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def jpeg(image: np.ndarray, quality: int = QUALITY) -> bytes:
    """Encode a picture.

    Args:
        image: uint8 [h, w, 3] RGB, or [h, w] grey.
        quality: of the JPEG, 0 to 100.

    Returns:
        A JPEG.
    """
    shown = image if image.ndim == 2 else image[..., ::-1]  # OpenCV writes BGR
    found = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return found.tobytes()


def box_of(heat: np.ndarray, threshold: float) -> Box | None:
    """Return what surrounds the region of the highest value of a map.

    Args:
        heat: float [rows, columns].
        threshold: the region is what reaches it, or half of the highest value.

    Returns:
        The box; None of a map that is the same everywhere.
    """
    rows, columns = heat.shape
    low, high = float(heat.min()), float(heat.max())
    if high <= low:
        return None
    level = min(max(threshold, (low + high) / 2), high)
    regions = cv2.connectedComponents((heat >= level).astype(np.uint8))[1]
    peak = np.unravel_index(int(heat.argmax()), heat.shape)
    ys, xs = np.nonzero(regions == regions[peak])
    return (
        float(xs.min() / columns),
        float(ys.min() / rows),
        float((xs.max() + 1) / columns),
        float((ys.max() + 1) / rows),
    )
