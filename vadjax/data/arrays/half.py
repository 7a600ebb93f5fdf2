"""Half precision to float32 and back on the host, with the processor's instructions for it.

NumPy converts in software; OpenCV uses the processor's instructions (F16C and the like), in a third
to a fifth of the time.
"""

import functools
from typing import Any

import numpy as np

ONE: Any = 1.0  # the types that OpenCV declares lack numbers


def to_half(values: np.ndarray, out: np.ndarray) -> None:
    """Round values to half precision, as `out[...] = values` does.

    Args:
      values: float32, at least one axis.
      out: float16 of the same shape, contiguous; written to.
    """
    if not values.size or not _opencv_converts():
        out[...] = values
        return
    _convert(np.ascontiguousarray(values), out)


def to_single(values: np.ndarray) -> np.ndarray:
    """Return half precision as float32, exactly, as `values.astype(np.float32)` does.

    Args:
      values: float16, at least one axis.
    """
    if not values.size or not _opencv_converts():
        return values.astype(np.float32)
    out = np.empty(values.shape, np.float32)
    _convert(np.ascontiguousarray(values), out)
    return out


def _convert(values: np.ndarray, out: np.ndarray) -> None:
    """Write contiguous values into `out`, of the other precision."""
    import cv2

    depth = cv2.CV_16F if out.dtype == np.float16 else cv2.CV_32F
    cv2.multiply(values.reshape(1, -1), ONE, dst=out.reshape(1, -1), dtype=depth)


@functools.cache
def _opencv_converts() -> bool:
    """Return whether OpenCV converts both ways as NumPy does: below version 5 it cannot."""
    import cv2

    values = np.array([[-0.0, 1.00048828125, 6e-8, 65504.0]], np.float32)
    wanted = values.astype(np.float16)
    found, back = np.zeros_like(wanted), np.zeros_like(values)
    try:
        _convert(values, found)
        _convert(wanted, back)
    except (cv2.error, AttributeError, TypeError):
        return False
    same = np.array_equal(found.view(np.uint16), wanted.view(np.uint16))
    return same and np.array_equal(back, wanted.astype(np.float32))
