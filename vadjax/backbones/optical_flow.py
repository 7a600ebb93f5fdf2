"""Dense optical flow by Farneback's method (Farneback, SCIA 2003), as all of vadjax computes it.

OpenCV has the method too, and fits its polynomials pixel by pixel, to both frames of each pair.
Here the fits are separable filters, made once for each frame and kept for the next pair, and the
rest are operations over whole planes: about four times as fast (docs/benchmarks.md). The constants,
the borders and the order of steps are OpenCV's, so that the flow is the same but for rounding
(tests/backbones/test_optical_flow.py).
"""

import functools
import threading
from typing import Any, NamedTuple

import cv2
import numpy as np

FARNEBACK: dict[str, Any] = {
    "pyr_scale": 0.5,
    "levels": 3,
    "winsize": 15,
    "iterations": 2,
    "poly_n": 5,
    "poly_sigma": 1.2,
    "flags": 0,
}
_VERSION = 2  # 1 was OpenCV's code, whose flow differs in its last digits
_LEAST = 32  # px: no level of the pyramid is smaller
_EDGE = (0.14, 0.14, 0.4472, 0.4472, 0.4472)  # weights of the outermost pixels of a frame
_KEPT = 16  # sizes of planes a thread
_FLAT = 1e-3  # added to the determinant, which is 0 where a picture is flat


def flow_spec() -> dict[str, Any]:
    """Describe everything that determines the flow, for fingerprints of stored features."""
    return {**FARNEBACK, "version": _VERSION}


class _Level(NamedTuple):
    """The polynomials of one level.

    Attributes:
        planes: float32 [h, w] each: half the slope down and across, half the coefficients of the
            squares down and across, a quarter of that of the product.
        packed: float32 [h, w, 4], the first four again, which one lookup then reads together.
    """

    planes: tuple[np.ndarray, ...]
    packed: np.ndarray


class Expanded:
    """A frame, and the polynomials that fit it, which are computed when they are first needed.

    Args:
        grey: uint8 [h, w].
    """

    def __init__(self, grey: np.ndarray):
        self.grey = grey

    @functools.cached_property
    def levels(self) -> list[_Level]:
        """The levels of the pyramid, the finest first."""
        height, width = self.grey.shape
        image, levels = self.grey.astype(np.float32), []
        for number in range(FARNEBACK["levels"] + 1):
            scale = FARNEBACK["pyr_scale"] ** number
            if number and min(height * scale, width * scale) < _LEAST:
                break
            sigma = (1 / scale - 1) / 2
            side = max(3, round(5 * sigma) | 1)
            smooth = cv2.GaussianBlur(image, (side, side), sigma, sigmaY=sigma)
            size = (round(width * scale), round(height * scale))
            levels.append(_expand(cv2.resize(smooth, size, interpolation=cv2.INTER_LINEAR)))
        return levels


def optical_flow(last: np.ndarray | Expanded, grey: np.ndarray | Expanded) -> np.ndarray:
    """Measure how far each pixel has moved from one frame to the next.

    Args:
        last: uint8 [h, w], the earlier frame; as `Expanded` where it was the later one before.
        grey: uint8 [h, w], the later frame, or the same as `Expanded`.

    Returns:
        float32 [h, w, 2], to the right and down, in pixels a frame.
    """
    before, after = (f if isinstance(f, Expanded) else Expanded(f) for f in (last, grey))
    flow: np.ndarray | None = None
    for one, two in zip(reversed(before.levels), reversed(after.levels), strict=True):
        height, width = one.planes[0].shape
        work = _workspace(height, width)
        if flow is None:
            work.across.fill(0)
            work.down.fill(0)
        else:
            flow = cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)
            flow *= 1 / FARNEBACK["pyr_scale"]
            cv2.split(flow, [work.across, work.down])
        for _ in range(FARNEBACK["iterations"]):
            _equations(one, two, work)
            _solve(work)
        flow = cv2.merge([work.across, work.down])
    assert flow is not None  # there is always the finest level
    return flow


class _Work:
    """Planes of one size that each iteration writes over: new ones would be cleared each time."""

    def __init__(self, height: int, width: int):
        def plane(*more: int) -> np.ndarray:
            return np.zeros((height, width, *more), np.float32)

        self.rows, self.columns = np.indices((height, width), np.float32)
        self.across, self.down, self.x, self.y, self.spare = (plane() for _ in range(5))
        self.packed = plane(4)
        self.moved = [plane() for _ in range(5)]
        self.equations = [plane() for _ in range(5)]
        self.edges = _edges(height, width)


_kept = threading.local()


def _workspace(height: int, width: int) -> _Work:
    """Return this thread's planes of a size; those of a few sizes are kept."""
    works: dict[tuple[int, int], _Work] = _kept.__dict__.setdefault("works", {})
    if (height, width) not in works:
        while len(works) >= _KEPT:
            works.pop(next(iter(works)))
        works[height, width] = _Work(height, width)
    return works[height, width]


@functools.cache
def _kernels() -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Return the kernels along x and y that give each coefficient of the least-squares fit."""
    reach = FARNEBACK["poly_n"]
    x = np.arange(-reach, reach + 1)
    weight = np.exp(-(x**2) / (2 * FARNEBACK["poly_sigma"] ** 2))
    weight /= weight.sum()
    second, fourth = (weight @ x.astype(float) ** power for power in (2, 4))
    # The moments of 1, x, y, x^2, y^2, xy, which the fit inverts.
    moments = np.diag([1.0, second, second, fourth, fourth, second**2])
    moments[0, 3:5] = moments[3:5, 0] = second
    moments[3, 4] = moments[4, 3] = second**2
    inverse = np.linalg.inv(moments)
    bent = inverse[0, 3] * weight + inverse[3, 3] * x**2 * weight
    slope, mixed = inverse[1, 1] * x * weight, inverse[5, 5] * x * weight
    pairs = (
        (weight, slope / 2),
        (slope / 2, weight),
        (weight, bent / 2),
        (bent / 2, weight),
        (x * weight, mixed / 4),
    )
    return tuple((a.astype(np.float32), b.astype(np.float32)) for a, b in pairs)


def _expand(image: np.ndarray) -> _Level:
    planes = tuple(
        cv2.sepFilter2D(image, cv2.CV_32F, along, down, borderType=cv2.BORDER_REPLICATE)
        for along, down in _kernels()
    )
    return _Level(planes, cv2.merge(planes[:4]))


def _edges(height: int, width: int) -> list[tuple[tuple[slice, slice], np.ndarray]]:
    """Return the four strips at the edges of a frame, and the weights of each."""
    sides = []
    for size in (height, width):
        weight, reach = np.ones(size, np.float32), min(len(_EDGE), size)
        weight[:reach] *= _EDGE[:reach]
        weight[size - reach :] *= _EDGE[:reach][::-1]
        sides.append(weight)
    weights = sides[0][:, None] * sides[1]
    edge, whole = len(_EDGE), slice(None)
    top = (slice(0, edge), whole), (slice(max(edge, height - edge), None), whole)
    inner = slice(edge, max(edge, height - edge))
    side = (inner, slice(0, edge)), (inner, slice(max(edge, width - edge), None))
    return [(strip, weights[strip]) for strip in (*top, *side)]


def _equations(one: _Level, two: _Level, work: _Work) -> None:
    """Set up the two linear equations of each pixel's flow, given an estimate of it.

    `work.equations` become the matrix's three values and the right side's two.
    """
    across, down, x, y, spare = work.across, work.down, work.x, work.y, work.spare
    height, width = across.shape
    np.add(work.columns, across, out=x)
    np.add(work.rows, down, out=y)
    cv2.remap(two.packed, x, y, cv2.INTER_LINEAR, dst=work.packed)
    cv2.split(work.packed, work.moved[:4])
    cv2.remap(two.planes[4], x, y, cv2.INTER_LINEAR, dst=work.moved[4])
    if x.min() < 0 or y.min() < 0 or x.max() >= width - 1 or y.max() >= height - 1:
        # What has moved out of sight is taken to be bent as it was, and to have no slope.
        out = (x < 0) | (x >= width - 1) | (y < 0) | (y >= height - 1)
        for number, plane in enumerate(work.moved):
            plane[out] = 0 if number < 2 else one.planes[number][out]
    a, b, c, d, e = work.moved
    for number, plane in enumerate(work.moved):
        (np.subtract if number < 2 else np.add)(one.planes[number], plane, out=plane)
    for right, bent in ((a, c), (b, d)):
        right += np.multiply(bent, down if bent is c else across, out=spare)
        right += np.multiply(e, across if bent is c else down, out=spare)
    for strip, weight in work.edges:
        for plane in work.moved:
            plane[strip] *= weight
    square = np.multiply(e, e, out=x)
    first, mixed, last, to_down, to_across = work.equations
    for bent, matrix in ((c, first), (d, last)):
        np.multiply(bent, bent, out=matrix)
        matrix += square
    np.add(c, d, out=mixed)
    mixed *= e
    for bent, other, side in ((c, e, to_down), (e, d, to_across)):
        np.multiply(bent, a, out=side)
        side += np.multiply(other, b, out=spare)


def _solve(work: _Work) -> None:
    """Average the equations over a window and solve them for `work.across` and `work.down`."""
    window = (FARNEBACK["winsize"],) * 2
    for plane, mean in zip(work.equations, work.moved, strict=True):
        cv2.boxFilter(plane, cv2.CV_32F, window, dst=mean, borderType=cv2.BORDER_REPLICATE)
    down_down, mixed, across_across, to_down, to_across = work.moved
    scale, spare = np.multiply(down_down, across_across, out=work.x), work.spare
    scale -= np.multiply(mixed, mixed, out=spare)
    scale += np.float32(_FLAT)
    for matrix, right, other, flow in (
        (down_down, to_across, to_down, work.across),
        (across_across, to_down, to_across, work.down),
    ):
        np.multiply(matrix, right, out=flow)
        flow -= np.multiply(mixed, other, out=spare)
        flow /= scale
