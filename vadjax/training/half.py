"""Float32 to half precision on the host, with the processor's instruction for it."""

import functools
from typing import Any

import numpy as np

ONE: Any = 1.0  # the types that OpenCV declares lack numbers


def to_half(values: np.ndarray, out: np.ndarray) -> None:
    """Round values to half precision, as `out[...] = values` does, in a fifth of its time.

    NumPy rounds in software; OpenCV 5 uses the instruction of the processor (F16C and the like).

    Args:
      values: float32, at least one axis.
      out: float16 of the same shape, contiguous; written to.
    """
    if not values.size or not _opencv_rounds():
        out[...] = values
        return
    import cv2

    flat, target = np.ascontiguousarray(values).reshape(1, -1), out.reshape(1, -1)
    cv2.multiply(flat, ONE, dst=target, dtype=cv2.CV_16F)


@functools.cache
def _opencv_rounds() -> bool:
    """Return whether OpenCV rounds to half precision as NumPy does: below version 5 it cannot."""
    import cv2

    values = np.array([[-0.0, 1.00048828125, 6e-8, 65504.0]], np.float32)
    wanted, found = values.astype(np.float16), np.zeros(values.shape, np.float16)
    try:
        cv2.multiply(values, ONE, dst=found, dtype=cv2.CV_16F)
    except (cv2.error, AttributeError, TypeError):
        return False
    return np.array_equal(found.view(np.uint16), wanted.view(np.uint16))
