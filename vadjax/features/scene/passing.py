"""What is seen in one frame only: rain, snow, a noisy sensor. It is measured and taken out.

A pixel passes where it was brighter or darker than before and after by more than noise of the
camera. Limbs do so too, but near to bodies; so what counts is how many pixels pass where the median
of three frames shows nothing but background. Where they are many, that median takes the place of
the frame: a frame later, but without what passed. Frames of other videos stay as they are. Before
the first frame the background is taken to have been seen.
"""

import collections

import cv2
import numpy as np

from vadjax.features.scene.foreground import foreground
from vadjax.features.scene.reference import Reference, resized

MANY = 0.008  # share of the background's pixels that pass, from which on a picture is noisy
FRAMES = 3  # of the median
_OF = 5  # frames of which the median share counts
_LASTS = 20  # frames after a noisy one that are taken to be noisy too
_AROUND = 0.12  # heights of a body around the foreground in which what passes is not counted
_LEAST = 0.2  # of the picture that is far from bodies, below which nothing is told


class Passing:
    """Takes out what passes in one video; nothing looks ahead.

    Args:
        reference: of the camera.

    Attributes:
        share: of the background's pixels that pass, median of the last frames.
        noisy: the last frame was replaced by the median.
    """

    def __init__(self, reference: Reference):
        self._reference = reference
        ground = np.clip(np.rint(reference.background), 0, 255).astype(np.uint8)
        self._grey = collections.deque([ground] * (FRAMES - 1), maxlen=FRAMES)
        self._frames: collections.deque[np.ndarray] = collections.deque(maxlen=FRAMES)
        self._shares: collections.deque[float] = collections.deque(maxlen=_OF)
        side = 2 * round(_AROUND * float(np.median(reference.body))) + 1
        self._around = np.ones((side, side), np.uint8)
        self._since = _LASTS
        self.share, self.noisy = 0.0, False

    def update(self, grey: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Take the next frame.

        Args:
            grey: uint8 [h, w], the working frame.
            frame: uint8 [h', w'] or [h', w', 3], as it came.

        Returns:
            uint8 [h, w]: the working frame, or the median of the last three.
        """
        self._grey.append(grey)
        self._frames.append(frame)
        middle = _median(*self._grey)
        if len(self._frames) == 1:  # nothing can have passed yet
            return grey
        self._shares.append(self._passed(middle))
        self.share = float(np.median(self._shares))  # a single flash is no rain
        self._since = 0 if self.share >= MANY else self._since + 1
        self.noisy = self._since < _LASTS
        return middle if self.noisy else grey

    def picture(self) -> np.ndarray:
        """Return the last frame in working size, or the median of the last three, uint8."""
        whole = self.noisy and len(self._frames) == FRAMES
        frames = [*self._frames] if whole else [self._frames[-1]]
        working = [resized(frame, self._reference.shape) for frame in frames]
        return _median(*working) if whole else working[0]

    def _passed(self, middle: np.ndarray) -> float:
        """Return the share of pixels that pass in the frame before the last, far from bodies."""
        before, last, now = self._grey
        brighter = cv2.subtract(last, cv2.max(before, now))
        darker = cv2.subtract(cv2.min(before, now), last)
        passes = cv2.max(brighter, darker) > self._reference.limit
        if passes.mean() < MANY * _LEAST:  # it cannot be enough
            return 0.0
        seen = foreground(middle, self._reference.background, self._reference.limit)
        solid = cv2.morphologyEx(seen.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        far = cv2.dilate(solid, self._around) == 0
        return float(passes[far].mean()) if far.mean() >= _LEAST else 0.0


def _median(one: np.ndarray, two: np.ndarray, three: np.ndarray) -> np.ndarray:
    return cv2.max(cv2.min(one, two), cv2.min(cv2.max(one, two), three))
