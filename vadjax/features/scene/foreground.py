"""What differs from the background of a fixed camera."""

from collections.abc import Sequence

import cv2
import numpy as np

THRESHOLD = 14.0  # grey levels, where a camera is without noise
NOISE = 3.0  # times the usual difference of a pixel, up to which it is noise
_DARK = 8.0  # grey levels added to both, so that the ratio of black to black is 1
_LIGHT = 10.0  # grey levels to which a pixel counts in the change of light


def foreground(grey: np.ndarray, background: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Mark the pixels that differ from the background by more than light and noise.

    Args:
        grey: uint8 [h, w].
        background: float32 [h, w], the median of normal frames.
        limit: float32 [h, w], grey levels from which on a difference counts.

    Returns:
        bool [h, w].
    """
    return difference(grey, background) > limit


def brightness(grey: np.ndarray, background: np.ndarray) -> float:
    """Return how many times as bright as the background the median pixel is.

    Args:
        grey: uint8 [h, w].
        background: float32 [h, w].

    Returns:
        The factor: sun, cloud, exposure, night.
    """
    return _brightness(*_small(grey, background))


def difference(grey: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Measure how far each pixel is from the background, less the change of light.

    The background is made as much brighter as the median pixel is; what then remains of a change
    of light, over a region larger than bodies, is taken off.

    Args:
        grey: uint8 [h, w].
        background: float32 [h, w].

    Returns:
        float32 [h, w], grey levels.
    """
    now, usual = _small(grey, background)
    brighter = _brightness(now, usual)
    away = grey.astype(np.float32) - (background + _DARK) * brighter + _DARK
    small = np.clip(now - (usual + _DARK) * brighter + _DARK, -_LIGHT, _LIGHT)
    light = cv2.resize(cv2.blur(small, (31, 31)), away.shape[::-1])  # of a region, no object
    return cv2.GaussianBlur(np.abs(away - light), (0, 0), 1)


def limits(frames: Sequence[np.ndarray], background: np.ndarray) -> np.ndarray:
    """Estimate from which difference on a pixel is foreground.

    Args:
        frames: uint8 [h, w] each, grey; normal.
        background: float32 [h, w].

    Returns:
        float32 [h, w]: `THRESHOLD`, or more where the camera is noisy.
    """
    away = np.stack([difference(frame, background).astype(np.float16) for frame in frames])
    noise = cv2.blur(np.median(away, axis=0).astype(np.float32), (5, 5))
    return np.maximum(THRESHOLD, NOISE * noise)


def _small(*images: np.ndarray) -> list[np.ndarray]:
    height, width = images[0].shape
    size = max(1, width // 4), max(1, height // 4)
    floats = [np.asarray(image, np.float32) for image in images]
    return [cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in floats]


def _brightness(now: np.ndarray, usual: np.ndarray) -> float:
    return float(np.median((now + _DARK) / (usual + _DARK)))
