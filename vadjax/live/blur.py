"""Blur people, faces or all that moves in what is stored; scores read frames as they are."""

import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from vadjax.errors import UserError, unknown

MODES = ("people", "faces", "all-moving")
Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels
_LEAST_SCORE = 0.2  # of a person: one that is blurred too much is better than one too little
_MARGIN = 0.15  # of a box, on each side
_HEAD = 0.3  # of the height of a person
_CELLS = 8  # that are left of the longer side of what is blurred,
_CELLS_OF_FRAME = 14  # or of the shorter side of the frame where they are smaller: of a crowd
_LEAST_VARIANCES = 7.0  # by which a pixel differs from the background
_RATE = 1e-3  # at which the background follows: what stands for minutes is seen at last
_BLURRED_FRAMES = 15  # a place stays blurred so long after something moved there
_HELD_FRAMES = 12  # a box stays so long after it was last found: detectors miss


class Blur:
    """Blurs the frames of one source, in their order.

    "people" and "faces" need an object detector: faces are the upper parts of people, as faces in
    surveillance video are too small to be found by themselves. What is not found is not blurred;
    "all-moving" needs no detector, and blurs whatever differs from the background.

    Args:
        mode: one of `MODES`; "" changes nothing.
        detect: frame uint8 [h, w, 3] -> boxes of people.

    Raises:
        UserError: there is no such mode, or no detector for it.
    """

    def __init__(self, mode: str, detect: Callable[[np.ndarray], Sequence[Box]] | None = None):
        if mode and mode not in MODES:
            raise unknown("blur", mode, MODES)
        if mode in ("people", "faces") and detect is None:
            raise UserError(
                f"--blur={mode} finds people by an object detector: give its weights with "
                "--blur_weights=FILE (docs/objects.md), or take --blur=all-moving."
            )
        self.mode, self._detect = mode, detect
        self._held: list[tuple[int, Box]] = []
        self._background: Any = None
        if mode == "all-moving":
            self._background = cv2.createBackgroundSubtractorMOG2(
                varThreshold=_LEAST_VARIANCES, detectShadows=False
            )
            self._lately: np.ndarray | None = None

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """Return a frame as it may be stored.

        Args:
            frame: uint8 [h, w, 3] or [h, w]; it is not changed.

        Returns:
            The same shape; the frame itself where nothing is blurred.
        """
        if not self.mode:
            return frame
        where = self._moving(frame) if self._background is not None else self._people(frame)
        return blurred(frame, where)

    def _moving(self, frame: np.ndarray) -> np.ndarray:
        """Return where the frame differs from the background, widened; all of the first one."""
        found = self._background.apply(cv2.GaussianBlur(frame, (3, 3), 0), learningRate=_RATE) > 0
        if self._lately is None or self._lately.shape != found.shape:
            self._lately = np.zeros(found.shape, np.int32)
        few = cv2.blur(found.astype(np.float32), (3, 3)) > 0.3  # a single pixel is noise
        self._lately = np.where(few, _BLURRED_FRAMES, np.maximum(self._lately - 1, 0))
        size = max(3, round(min(frame.shape[:2]) / 40)) | 1
        mask = (self._lately > 0).astype(np.uint8)
        return cv2.dilate(mask, np.ones((2 * size + 1, 2 * size + 1), np.uint8)) > 0

    def _people(self, frame: np.ndarray) -> np.ndarray:
        assert self._detect is not None
        colour = frame if frame.ndim == 3 else np.repeat(frame[..., None], 3, axis=2)
        boxes = [(_HELD_FRAMES, tuple(box)) for box in self._detect(colour)]
        self._held = [(left - 1, box) for left, box in self._held if left > 1] + boxes  # type: ignore[operator]
        mask = np.zeros(frame.shape[:2], bool)
        for _, (x0, y0, x1, y1) in self._held:
            across, down = _MARGIN * (x1 - x0), _MARGIN * (y1 - y0)
            bottom = y0 + _HEAD * (y1 - y0) if self.mode == "faces" else y1 + down
            rows = slice(max(0, int(y0 - down)), max(0, int(np.ceil(bottom))))
            mask[rows, max(0, int(x0 - across)) : max(0, int(np.ceil(x1 + across)))] = True
        return mask


def blurred(frame: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return a frame of which parts are so coarse that nobody is told by them.

    Each connected part is reduced to eight cells on its longer side, so that what is near and what
    is far are blurred alike; a large one to cells of a fourteenth of the frame.

    Args:
        frame: uint8 [h, w, 3] or [h, w].
        where: bool [h, w].

    Returns:
        A copy.
    """
    out = frame.copy()
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(where.astype(np.uint8))
    for number in range(1, count):
        x, y, width, height = boxes[number, :4]
        part = np.s_[y : y + height, x : x + width]
        scale = 1 / min(max(width, height) / _CELLS, min(frame.shape[:2]) / _CELLS_OF_FRAME)
        small = max(1, round(width * scale)), max(1, round(height * scale))
        coarse = cv2.resize(frame[part], small, interpolation=cv2.INTER_AREA)
        coarse = cv2.resize(coarse, (int(width), int(height)), interpolation=cv2.INTER_LINEAR)
        inside = labels[part] == number
        out[part][inside] = coarse[inside]
    return out


def blur_of(mode: str, weights: pathlib.Path | None) -> Callable[[], Blur]:
    """Return what makes the blur of each source; they share one detector.

    Args:
        mode: see `Blur`.
        weights: of an object detector that knows persons, or None.

    Returns:
        A function without arguments.

    Raises:
        UserError: see `Blur` and `objects.create`.
    """
    detect = None
    if mode in ("people", "faces") and weights is not None:
        from vadjax import objects

        detector = objects.create(weights, least_score=_LEAST_SCORE)

        def detect(frame: np.ndarray) -> list[Box]:
            found = detector.detect(frame)
            kept = zip(found.boxes.tolist(), found.names, strict=True)
            return [(x0, y0, x1, y1) for (x0, y0, x1, y1), name in kept if name == "person"]

    Blur(mode, detect)  # a mistake is said now
    return lambda: Blur(mode, detect)
