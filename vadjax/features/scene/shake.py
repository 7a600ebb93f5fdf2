"""How far a frame is shifted against the background: a camera that shakes a little.

Registration by gradients (Lucas and Kanade, 1981) of the whole frame at half the working size, in
which large differences, which are bodies, do not count. Only a shift that makes the frame more like
the background is undone, and none beyond an eighth of a body: a camera that was moved is another
camera, and is said to be.
"""

import cv2
import numpy as np

from vadjax.features.scene.reference import Reference

LEAST = 1.5  # px of the working frame, below which only a camera that shakes is shifted back
MOST = 0.125  # heights of a body
BETTER = 0.12  # share of the difference from the background by which a pixel of shift lowers it
_LEFT = 0.6  # share that may be left in any case
_LASTS = 20  # frames after a shift in which a camera is taken to shake, and less evidence is asked
_SHAKING = 0.9  # share that may be left then
_FINE = 0.1  # px of the working frame, below which a shift is not undone then
_EDGE = 6  # px of the half frame that are not compared
_STEPS = 6  # of the registration, at most
_DONE = 0.02  # px of the half frame, a step below which it ends
_STEEP = 0.7  # quantile of the slopes of the background, from which on a pixel is looked at
_INSIDE = np.s_[_EDGE:-_EDGE, _EDGE:-_EDGE]
_LARGE = 3.0  # times the median difference, from which on a pixel does not count


class Shake:
    """Measures the shift of each frame of one video.

    Args:
        reference: of the camera.
    """

    def __init__(self, reference: Reference):
        height, width = reference.shape
        self._size = width // 2, height // 2
        self._background = self._half(reference.background)
        inside = self._background[_INSIDE]
        across = cv2.Sobel(self._background, cv2.CV_32F, 1, 0, scale=1 / 8)[_INSIDE].ravel()
        down = cv2.Sobel(self._background, cv2.CV_32F, 0, 1, scale=1 / 8)[_INSIDE].ravel()
        steep = np.hypot(across, down)
        self._chosen = np.flatnonzero(steep >= np.quantile(steep, _STEEP))
        self._slopes = np.stack([across, down])[:, self._chosen]
        self._wanted = inside.ravel()[self._chosen]
        self._since = _LASTS  # frames since it shook
        self._brightness = float(self._background.mean())
        self._most = MOST * float(np.median(reference.body))
        self._ground = np.clip(np.rint(reference.background), 0, 255).astype(np.uint8)

    def shift(self, grey: np.ndarray) -> tuple[float, float]:
        """Measure one frame.

        Args:
            grey: uint8 [h, w], the working frame.

        Returns:
            To the right and down, pixels of the working frame; 0 and 0 where it is not shifted,
            or too far.
        """
        small = self._half(grey)
        small *= self._brightness / max(float(small.mean()), 1.0)
        x = y = 0.0
        first = away = self._away(small, x, y)
        for _ in range(_STEPS):
            size = np.abs(away)
            kept = self._slopes * (size <= _LARGE * np.median(size) + 1)
            square = kept @ self._slopes.T
            if np.linalg.det(square) <= 1e-3 * square.trace() ** 2:  # edges of one direction
                return 0.0, 0.0
            step = np.linalg.solve(square, kept @ away)
            x, y = x - float(step[0]), y - float(step[1])
            if 2 * np.hypot(x, y) > 2 * self._most:
                return 0.0, 0.0
            away = self._away(small, x, y)
            if np.hypot(*step) < _DONE:
                break
        far = float(2 * np.hypot(x, y))
        left = np.median(np.abs(away)) / max(float(np.median(np.abs(first))), 1e-6)
        self._since += 1
        shaking = self._since <= _LASTS
        wanted = _SHAKING if shaking else max(1 - BETTER * far, _LEFT)
        if not (_FINE if shaking else LEAST) <= far <= self._most or left > wanted:
            return 0.0, 0.0
        if far >= LEAST:
            self._since = 0
        return 2 * x, 2 * y

    def _away(self, small: np.ndarray, x: float, y: float) -> np.ndarray:
        """Return how much brighter the chosen pixels are when the frame is shifted back."""
        moved = _back(small, x, y) if x or y else small
        return moved[_INSIDE].ravel()[self._chosen] - self._wanted

    def undone(self, grey: np.ndarray, shift: tuple[float, float]) -> np.ndarray:
        """Shift a frame back; what was out of sight is background.

        Args:
            grey: uint8 [h, w], the working frame.
            shift: as measured.

        Returns:
            uint8 [h, w]; the frame itself where the shift is 0.
        """
        if shift == (0.0, 0.0):
            return grey
        return _back(grey, *shift, over=self._ground.copy())

    def _half(self, image: np.ndarray) -> np.ndarray:
        return cv2.resize(image, self._size, interpolation=cv2.INTER_AREA).astype(np.float32)


def _back(image: np.ndarray, x: float, y: float, over: np.ndarray | None = None) -> np.ndarray:
    move = np.array([[1, 0, x], [0, 1, y]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    if over is None:
        border = cv2.BORDER_REPLICATE
        return cv2.warpAffine(image, move, image.shape[::-1], flags=flags, borderMode=border)
    border = cv2.BORDER_TRANSPARENT
    return cv2.warpAffine(image, move, image.shape[::-1], over, flags=flags, borderMode=border)
