"""Rows of a frame -> what is in it: bodies with place, velocity and look, and the cells."""

import collections
import dataclasses

import numpy as np

from vadjax.features.scene.meter import CHANNELS
from vadjax.features.scene.reference import CELL, Reference
from vadjax.features.scene.rows import PLACE
from vadjax.features.scene.seen_objects import objects_of

PATH = 5  # frames over which a velocity is averaged, back along the path of the body
_SEEN = 0.05  # share of foreground from which on a cell has a velocity
_PRIOR = 0.03  # share of foreground that counts as standing still, so that specks are not fast


@dataclasses.dataclass(frozen=True, eq=False)
class Bodies:
    """What was measured in one frame.

    Attributes:
        cells: float32 [h, w, c], `features.scene.meter.CHANNELS`.
        centres: float32 [n, 2], (x, y) of each body, pixels of the working frame.
        height: float32 [n], of a body at that place, pixels of the working frame.
        velocity: float32 [n, 2], to the right and down, heights of a body a second.
        looks: float32 [n, d], embeddings.
        objects: float32 [m, 6], `features.scene.seen_objects.COLUMNS`; None where the frame was
            not looked at.
    """

    cells: np.ndarray
    centres: np.ndarray
    height: np.ndarray
    velocity: np.ndarray
    looks: np.ndarray
    objects: np.ndarray | None = None

    def __len__(self) -> int:
        """Bodies."""
        return len(self.centres)

    @property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of the cell of each body, int [n]."""
        columns, rows = (self.centres // CELL).astype(int).T
        return rows, columns

    def nearest(self, cell: tuple[int, int]) -> tuple[int | None, float]:
        """Return the body nearest to a cell, and how many cells away; (None, inf): no body."""
        if not len(self):
            return None, np.inf
        rows, columns = self.places
        away = np.hypot(rows - cell[0], columns - cell[1])
        return int(away.argmin()), float(away.min())


class BodyReader:
    """Reads one video row by row; only the last `PATH` frames are kept.

    Args:
        reference: of the camera.
        fps: frames a second.
    """

    def __init__(self, reference: Reference, fps: float):
        self._body, self._fps = reference.body, fps
        self._past: collections.deque[np.ndarray] = collections.deque(maxlen=PATH)
        self._begun = False

    def update(
        self, cells: np.ndarray, windows: np.ndarray, objects: np.ndarray | None = None
    ) -> Bodies:
        """Take the rows of the next frame.

        Args:
            cells: [h, w, c], `CHANNELS`.
            windows: [k, 2 + d], see `features.scene.rows.window_rows`.
            objects: [k, 6], see `features.scene.seen_objects.ObjectMeter`; None: none are measured.

        Returns:
            What they say; of the first frame no velocity is known, it counts as 0.
        """
        cells = np.asarray(cells, np.float32)
        if self._begun:  # the first frame has no flow, which would count as standing still
            self._past.appendleft(cells)
        self._begun = True
        there = np.isfinite(windows[:, 0])
        windows = np.asarray(windows[there], np.float32)
        centres = windows[:, :PLACE]
        rows = centres[:, 1].astype(int).clip(0, len(self._body) - 1)
        height = self._body[rows]
        velocity = self._velocity(centres) * (self._fps / height[:, None])
        seen = None if objects is None else objects_of(objects)
        looks = windows[:, PLACE:]
        return Bodies(cells, centres, height, velocity.astype(np.float32), looks, seen)

    def _velocity(self, centres: np.ndarray) -> np.ndarray:
        """Average the flow along the path that leads to each body: [n, 2] pixels a frame."""
        total, share = np.zeros((len(centres), 2)), np.full(len(centres), 0.0)
        at = centres.astype(np.float64)
        for cells in self._past:
            rows = (at[:, 1] // CELL).astype(int).clip(0, cells.shape[0] - 1)
            columns = (at[:, 0] // CELL).astype(int).clip(0, cells.shape[1] - 1)
            flow, own = cells[rows, columns, :2], cells[rows, columns, CHANNELS.index("share")]
            seen = (own > _SEEN).astype(np.float64)
            total, share = total + flow * seen[:, None], share + own * seen
            at = at - flow * (seen / np.maximum(own, 0.1))[:, None]
        count = max(len(self._past), 1)
        return total / (share + _PRIOR * count)[:, None]
