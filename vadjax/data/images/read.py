"""Image files to frames, after their headers are checked (`image_header`)."""

import os
import pathlib
from collections.abc import Iterable

import cv2
import numpy as np

from vadjax.data.images.facts import BrokenImage, Facts
from vadjax.data.images.header import facts_of
from vadjax.data.text.printable import printable
from vadjax.runtime import crash

MAX_FILE = 1 << 29  # bytes
_FLAGS = {0: cv2.IMREAD_ANYCOLOR, 1: cv2.IMREAD_GRAYSCALE, 3: cv2.IMREAD_COLOR}

Levels = tuple[float, float]  # the values that become 0 and 255


def read_image(path: str | os.PathLike, *, channels: int = 0) -> tuple[np.ndarray, Facts]:
    """Read an image file.

    Args:
      path: of any name that the system allows.
      channels: 3 or 1 converts an image of 8 bits; 0 leaves it as it is.

    Returns:
      [h, w, 3] in RGB or [h, w], turned as its EXIF data say, in the depth of the file: uint8, or
      uint16, float32 and the like, which `to_8_bits` converts; and what its header says.

    Raises:
      BrokenImage: it cannot be read whole, or is larger than what is read.
      OSError: the file cannot be opened.
    """
    path = pathlib.Path(path)
    size = path.stat().st_size
    if size > MAX_FILE:
        raise BrokenImage(f"it has {size >> 20} MB; at most {MAX_FILE >> 20} MB are read")
    data = path.read_bytes()
    facts = facts_of(data)
    with crash.decoding(printable(path)):
        return decode(np.frombuffer(data, np.uint8), facts, channels=channels), facts


def decode(data: np.ndarray, facts: Facts, *, channels: int = 0) -> np.ndarray:
    """Decode a file whose header has been checked; of several pages the first.

    Args:
      data: the file, uint8 [bytes].
      facts: of its header.
      channels: see `read_image`.

    Returns:
      See `read_image`.

    Raises:
      BrokenImage: it cannot be decoded.
    """
    deep = facts.bits > 8
    flags = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH if deep else _FLAGS[channels]
    try:
        image = cv2.imdecode(data, flags)
    except cv2.error:
        image = None
    if image is None:
        raise BrokenImage(
            f"it cannot be decoded as {facts.kind} with {facts.samples} values of {facts.bits} "
            "bits a pixel"
        )
    if image.ndim == 2:
        return image
    if image.dtype in (np.uint8, np.uint16, np.float32):  # the depths that OpenCV converts
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return np.ascontiguousarray(image[..., 2::-1])


def levels_of(image: np.ndarray) -> Levels | None:
    """Return the lowest and highest finite value of an image of more than 8 bits; else None."""
    if image.dtype == np.uint8:
        return None
    values = image[np.isfinite(image)] if image.dtype.kind == "f" else image
    return (float(values.min()), float(values.max())) if values.size else None


def joined(levels: Iterable[Levels | None]) -> Levels | None:
    """Return the range that holds all ranges; None where there is none."""
    known = [each for each in levels if each]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def to_8_bits(image: np.ndarray, levels: Levels | None, *, channels: int = 0) -> np.ndarray:
    """Bring an image of more than 8 bits to uint8.

    Args:
      image: [h, w] or [h, w, 3]; values of uint8 stay as they are.
      levels: the values that become 0 and 255, those of the whole clip; None: the image's own.
      channels: 3 or 1 converts; 0 does not.

    Returns:
      uint8 of the same height and width; what is no number becomes 0.
    """
    frame = image if image.dtype == np.uint8 else _scaled(image, levels or levels_of(image))
    if channels == 3 and frame.ndim == 2:
        return cv2.cvtColor(frame, cv2.COLOR_GRAY2RGB)
    if channels == 1 and frame.ndim == 3:
        return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return frame


def _scaled(image: np.ndarray, levels: Levels | None) -> np.ndarray:
    low, high = levels or (0.0, 0.0)
    if low == high and image.dtype.kind in "iu":  # one value alone: its share of the type's range
        low, high = 0.0, float(np.iinfo(image.dtype).max)
    kind = np.float32 if image.dtype.itemsize < 4 or image.dtype == np.float32 else np.float64
    values = np.subtract(image, kind(low), dtype=kind)
    values = np.nan_to_num(values, copy=False, posinf=high - low, neginf=0.0)
    values *= kind(255 / (high - low) if high > low else 0.0)
    return values.round().clip(0, 255).astype(np.uint8)
