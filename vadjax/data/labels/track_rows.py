"""Boxes of abnormal objects as rows IMAGE TRACK A B C D, as Street Scene has them."""

import os
import re
from typing import NamedTuple

import numpy as np

from vadjax.data.labels.frame_labels import shortened
from vadjax.data.labels.masks import Masks
from vadjax.errors import UserError

MAX_BYTES = 1 << 26  # of a file of rows
_IMAGE = re.compile(r"(\d{1,9})\.\w+$")


class TrackRows(NamedTuple):
    """The rows of one clip.

    Attributes:
      frames: int64 [n], from 0.
      numbers: float64 [n, 4], of each box, in pixels, as the file has them.
    """

    frames: np.ndarray
    numbers: np.ndarray


def read_track_rows(path: str | os.PathLike, num_frames: int) -> TrackRows:
    """Read the rows of a clip; the number in an image's name counts from 1.

    Args:
      path: the file.
      num_frames: of the clip.

    Returns:
      The rows.

    Raises:
      UserError: a row is cut off, or names a frame that the clip does not have.
    """
    with open(path, "rb") as file:
        text = file.read(MAX_BYTES).decode("utf-8-sig", errors="replace")
    frames, boxes = [], []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split()
        if not cells:
            continue
        found = _IMAGE.search(cells[0])
        try:
            box = [float(cell[:20]) for cell in cells[2:6]]
        except ValueError:
            box = []
        if found is None or len(box) < 4 or not np.isfinite(box).all():
            raise UserError(
                f"{path}, line {number} is {shortened(line)!r}: wanted IMAGE TRACK and four "
                "numbers of a box; it is cut off or damaged. Restore the file."
            )
        frame = int(found[1]) - 1
        if not 0 <= frame < num_frames:
            raise UserError(
                f"{path}, line {number}: image {frame + 1} of a clip of {num_frames}; frames are "
                "missing, or these are another clip's rows."
            )
        frames.append(frame)
        boxes.append(box)
    return TrackRows(np.array(frames, np.int64), np.array(boxes, np.float64).reshape(-1, 4))


def corners(numbers: np.ndarray, *, centre: bool) -> np.ndarray:
    """Return boxes as left, top, right and bottom.

    Args:
      numbers: [n, 4]: x, y, width, height.
      centre: x and y are of the middle of the box; else of its left upper corner.

    Returns:
      float64 [n, 4].
    """
    place, size = numbers[:, :2], numbers[:, 2:]
    start = place - size / 2 if centre else place
    return np.concatenate([start, start + size], 1)


class TrackMasks(Masks):
    """Masks that are 1 inside the boxes.

    Args:
      path: the rows.
      num_frames: of the clip.
      size: height and width of its frames.
      centre: see `corners`.
    """

    def __init__(
        self, path: str | os.PathLike, num_frames: int, *, size: tuple[int, int], centre: bool
    ):
        super().__init__(num_frames, paths=[path])
        self._size, self._centre = size, centre
        self._held: TrackRows | None = None

    def _read(self, index: int) -> np.ndarray:
        if self._held is None:
            self._held = read_track_rows(self.paths[0], len(self))
        mask = np.zeros(self._size, np.uint8)
        boxes = corners(self._held.numbers[self._held.frames == index], centre=self._centre)
        for left, top, right, bottom in np.rint(boxes).astype(np.int64).clip(0):
            mask[top:bottom, left:right] = 1
        return mask
