"""The static scene: pavement, lawn, hedge, house wall, furniture, and leaves that sway."""

from dataclasses import dataclass

import cv2
import numpy as np

from vadjax.data.synthetic.camera import Camera
from vadjax.data.synthetic.people import axes
from vadjax.data.synthetic.scenario import HALF_WIDTH
from vadjax.data.synthetic.shapes import Figure

_FINE = 3  # the scene is painted this much larger and shrunk
_HEDGE, _WALL = 8.0, 9.6  # metres from the walkway's middle
_TREE, _BUSH = (-5.6, 4.9), (4.3, -4.9)  # x, y in metres


@dataclass(frozen=True)
class Leaves:
    """A patch of leaves that sways: the lower edge stays, the upper edge moves."""

    row: int  # where the patch lies in the frame
    column: int
    layer: np.ndarray  # [h, w, 4] float32: colour times cover, and cover in 0..1

    def sway_over(
        self, image: np.ndarray, owner: np.ndarray, *, shift: float, level: float
    ) -> None:
        """Paint the patch over `image` [h, w, 3] and take hidden pixels out of `owner`.

        Args:
            image: float32, 0-255; changed.
            owner: uint8 [h, w], id of the figure at every pixel; changed.
            shift: pixels that the upper edge moves to the right.
            level: light.
        """
        height, width = self.layer.shape[:2]
        if not self.layer.size:  # a narrow frame does not show them
            return
        move = np.array([[1, -shift / height, shift], [0, 1, 0]], np.float32)
        moved = cv2.warpAffine(self.layer, move, (width, height))
        place = np.s_[self.row : self.row + height, self.column : self.column + width]
        image[place] = image[place] * (1 - moved[..., 3:]) + moved[..., :3] * level
        owner[place][moved[..., 3] > 0.5] = 0


@dataclass(frozen=True)
class Backdrop:
    """What the renderer needs of the scene."""

    albedo: np.ndarray  # [h, w, 3] float32, 0-255 in full light
    sunlit: np.ndarray  # [h, w] float32 in 0..1: how much of the sun gets there
    leaves: tuple[Leaves, ...]
    furniture: tuple[Figure, ...]


def _fractal(rng: np.random.Generator, size: int = 512) -> np.ndarray:
    """A tile of cloudy noise that wraps around; mean 0, deviation 1."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size))
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.normal(size=(size, size))) / frequency**1.1
    tile = np.fft.irfft2(spectrum, (size, size))
    return ((tile - tile.mean()) / tile.std()).astype(np.float32)


class _Painter:
    """Textures looked up by world coordinates at every pixel."""

    def __init__(self, rng: np.random.Generator):
        self._tiles = [_fractal(rng) for _ in range(3)]

    def noise(self, across: np.ndarray, along: np.ndarray, per_metre: float, tile: int = 0):
        """Noise at world coordinates in metres; `per_metre` samples a metre."""
        size = len(self._tiles[tile])
        columns = ((across * per_metre) % size).astype(np.float32)
        rows = ((along * per_metre) % size).astype(np.float32)
        # Without BORDER_WRAP a tile's last row and column fade out; wrapped, the drawing that the
        # published figures are of would be another.
        return cv2.remap(self._tiles[tile], columns, rows, cv2.INTER_LINEAR)

    @staticmethod
    def lines(value: np.ndarray, period: float, width: float) -> np.ndarray:
        """1 on thin lines every `period` metres, else 0."""
        return (np.abs((value / period) % 1 - 0.5) > 0.5 - width / period / 2).astype(np.float32)


def _tint(colour, brightness: np.ndarray) -> np.ndarray:
    return np.array(colour, np.float32) * brightness[..., None]


def _paint(camera: Camera, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Colour and sunlight of everything flat, at the fine size."""
    painter = _Painter(rng)
    x, y, _ = np.moveaxis(camera.hit(axis=2, value=0.0), -1, 0)
    coarse, fine = painter.noise(x, y, 6), painter.noise(x, y, 45, 1)
    image = _tint((88, 108, 58), 1 + 0.1 * coarse + 0.16 * fine)  # lawn
    slabs = np.maximum(
        painter.lines(y, 0.75, 0.035),
        painter.lines(x + 0.375 * (np.floor(y / 0.75 + 0.5) % 2), 0.75, 0.035),
    )
    stained = 1 + 0.07 * coarse + 0.05 * fine - 0.16 * slabs
    paved = np.abs(y) < HALF_WIDTH
    image[paved] = _tint((158, 150, 138), stained)[paved]
    kerb = np.abs(np.abs(y) - HALF_WIDTH - 0.1) < 0.1
    image[kerb] = _tint((176, 172, 164), 1 + 0.05 * fine - 0.2 * painter.lines(x, 1.0, 0.04))[kerb]
    middle = (np.abs(y) < 0.05) & (x % 2.4 < 1.4)
    image[middle] = _tint((196, 194, 184), 1 + 0.1 * coarse)[middle]
    shade = np.exp(-(((x + 4.2) / 2.6) ** 2) - ((y - 1.2) / 2.4) ** 2)  # under the tree
    dapple = np.clip(0.5 + 0.9 * painter.noise(x, y, 30, 2), 0, 1)
    sunlit = 1 - 0.85 * np.clip(1.6 * shade, 0, 1) * dapple
    sunlit[(y > _HEDGE - 0.5)] *= 0.55
    behind = y > _WALL
    x, _, z = np.moveaxis(camera.hit(axis=1, value=_WALL), -1, 0)
    image[behind] = _house(painter, x, z)[behind]
    sunlit[behind] = 1 - 0.3 * (z[behind] > 3.0)
    x, _, z = np.moveaxis(camera.hit(axis=1, value=_HEDGE), -1, 0)
    top = 1.0 + 0.06 * painter.noise(x, 0 * x, 25, 2)
    leafy = (y > _HEDGE) & (z < top)
    rough = painter.noise(x, z, 60, 1)
    image[leafy] = _tint((52, 74, 40), 0.75 + 0.3 * z + 0.24 * rough)[leafy]
    sunlit[leafy] = 1.0
    return image, sunlit.astype(np.float32)


def _house(painter: _Painter, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """A brick wall with windows."""
    course = np.floor(z / 0.16)
    joints = np.maximum(
        painter.lines(z, 0.16, 0.02), painter.lines(x + 0.2 * (course % 2), 0.4, 0.02)
    )
    brick = 1 + 0.08 * painter.noise(x, z, 8) + 0.07 * painter.noise(x, z, 50, 1) + 0.12 * joints
    image = _tint((148, 104, 84), brick)
    u = (x + 0.7) % 3.4
    frame = (u < 1.5) & (z > 1.25)
    glass = (u > 0.1) & (u < 1.4) & (np.abs(u - 0.75) > 0.035) & (z > 1.35)
    image[frame] = (206, 202, 192)
    image[glass] = _tint((66, 82, 96), 1 + 0.12 * painter.noise(x, z + x, 5, 2))[glass]
    return image


def _leaves(
    camera: Camera, rng: np.random.Generator, centre, spread, count: int, size: float
) -> Leaves:
    """Leaves of `size` metres around `centre`."""
    points = np.array(centre) + np.clip(rng.normal(size=(count, 3)), -1.7, 1.7) * np.array(spread)
    points = points[np.argsort(-points[:, 1])]
    fine = Camera(camera.height * 2, camera.width * 2)
    pixels, scale, _ = fine.project(points)
    canvas = np.zeros((fine.height, fine.width, 4), np.uint8)
    for (column, row), per_metre, height in zip(pixels, scale, points[:, 2], strict=True):
        bright = rng.uniform(0.6, 1.25) * (0.85 + 0.15 * (height > centre[2]))
        colour = [int(c * bright) for c in (74, 104, 48)]
        axis = (int(size * per_metre), int(0.45 * size * per_metre))
        cv2.ellipse(
            canvas, (int(column), int(row)), axis, rng.uniform(0, 180), 0, 360, (*colour, 255), -1
        )
    small = cv2.resize(canvas, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    layer = np.asarray(small, np.float32)
    layer[..., 3] /= 255
    column, row, width, height = cv2.boundingRect((layer[..., 3] > 0).astype(np.uint8))
    margin = camera.height // 32
    left, right = max(0, column - margin), min(camera.width, column + width + margin)
    return Leaves(row, left, np.ascontiguousarray(layer[row : row + height, left:right]))


def _furniture() -> tuple[Figure, ...]:
    """A lamp post before the walkway, a bench and the tree's trunk behind it."""

    def place(x: float, y: float):
        return Figure(1), axes(np.array([x]), np.array([y]), np.zeros(1))

    lamp, at = place(2.6, -3.5)
    lamp.limb(at(0, 0, 0), at(0, 0, 5.2), 0.06, (58, 64, 62))
    lamp.limb(at(0, 0, 0), at(0, 0, 0.8), 0.1, (50, 56, 54))
    trunk, at = place(*_TREE)
    trunk.cone(at(0, 0, 0), at(0.15, 0, 4.5), (0.24, 0.15), (84, 68, 54))
    bench, at = place(1.2, 4.3)
    for forward in (-0.7, 0.7):
        bench.limb(at(forward, 0, 0), at(forward, 0.1, 0.85), 0.04, (60, 60, 62))
    for left, up in ((-0.25, 0.45), (-0.08, 0.45), (0.1, 0.62), (0.12, 0.82)):
        bench.limb(at(-0.9, left, up), at(0.9, left, up), 0.05, (126, 88, 56))
    return lamp, trunk, bench


def make_backdrop(camera: Camera, rng: np.random.Generator) -> Backdrop:
    """Paint the static scene.

    Args:
        camera: gives the frame size.
        rng: gives textures and leaves.

    Returns:
        What the renderer needs.
    """
    image, sunlit = _paint(Camera(camera.height * _FINE, camera.width * _FINE), rng)
    size = (camera.width, camera.height)
    return Backdrop(
        albedo=cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32),
        sunlit=cv2.resize(sunlit, size, interpolation=cv2.INTER_AREA),
        leaves=(
            _leaves(camera, rng, (*_TREE, 4.1), (1.0, 0.8, 0.55), 420, 0.13),
            _leaves(camera, rng, (*_TREE, 4.0), (0.9, 0.6, 0.5), 260, 0.13),
            _leaves(camera, rng, (*_BUSH, 0.25), (0.8, 0.4, 0.3), 380, 0.11),
        ),
        furniture=_furniture(),
    )
