"""Frames of a fixed camera -> rows of maps by place, as the cue `scanner` reads them."""

import collections
from collections.abc import Iterator, Sequence

import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import Camera, CausalMean, Lesson
from vadjax.features.scene.meter import CHANNELS, NUM_WINDOWS
from vadjax.features.scene.reference import CELL
from vadjax.features.scene.rows import PLACE

POOL = 2  # cells of the grid that a cell of a row is high and wide
RATE = 10.0  # rows a second, about
LENGTH = 24  # rows of a window
LAG = 6  # rows of a window, the first ones, that are not predicted
MEMORY_S = 2 * LENGTH / RATE  # seconds that a window reaches back, at most
NUM_MOTION = 5  # channels of motion: right, left, down, up, and the length of their sum
STRETCHES = 64  # windows of one clip that are learnt, at most
_MOVED = [CHANNELS.index(name) for name in ("flow_x", "flow_y", "share")]
_AROUND = 1  # cells of a row that a body covers on either side
_MOST = 8.0  # deviations of a component, which a look is drawn with at most


class Rows:
    """Reads the motion of one video at each cell of a row; nothing looks ahead.

    Args:
        camera: at the frame rate of the video.

    Attributes:
        step: frames from one row to the next.
    """

    def __init__(self, camera: Camera):
        self.step = max(1, round(camera.fps / RATE))
        self._mean = CausalMean(self.step)
        speed = camera.fps / camera.reference.cell_body  # [h]
        self._scale = np.stack([speed, speed, np.ones_like(speed)], 1)[:, None]

    def update(self, bodies: Bodies) -> np.ndarray:
        """Take the next frame.

        Args:
            bodies: of the frame; the first of a video has no flow and must not come here.

        Returns:
            float32 [h, w, 3], mean of the last `step` frames: motion to the right and down
            (heights of a body a second, of a box nearly as large as a body), share of foreground.
        """
        return self._mean.update(_pooled(bodies.cells[..., _MOVED] * self._scale))


class Stretches:
    """Keeps windows of one clip; see `cue.Learner`.

    Windows begin so many rows apart that each row is predicted in one of them; of a long clip
    some are kept, evenly spaced.

    Args:
        camera: at the frame rate of the clip.
    """

    def __init__(self, camera: Camera):
        self._rows, self._apart = Rows(camera), LENGTH - LAG
        self._last: collections.deque[tuple[np.ndarray, np.ndarray]] = collections.deque(
            maxlen=LENGTH
        )
        self._kept: list[list[tuple[np.ndarray, np.ndarray]]] = []
        self._frame, self._new, self._each = 0, 0, 1  # frames; rows since the last window
        self._windows = 0  # of the clip until now, kept or not

    def update(self, bodies: Bodies) -> None:
        """Take the next frame."""
        self._frame += 1
        if self._frame == 1:
            return
        moved = self._rows.update(bodies)
        if (self._frame - 2) % self._rows.step != self._rows.step - 1:
            return
        self._last.append((moved.astype(np.float16), _windows_of(bodies)))
        self._new += 1
        if len(self._last) == LENGTH and self._new >= self._apart:
            self._keep()

    def _keep(self) -> None:
        self._new, number = 0, self._windows
        self._windows += 1
        if number % self._each == 0:
            self._kept.append([*self._last])
        if len(self._kept) > STRETCHES:
            self._kept, self._each = self._kept[::2], 2 * self._each

    def lesson(self) -> Lesson:
        """Return what was kept; of a clip shorter than a window its rows, the first one repeated.

        Returns:
            moved float16 [n, LENGTH, h, w, 3] and windows float16 [n, LENGTH, NUM_WINDOWS, 2 + d],
            as `Rows` and `features.scene.rows.window_rows` have them.
        """
        if not self._kept and self._last:
            missing = LENGTH - len(self._last)
            self._kept.append([self._last[0]] * missing + [*self._last])
        if not self._kept:
            none = np.zeros((0, LENGTH, NUM_WINDOWS, PLACE), np.float16)
            return {"moved": none[..., None], "windows": none}
        moved, windows = zip(*(zip(*window, strict=True) for window in self._kept), strict=True)
        return {"moved": np.array(moved), "windows": np.array(windows)}


def looks_in(lessons: Sequence[Lesson]) -> Iterator[np.ndarray]:
    """Yield the embeddings of all bodies of each lesson, float16 [n, d].

    Args:
        lessons: of `Stretches`.
    """
    for lesson in lessons:
        windows = lesson["windows"]
        yield windows[np.isfinite(windows[..., 0])][:, PLACE:]


def of_bodies(bodies: Bodies, mean: np.ndarray, axes: np.ndarray, width: int) -> np.ndarray:
    """Draw a map of how what moves looks.

    Args:
        bodies: of a frame.
        mean: float32 [d], of embeddings.
        axes: float32 [d, k].
        width: channels, at least k.

    Returns:
        As `drawn`.
    """
    return drawn(_windows_of(bodies), mean, axes, width, bodies.cells.shape[:2])


def drawn(
    windows: np.ndarray, mean: np.ndarray, axes: np.ndarray, width: int, grid: tuple[int, ...]
) -> np.ndarray:
    """Draw the looks of one row's bodies on the cells around them, the strongest in front.

    Args:
        windows: float16 [NUM_WINDOWS, 2 + d], the strongest first, NaN where there are fewer.
        mean: float32 [d], of embeddings.
        axes: float32 [d, k].
        width: channels, at least k.
        grid: rows and columns of the camera's cells.

    Returns:
        float32 [h, w, width]; 0 where no body is, and in channels above k.
    """
    rows, columns = (-(-side // POOL) for side in grid)
    found = np.zeros((rows, columns, width), np.float32)
    there = windows[np.isfinite(windows[:, 0])].astype(np.float32)
    if not len(there) or not axes.size:
        return found
    values = np.clip((there[:, PLACE:] - mean) @ axes, -_MOST, _MOST)
    places = (there[:, :PLACE] // (CELL * POOL)).astype(int)
    for (column, row), value in zip(places[::-1], values[::-1], strict=True):
        near = np.s_[
            max(row - _AROUND, 0) : row + _AROUND + 1,
            max(column - _AROUND, 0) : column + _AROUND + 1,
            : axes.shape[1],
        ]
        found[near] = value
    return found


def channels(moved: np.ndarray) -> np.ndarray:
    """Split motion into directions: [..., 3] of `Rows` to [..., NUM_MOTION + 1], share last."""
    right, down, share = np.moveaxis(moved.astype(np.float32), -1, 0)
    parts = [np.maximum(side, 0) for side in (right, -right, down, -down)]
    return np.stack([*parts, np.hypot(right, down), share], -1)


def _pooled(cells: np.ndarray) -> np.ndarray:
    """Average squares of `POOL` cells, those of the border repeated: float32."""
    h, w, c = cells.shape
    full = np.pad(cells, ((0, -h % POOL), (0, -w % POOL), (0, 0)), mode="edge")
    blocks = full.reshape(full.shape[0] // POOL, POOL, full.shape[1] // POOL, POOL, c)
    return blocks.mean((1, 3), dtype=np.float32)


def _windows_of(bodies: Bodies) -> np.ndarray:
    """Return the bodies of a frame as a row of fixed size; see `drawn`."""
    count = min(len(bodies), NUM_WINDOWS)
    found = np.full((NUM_WINDOWS, PLACE + bodies.looks.shape[1]), np.nan, np.float16)
    found[:count, :PLACE] = bodies.centres[:count]
    found[:count, PLACE:] = bodies.looks[:count]
    return found
