"""Thumbnails of a video's frames: the most abnormal ones, and some evenly spread."""

from collections.abc import Sequence

import cv2
import numpy as np

WIDTH = 176  # pixels
QUALITY = 70  # of the jpeg; about 4 kB a picture


def choose_frames(
    scores: np.ndarray, count: int, alarms: Sequence[tuple[int, int]] = ()
) -> list[int]:
    """Choose at most `count` frames: half evenly spread, half the peaks of alarms, then others.

    >>> choose_frames(np.array([0, 0, 9, 8, 0, 0, 5, 0], np.float32), 4)
    [0, 2, 4, 6]

    Args:
        scores: [t].
        count: at most so many.
        alarms: half-open stretches of frames; the peaks of the highest ones come first.

    Returns:
        Frame numbers, rising.
    """
    total = len(scores)
    if count >= total:
        return list(range(total))
    num_spread = count // 2
    chosen = {int((n + 0.5) * total / num_spread) for n in range(num_spread)}
    room = max(1, total // (2 * max(count, 1)))  # frames between two peaks
    left = np.array(scores, np.float64)
    peaks = [start + int(np.argmax(scores[start:stop])) for start, stop in alarms if stop > start]
    chosen.update(sorted(peaks, key=lambda frame: -scores[frame])[: count - len(chosen)])
    for frame in chosen.intersection(peaks):
        left[max(0, frame - room) : frame + room + 1] = -np.inf
    while len(chosen) < count and np.isfinite(left).any():
        peak = int(np.argmax(left))
        left[max(0, peak - room) : peak + room + 1] = -np.inf
        chosen.add(peak)
    return sorted(chosen)


def thumbnails(
    video, scores: np.ndarray, *, count: int, alarms: Sequence[tuple[int, int]] = ()
) -> list[tuple[int, bytes]]:
    """Return (frame, jpeg) of the frames of `video` that `choose_frames` names.

    Args:
        video: anything whose `frames[i]` is uint8 [h, w] or [h, w, 3] RGB.
        scores: [t] of its frames.
        count: at most so many.
        alarms: half-open stretches of frames.

    Returns:
        (frame, jpeg), by frame.
    """
    return [(i, jpeg(video.frames[i])) for i in choose_frames(scores, count, alarms)]


def jpeg(frame: np.ndarray | Sequence) -> bytes:
    """Shrink a frame, uint8 [h, w] or [h, w, 3] RGB, to `WIDTH` and return it as jpeg."""
    frame = np.asarray(frame)
    if frame.ndim == 3:
        frame = frame[..., ::-1]  # OpenCV writes BGR
    height = max(1, round(frame.shape[0] * WIDTH / frame.shape[1]))
    small = cv2.resize(np.ascontiguousarray(frame), (WIDTH, height), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
