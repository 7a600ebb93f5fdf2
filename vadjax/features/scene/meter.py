"""Measures one video of a fixed camera frame by frame: motion at each cell, windows on bodies.

Farneback's flow (SCIA 2003) is averaged over the foreground of a box nearly as large as a body at
each cell, so that a limb counts little and an object much. A window is placed on each peak of the
foreground: a crowd is one connected region, so windows have the size of a body instead of
enclosing components. A small shake of the camera is undone before, and what is seen in one frame
only is taken out where it is much. Nothing looks ahead.
"""

import dataclasses

import cv2
import numpy as np

from vadjax.backbones.optical_flow import Expanded, optical_flow
from vadjax.errors import UserError
from vadjax.features.scene.foreground import brightness, foreground
from vadjax.features.scene.passing import Passing
from vadjax.features.scene.reference import CELL, Reference, to_grey
from vadjax.features.scene.shake import Shake

CHANNELS = ("flow_x", "flow_y", "share", "noise", "still_s", "light")
NUM_WINDOWS = 32  # at most, of a frame, the strongest
CROP = 64  # px: side of the network's input
WINDOW = 1.0  # side of a window in heights of a body
BOX = 0.8  # side of the box of a cell in heights of a body
STILL = 0.25  # heights of a body a second, below which a pixel stands still
FORGET = 2.0  # seconds of stillness that a second of background takes back
LONGEST_S = 60.0  # of stillness that is counted
_BODY_WIDTH = 0.55  # of a body's height
_APART = (0.32, 0.5)  # least distance of two windows in x and y, in heights
_MASS = 0.12  # least share of foreground within a body


@dataclasses.dataclass(frozen=True, eq=False)
class Measured:
    """The measures of one frame.

    Attributes:
        cells: float16 [h, w, 6], `CHANNELS`: mean over a box (`BOX`) of flow to the
            right and down (pixels of the working frame a frame; 0 outside of the foreground) and
            of the share of foreground; the same at all cells, how noisy the picture is
            (`passing.Passing.share`); mean over the cell, for how many seconds what stands there
            now has stood still; and, the same at all cells, the brightness relative to the
            background.
        centres: float32 [n, 2]: (x, y) of the windows, pixels of the working frame.
        crops: uint8 [n, 64, 64, 3] or [n, 64, 64]: the pixels of the windows.
    """

    cells: np.ndarray
    centres: np.ndarray
    crops: np.ndarray


class SceneMeter:
    """Measures one video.

    Args:
        reference: of the camera.
        fps: frames a second.
    """

    def __init__(self, reference: Reference, fps: float):
        self._reference, self.fps = reference, fps
        self._last: Expanded | None = None
        half = BOX * reference.body[1::2] / 2  # at half size, by row
        self._tall = np.maximum(2 * np.rint(half / 2), 2.0)  # even: the box has whole pixels
        self._shake, self._passing = Shake(reference), Passing(reference)
        self._still = np.zeros([side // 2 for side in reference.shape], np.float32)
        self._stands = self._still > 0  # now

    def update(self, frame: np.ndarray) -> Measured:
        """Take the next frame, uint8 [h, w] or [h, w, 3] RGB; the first has no flow.

        Raises:
            UserError: the frame has another shape than the frames of the reference.
        """
        reference, shape = self._reference, frame.shape[:2]
        if shape != reference.frame_shape:
            height, width = reference.frame_shape
            raise UserError(
                f"a frame of {shape[1]}x{shape[0]} pixels, but the detector has learnt a camera "
                f"of {width}x{height}; give frames of this size."
            )
        grey = to_grey(frame, reference.shape)
        shift = self._shake.shift(grey)
        noisy = self._passing.noisy
        grey = self._passing.update(self._shake.undone(grey, shift), frame)
        if self._passing.noisy and not noisy:  # against a frame with noise all would flow
            self._last = None if self._last is None else Expanded(grey)
        share = _half(foreground(grey, reference.background, reference.limit).astype(np.float32))
        flow = np.zeros((*share.shape, 2), np.float32)
        newest = Expanded(grey)
        if self._last is not None:
            if share.any():  # else it would count nowhere
                flow = _half(optical_flow(self._last, newest)) * share[..., None]
            self._stand(share, flow)
        self._last = newest
        centres = 2 * self._peaks(share)
        crops = self._crops(centres + np.array(shift, np.float32), frame.shape[2:])
        light = brightness(grey, reference.background)
        return Measured(self._cells(np.dstack([flow, share]), light), centres, crops)

    def _stand(self, share: np.ndarray, flow: np.ndarray) -> None:
        """Count the seconds that foreground stands still; who walks past stops the clock."""
        step = 1 / self.fps
        slow = np.hypot(*np.moveaxis(flow, -1, 0)) < STILL * 2 / BOX * self._tall[:, None] * step
        seen = share > 0.5
        change = np.where(seen & slow, step, np.where(seen, 0.0, -FORGET * step))
        self._still = np.clip(self._still + change, 0.0, LONGEST_S).astype(np.float32)
        self._stands = seen & slow

    def _cells(self, values: np.ndarray, light: float) -> np.ndarray:
        step = CELL // 2
        y = np.arange(self._reference.grid[0]) * step + step / 2
        x = np.arange(self._reference.grid[1]) * step + step / 2
        tall = self._tall[y.astype(int)]
        sums = cv2.integral(values)
        narrow = _box_means(sums, y, x, tall, tall)
        size = self._reference.grid[::-1]
        stands = np.where(self._stands, self._still, np.float32(0))  # what has gone stands no more
        still = cv2.resize(stands, size, interpolation=cv2.INTER_AREA)
        noise, bright = (np.full_like(still, one) for one in (self._passing.share, light))
        return np.dstack([narrow, noise, still, bright]).astype(np.float16)

    def _peaks(self, share: np.ndarray) -> np.ndarray:
        """Find centres (x, y) of bodies at half size: float32 [n, 2], strongest first."""
        tall = self._tall
        y, x = (np.arange(size) + 0.5 for size in share.shape)
        mass = _box_means(cv2.integral(share)[..., None], y, x, tall, _BODY_WIDTH * tall)[..., 0]
        mass = cv2.GaussianBlur(mass.astype(np.float32), (0, 0), 1.5)
        ys, xs = np.nonzero((mass >= cv2.dilate(mass, np.ones((9, 7)))) & (mass > _MASS))
        kept = np.zeros((0, 2))
        for i in np.argsort(-mass[ys, xs], kind="stable"):
            away = np.abs(kept - (xs[i], ys[i])) / tall[ys[i]]
            if ((away[:, 0] > _APART[0]) | (away[:, 1] > _APART[1])).all():
                kept = np.append(kept, [(xs[i], ys[i])], axis=0)
            if len(kept) == NUM_WINDOWS:
                break
        return kept.astype(np.float32)

    def _crops(self, centres: np.ndarray, colours: tuple[int, ...]) -> np.ndarray:
        if not len(centres):
            return np.zeros((0, CROP, CROP, *colours), np.uint8)
        working, body = self._passing.picture(), self._reference.body
        crops = []
        for x, y in centres.tolist():
            side = max(4, round(WINDOW * float(body[min(int(y), len(body) - 1)])))
            cut = cv2.getRectSubPix(working, (side, side), (x + 0.5, y + 0.5))
            crops.append(cv2.resize(cut, (CROP, CROP)))
        return np.stack(crops)


def _half(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    return cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)


def _box_means(
    sums: np.ndarray, y: np.ndarray, x: np.ndarray, tall: np.ndarray, wide: np.ndarray
) -> np.ndarray:
    """Average over boxes whose size depends on the row; beyond the frame all is 0.

    Args:
        sums: float64 [h + 1, w + 1, c], integral image.
        y: float [m], rows of the boxes' centres.
        x: float [n], columns of the boxes' centres.
        tall: float [m], heights of the boxes.
        wide: float [m], their widths.

    Returns:
        float [m, n, c].
    """
    height, width = sums.shape[0] - 1, sums.shape[1] - 1
    top, bottom = (np.rint(y + s * tall / 2).astype(int).clip(0, height)[:, None] for s in (-1, 1))
    left, right = (
        np.rint(x[None] + s * wide[:, None] / 2).astype(int).clip(0, width) for s in (-1, 1)
    )
    total = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return total / (tall * wide)[:, None, None]
