"""What an object detector sees in a video, some times a second, as rows of fixed size."""

from collections.abc import Sequence

import numpy as np

from vadjax.features.scene.reference import Reference
from vadjax.objects import ObjectDetector

RATE = 3.0  # looks a second: objects stay for longer, and a look costs more than all else
NUM_OBJECTS = 24  # of a frame at most, those of the highest scores
COLUMNS = ("x0", "y0", "x1", "y1", "class", "score")  # pixels of the working frame
LEAST_SCORE = 0.1  # of what is noted; what counts is learnt from normal frames
NOT_LOOKED = -1.0  # score of the first object in a frame that was not looked at


class ObjectMeter:
    """Looks at some frames of one video.

    Args:
        detector: of objects.
        reference: of the camera.
        fps: frames a second.
    """

    def __init__(self, detector: ObjectDetector, reference: Reference, fps: float):
        self._detector, self._fps = detector, fps
        height, width = reference.frame_shape
        down, across = reference.shape[0] / height, reference.shape[1] / width
        self._scale = np.array([across, down, across, down], np.float32)
        self._count = 0

    def update(self, frames: Sequence[np.ndarray]) -> np.ndarray:
        """Take the next frames.

        Args:
            frames: uint8 [h, w, 3] or [h, w] each.

        Returns:
            float32 [frames, NUM_OBJECTS, 6], `COLUMNS`, the highest score first; NaN where a frame
            has fewer. A frame that was not looked at has `NOT_LOOKED` as its first score.
        """
        rows = np.full((len(frames), NUM_OBJECTS, len(COLUMNS)), np.nan, np.float32)
        numbers = self._count + np.arange(len(frames))
        self._count += len(frames)
        looks = np.flatnonzero(is_look(numbers, self._fps))
        rows[:, 0, -1] = NOT_LOOKED
        rows[looks, 0, -1] = np.nan
        found = (
            self._detector.detect_batch([frames[n] for n in looks.tolist()]) if len(looks) else []
        )
        for n, seen in zip(looks, found, strict=True):
            count = min(len(seen), NUM_OBJECTS)
            rows[n, :count, :4] = seen.boxes[:count] * self._scale
            rows[n, :count, 4] = seen.classes[:count]
            rows[n, :count, 5] = seen.scores[:count]
        return rows


def is_look(numbers: np.ndarray, fps: float) -> np.ndarray:
    """Return which frames are looked at: the first, and `RATE` a second from there.

    >>> is_look(np.arange(8), 9.0).tolist()
    [True, False, False, True, False, False, True, False]

    Args:
        numbers: int [n] of frames of a video.
        fps: frames a second.

    Returns:
        bool [n].
    """
    share = min(1.0, RATE / fps)
    now, before = np.floor(numbers * share + 1e-9), np.floor((numbers - 1) * share + 1e-9)
    return (now != before) | (numbers == 0)


def objects_of(row: np.ndarray) -> np.ndarray | None:
    """Return the objects of a frame, float32 [n, 6]; None where it was not looked at.

    Args:
        row: float32 [NUM_OBJECTS, 6].
    """
    if row[0, -1] == NOT_LOOKED:
        return None
    return np.asarray(row[np.isfinite(row[:, -1])], np.float32)
