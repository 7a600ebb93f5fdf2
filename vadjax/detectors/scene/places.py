"""Places of the working frame -> pixels of the frame."""

import numpy as np

from vadjax.features.scene.reference import Reference

WIDTH = 0.6  # of a box, in heights


def scale_of(reference: Reference) -> np.ndarray:
    """Return pixels of the frame a pixel of the working frame, float64 (down, across)."""
    return np.array(reference.frame_shape) / reference.shape


def body_box(reference: Reference, centre: np.ndarray) -> tuple[int, int, int, int]:
    """Return where a body is.

    Args:
        reference: of the camera.
        centre: (x, y) of the body, pixels of the working frame.

    Returns:
        Left, top, width and height in pixels of the frame, within it.
    """
    row = min(max(int(centre[1]), 0), len(reference.body) - 1)
    size = float(reference.body[row]) * scale_of(reference) * (1.0, WIDTH)
    corner = np.asarray(centre)[::-1] * scale_of(reference) - size / 2
    low = np.clip(corner, 0, np.array(reference.frame_shape) - 1)
    high = np.clip(corner + size, low + 1, reference.frame_shape)
    (top, left), (height, width) = np.rint(low).astype(int), np.rint(high - low).astype(int)
    return int(left), int(top), int(width), int(height)
