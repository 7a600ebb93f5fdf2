"""The reference of a fixed camera, learnt from normal frames: working size, background, bodies."""

import dataclasses
import functools
import hashlib
from collections.abc import Iterable, Mapping

import cv2
import numpy as np

from vadjax.errors import UserError
from vadjax.features.scene import body_size
from vadjax.features.scene.foreground import foreground, limits

VERSION = 3
BODY = 40.0  # px: a typical body in the working frame
CELL = 8  # px: side of a cell of the grid
FIRST_HEIGHT = 360  # px: largest height at which bodies are measured
HEIGHTS = (96, 480)  # px: of the working frame
NUM_FRAMES = 240  # of the training clips, for the background


@dataclasses.dataclass(frozen=True, eq=False)
class Reference:
    """What the measures of a scene are relative to.

    Attributes:
        background: float32 [h, w], grey levels of the working frame.
        limit: float32 [h, w], grey levels from which on a pixel is foreground.
        body: float32 [h], height in pixels of a body whose middle is in that row.
        estimated: the heights were estimated; else they are 1/8 of the frame.
        frame_shape: (height, width) of the frames, before they are resized.
    """

    background: np.ndarray
    limit: np.ndarray
    body: np.ndarray
    estimated: bool
    frame_shape: tuple[int, int]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the fields as arrays, which `from_arrays` takes."""
        return {f.name: np.asarray(getattr(self, f.name)) for f in dataclasses.fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Reference":
        """Return the reference of which `arrays` gave these."""
        height, width = np.asarray(arrays["frame_shape"]).tolist()
        fields = {k: np.asarray(arrays[k], np.float32) for k in ("background", "limit", "body")}
        return cls(**fields, estimated=bool(arrays["estimated"]), frame_shape=(height, width))

    @functools.cached_property
    def fingerprint(self) -> str:
        """Hash of all that it holds."""
        parts = [np.ascontiguousarray(array).tobytes() for array in self.arrays().values()]
        return hashlib.sha256(b"".join(parts)).hexdigest()[:16]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the working frame in pixels."""
        return self.background.shape

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of cells."""
        return self.shape[0] // CELL, self.shape[1] // CELL

    @property
    def cell_body(self) -> np.ndarray:
        """Height of a body at each row of cells, float32 [rows], pixels."""
        return self.body[CELL // 2 :: CELL][: self.grid[0]]


def working_size(frame_shape: tuple[int, int], height: int) -> tuple[int, int]:
    """Return height and width, both multiples of a cell.

    Args:
        frame_shape: of the frame, (height, width).
        height: wanted, pixels.

    Returns:
        The two.
    """
    rows = max(2, round(height / CELL))
    columns = max(2, round(frame_shape[1] * rows / frame_shape[0]))
    return rows * CELL, columns * CELL


def to_grey(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Convert a frame to grey levels of the working size.

    Args:
        frame: uint8 [h, w] or [h, w, 3] RGB.
        size: (height, width).

    Returns:
        uint8 [height, width].
    """
    grey = frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return resized(grey, size)


def resized(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize, by areas where it becomes smaller.

    Args:
        frame: uint8 [h, w] or [h, w, 3].
        size: (height, width).

    Returns:
        uint8 of that size.
    """
    if frame.shape[:2] == size:
        return frame
    how = cv2.INTER_AREA if size[0] < frame.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(frame, size[::-1], interpolation=how)


def fit_reference(frames: Iterable[np.ndarray]) -> Reference:
    """Learn the reference of a scene.

    Args:
        frames: of normal clips of one fixed camera, evenly spaced over all of them; some hundred.

    Returns:
        The reference.

    Raises:
        UserError: there is no frame, or frames are of several sizes.
    """
    frames = list(frames)
    shapes = sorted({frame.shape[:2] for frame in frames})
    if len(shapes) != 1:
        raise UserError(
            f"{len(frames)} normal frames of sizes {shapes}: detector scene learns one fixed "
            "camera; give the clips of one camera, of one size."
        )
    (shape,) = shapes
    first = working_size(shape, min(shape[0], FIRST_HEIGHT))
    grey = np.stack([to_grey(frame, first) for frame in frames])
    background = np.median(grey, axis=0).astype(np.float32)
    limit = limits([*grey], background)
    found = [
        body_size.component_heights(foreground(each, background, limit).astype(np.uint8))
        for each in grey
    ]
    body = body_size.fit_heights(np.concatenate(found), first[0])
    estimated = body is not None
    if body is None:
        body = np.full(first[0], first[0] / 8, np.float32)
    seen = np.concatenate(found) if estimated else np.stack([np.arange(first[0])] * 2, axis=1)
    typical = float(np.average(body[(seen[:, 0] - 1).astype(int).clip(0)], weights=seen[:, 1]))
    size = working_size(shape, int(np.clip(first[0] * BODY / typical, *HEIGHTS)))
    scale = size[0] / first[0]
    if size != first:
        grey = np.stack([to_grey(frame, size) for frame in frames])
        background = np.median(grey, axis=0).astype(np.float32)
        limit = limits([*grey], background)
    rows = (np.arange(size[0]) + 0.5) / scale
    foot = np.clip(rows + body[rows.astype(int).clip(0, first[0] - 1)] / 2, 0, first[0] - 1)
    return Reference(
        background, limit, (scale * body[foot.astype(int)]).astype(np.float32), estimated, shape
    )
