"""Bodies that stand free, followed through the frames of a fixed camera, with their pictures."""

import dataclasses
from collections.abc import Iterable

import cv2
import numpy as np

from vadjax.features.scene.foreground import foreground
from vadjax.features.scene.reference import Reference, to_grey

LEAST_S = 1.2  # seconds that a body has to be followed
LONGEST_S = 6.0  # after which a new track begins
MOST = 12  # tracks of a clip whose pictures are kept, those that go farthest
_HEIGHTS = (0.6, 1.5)  # of a body's usual height in this row
_STEP = 0.4  # heights of a body that its centre moves at most between two frames
_ALIKE = 0.3  # share by which height and width may differ between two frames
_GAP = 0.025  # of the frame's height, gaps within a body that are closed
_SMOOTH_S = 0.6  # seconds over which a path is averaged
MARGIN = 2  # px around a body that its picture has


@dataclasses.dataclass(frozen=True, eq=False)
class Track:
    """One body, frame by frame, in pixels of the frame.

    Attributes:
        clip: where it was seen.
        fps: frames a second of that clip.
        feet: float64 [n, 2], (x, y) of the middle of the lower edge of its box.
        height: float64 [n], of its box.
        pictures: for each frame, pixels uint8 [h, w] or [h, w, 3] and which of them are the
            body's, uint8 [h, w] 0/1, with a margin of `MARGIN`; none where they were not kept.
    """

    clip: str
    fps: float
    feet: np.ndarray
    height: np.ndarray
    pictures: tuple[tuple[np.ndarray, np.ndarray], ...] = ()

    def __len__(self) -> int:
        """Frames."""
        return len(self.feet)

    @property
    def path(self) -> np.ndarray:
        """The feet, averaged over neighbouring frames: float64 [n, 2]."""
        half = max(1, round(_SMOOTH_S * self.fps / 2))
        sums = np.cumsum(np.vstack([np.zeros((1, 2)), self.feet]), axis=0)
        at = np.arange(len(self))
        reach = np.minimum(np.minimum(at, len(self) - 1 - at), half)  # the same on both sides
        return (sums[at + reach + 1] - sums[at - reach]) / (2 * reach + 1)[:, None]

    @property
    def velocity(self) -> np.ndarray:
        """Mean of its path, heights of its body a second, float64 [2]."""
        ends = self.path[[0, -1]]
        return (ends[1] - ends[0]) / (len(self) - 1) * self.fps / float(np.median(self.height))

    @property
    def length(self) -> float:
        """Distance of its ends, in heights of its body."""
        ends = self.path[[0, -1]]
        return float(np.hypot(*(ends[1] - ends[0]))) / float(np.median(self.height))


def body_at(reference: Reference, feet: np.ndarray | float) -> np.ndarray:
    """Return how high a body is whose foot is in a row.

    Args:
        reference: of the camera.
        feet: rows, pixels of the frame.

    Returns:
        float64 of the same shape, pixels of the frame.
    """
    scale = reference.frame_shape[0] / reference.shape[0]
    middle = np.arange(len(reference.body)) + 0.5
    return np.interp(np.asarray(feet) / scale, middle + reference.body / 2, reference.body) * scale


def find_bodies(frame: np.ndarray, reference: Reference) -> tuple[np.ndarray, np.ndarray]:
    """Find what is foreground.

    Args:
        frame: uint8 [h, w] or [h, w, 3].
        reference: of the camera.

    Returns:
        Number of the component of each pixel, int32 of the working size, 0 is background; and of
        each component left, top, width, height and area, int32 [n, 5]; the first is the background.
    """
    mask = foreground(to_grey(frame, reference.shape), reference.background, reference.limit)
    gap = max(3, round(_GAP * len(mask))) | 1
    kernel = np.ones((gap, max(3, gap // 2 | 1)), np.uint8)
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    return labels, stats


def follow(
    frames: Iterable[np.ndarray], reference: Reference, *, clip: str, fps: float
) -> list[Track]:
    """Follow every body that stands free.

    Args:
        frames: uint8 [h, w] or [h, w, 3] each, of one clip.
        reference: of the camera.
        clip: name of the clip.
        fps: frames a second.

    Returns:
        A track of each; the `MOST` that go farthest have pictures.
    """
    live: list[list[dict]] = []
    ended: list[Track] = []
    least, longest = max(8, round(LEAST_S * fps)), max(16, round(LONGEST_S * fps))

    def end(track: list[dict]) -> None:
        if len(track) >= least:
            ended.append(_track(track, clip, fps))
            _forget_pictures(ended)

    for frame in frames:
        now, going = _free_bodies(frame, reference), []
        taken: set[int] = set()
        for track in live:
            number = None if len(track) >= longest else _next(track[-1], now, taken)
            if number is None:
                end(track)
            else:
                taken.add(number)
                going.append([*track, now[number]])
        live = going + [[body] for number, body in enumerate(now) if number not in taken]
    for track in live:
        end(track)
    return ended


def _free_bodies(frame: np.ndarray, reference: Reference) -> list[dict]:
    labels, stats = find_bodies(frame, reference)
    shape = np.array(reference.shape)
    scale = np.array(frame.shape[:2]) / shape
    found = []
    for number, (x, y, w, h, area) in enumerate(stats[1:].tolist(), 1):
        inside = x > 1 and y > 1 and x + w < shape[1] - 2 and y + h < shape[0] - 2
        usual = float(body_at(reference, (y + h) * scale[0])) / scale[0]
        sized = _HEIGHTS[0] * usual <= h <= _HEIGHTS[1] * usual and w <= 1.2 * h
        if not (inside and sized and area > 0.3 * w * h):
            continue
        left, right = (round(v * scale[1]) for v in (x, x + w))
        top, bottom = (round(v * scale[0]) for v in (y, y + h))
        height, width = frame.shape[:2]
        cut = np.s_[
            max(top - MARGIN, 0) : min(bottom + MARGIN, height),
            max(left - MARGIN, 0) : min(right + MARGIN, width),
        ]
        own = (labels[y : y + h, x : x + w] == number).astype(np.uint8)
        mask = np.zeros(frame.shape[:2], np.uint8)[cut]
        inner = cv2.resize(own, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
        dy, dx = top - cut[0].start, left - cut[1].start
        mask[dy : dy + inner.shape[0], dx : dx + inner.shape[1]] = inner
        foot = ((left + right) / 2, float(bottom))
        found.append(
            {"foot": foot, "size": (bottom - top, right - left), "cut": (frame[cut].copy(), mask)}
        )
    return found


def _next(last: dict, now: list[dict], taken: set[int]) -> int | None:
    """Return the number of the nearest body that looks alike, if any is near."""
    near = []
    for number, body in enumerate(now):
        if number in taken:
            continue
        sizes = np.array([last["size"], body["size"]], float)
        unlike = np.abs(sizes[0] - sizes[1]) / sizes.mean(0)
        away = np.hypot(*np.subtract(body["foot"], last["foot"])) / sizes[:, 0].mean()
        if away < _STEP and unlike[0] < _ALIKE and unlike[1] < 2 * _ALIKE:
            near.append((away, number))
    return min(near)[1] if near else None


def _track(bodies: list[dict], clip: str, fps: float) -> Track:
    feet = np.array([body["foot"] for body in bodies], np.float64)
    height = np.array([body["size"][0] for body in bodies], np.float64)
    return Track(clip, fps, feet, height, tuple(body["cut"] for body in bodies))


def _forget_pictures(tracks: list[Track]) -> None:
    """Keep the pictures of the tracks that go farthest alone; in place."""
    kept = [number for number, track in enumerate(tracks) if track.pictures]
    if len(kept) > MOST:
        number = min(kept, key=lambda k: tracks[k].length)
        tracks[number] = dataclasses.replace(tracks[number], pictures=())
