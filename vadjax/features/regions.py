"""Moving regions of a fixed camera: flow at each cell of a grid, and windows on moving objects.

The foreground is the difference from a median background. Farneback's flow (SCIA 2003) is averaged
over the foreground of a box at each cell, so that a limb counts little and an object much. A window
is placed on each peak of the foreground: a crowd is one connected region, so windows have
the size of a person instead of enclosing components. Only the background is learned, and nothing
looks ahead.

All lengths are pixels of frames resized to a height of `HEIGHT`, where a walker of UCSD Ped2 or
Ped1 is 20 to 45 px high. Another scene may need another `HEIGHT`.
"""

import dataclasses
from collections.abc import Iterable

import cv2
import numpy as np

from vadjax.backbones.optical_flow import Expanded, optical_flow
from vadjax.errors import UserError

HEIGHT, CELL = 240, 8
BOX = 33  # side of the box of a cell's flow
THRESHOLD = 14  # grey levels between background and foreground
NUM_DIRECTIONS = 8
WINDOW, CROP = 40, 64  # side of a window, and of the network's input made of it
_BODY = (9, 17)  # width, height of a body at half size
_APART = (5, 8)  # least distance of two windows in x and y at half size
_MASS = 0.12  # least share of foreground within a body


@dataclasses.dataclass(frozen=True, eq=False)
class Moving:
    """The moving regions of one frame.

    Attributes:
        flow: float16 [h, w, 3]: mean over a cell's box of flow to the right and down (pixels a
            frame; 0 outside of the foreground), and share of foreground.
        directions: float16 [h, w, 8]: mean speed in the box by direction, bins of 45 degrees from
            the right clockwise; 0 outside of the foreground.
        centres: float32 [n, 2]: (x, y) of the windows.
        crops: uint8 [n, 64, 64]: the pixels of the windows.
    """

    flow: np.ndarray
    directions: np.ndarray
    centres: np.ndarray
    crops: np.ndarray


def working_frame(frame: np.ndarray) -> np.ndarray:
    """Convert a frame, uint8 [h, w] or [h, w, 3] RGB, to grey and to a height of 240 pixels."""
    grey = frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    width = max(CELL, CELL * round(grey.shape[1] * HEIGHT / grey.shape[0] / CELL))
    if grey.shape != (HEIGHT, width):
        grey = cv2.resize(grey, (width, HEIGHT), interpolation=cv2.INTER_AREA)
    return grey


def median_background(frames: Iterable[np.ndarray]) -> np.ndarray:
    """Return the median of working frames [h, w]; some hundred over all clips are enough.

    Returns:
        float32 [h, w].

    Raises:
        UserError: there is no frame, or their sizes differ.
    """
    frames = list(frames)
    if len({frame.shape for frame in frames}) != 1:
        raise UserError(
            f"a background needs frames of one size, got {len(frames)} frames of sizes "
            f"{sorted({frame.shape for frame in frames})}: is it one fixed camera?"
        )
    return np.median(frames, axis=0).astype(np.float32)


def foreground(frame: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Measure the share of foreground at half size.

    Args:
        frame: uint8 [h, w], a working frame.
        background: float32 [h, w].

    Returns:
        float32 [h / 2, w / 2].
    """
    away = frame.astype(np.float32) - background
    small = cv2.resize(np.clip(away, -10, 10), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    light = cv2.resize(cv2.blur(small, (31, 31)), away.shape[::-1])  # changes of light, not objects
    mask = cv2.GaussianBlur(np.abs(away - light), (0, 0), 1) > THRESHOLD
    return _half(mask.astype(np.float32))


class RegionMeter:
    """Measures one video frame by frame.

    >>> meter = RegionMeter(np.zeros((240, 320), np.float32))
    >>> meter.update(np.zeros((240, 320), np.uint8)).flow.shape
    (30, 40, 3)
    """

    def __init__(self, background: np.ndarray):
        self._background = background
        self._last: Expanded | None = None

    def update(self, frame: np.ndarray) -> Moving:
        """Take the next frame, uint8 [h, w] or [h, w, 3] RGB; the first has no flow.

        Raises:
            UserError: the frame's size differs from the background's.
        """
        grey = working_frame(frame)
        if grey.shape != self._background.shape:
            raise UserError(
                f"a frame gives {grey.shape} pixels, the background {self._background.shape}; "
                "this measure is for one fixed camera."
            )
        share = foreground(grey, self._background)
        flow = np.zeros((*share.shape, 2), np.float32)
        newest = Expanded(grey)
        if self._last is not None:
            flow = _half(optical_flow(self._last, newest)) * share[..., None]
        self._last = newest
        centres = 2 * peaks(share)
        return Moving(
            flow=_cells(np.dstack([flow, share])),
            directions=_cells(_by_direction(flow)),
            centres=centres,
            crops=_crops(grey, centres),
        )


def peaks(share: np.ndarray) -> np.ndarray:
    """Find centres (x, y) of bodies, peaks of the foreground: float32 [n, 2], strongest first."""
    mass = cv2.boxFilter(share, -1, _BODY, borderType=cv2.BORDER_CONSTANT)
    mass = cv2.GaussianBlur(mass, (0, 0), 1.5)
    ys, xs = np.nonzero((mass >= cv2.dilate(mass, np.ones((9, 7)))) & (mass > _MASS))
    kept: list[tuple[int, int]] = []
    for i in np.argsort(-mass[ys, xs], kind="stable"):
        x, y = xs[i], ys[i]
        if all(abs(x - a) > _APART[0] or abs(y - b) > _APART[1] for a, b in kept):
            kept.append((x, y))
    return np.array(kept, np.float32).reshape(-1, 2)


def _half(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    return cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)


def _by_direction(flow: np.ndarray) -> np.ndarray:
    """Put the length of flow [h, w, 2] into the bin of its direction: float32 [h, w, 8]."""
    turn = np.arctan2(flow[..., 1], flow[..., 0]) / (2 * np.pi) * NUM_DIRECTIONS
    index = np.round(turn).astype(int) % NUM_DIRECTIONS
    bins = np.zeros((*flow.shape[:2], NUM_DIRECTIONS), np.float32)
    np.put_along_axis(bins, index[..., None], np.hypot(*np.moveaxis(flow, -1, 0))[..., None], -1)
    return bins


def _cells(values: np.ndarray) -> np.ndarray:
    """Average over the box of each cell: [h / 2, w / 2, c] to float16 [h / 8, w / 8, c]."""
    side, step = round(BOX / 2), CELL // 2
    means = cv2.blur(values[..., :4], (side, side), borderType=cv2.BORDER_CONSTANT)
    if values.shape[-1] > 4:  # OpenCV filters four channels at a time
        more = cv2.blur(np.ascontiguousarray(values[..., 4:]), (side, side), borderType=0)
        means = np.dstack([means, more])
    return means[step // 2 - 1 :: step, step // 2 - 1 :: step].astype(np.float16)


def _crops(grey: np.ndarray, centres: np.ndarray) -> np.ndarray:
    crops = [
        cv2.resize(cv2.getRectSubPix(grey, (WINDOW, WINDOW), (x + 0.5, y + 0.5)), (CROP, CROP))
        for x, y in centres.tolist()
    ]
    return np.array(crops, np.uint8).reshape(-1, CROP, CROP)
