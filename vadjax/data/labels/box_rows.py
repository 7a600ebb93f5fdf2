"""Boxes of abnormal objects as text, a row a box: VATIC's, as UCFCrime2Local has them."""

import os
import re
from typing import NamedTuple

import numpy as np

from vadjax.data.labels.frame_labels import shortened
from vadjax.data.labels.masks import Masks
from vadjax.data.paths.files import unreadable
from vadjax.errors import UserError

MAX_BYTES = 1 << 26  # of a file: a box a frame of a long video, several times
_ROW = re.compile(r'(\d+(?: -?\d+){4} \d+(?: [01]){3}) "([^"]*)"')


class Boxes(NamedTuple):
    """The boxes of one video.

    Attributes:
      frames: int [n], from 0.
      boxes: int [n, 4], left, top, right and bottom in pixels; right and bottom not included.
      base: number of the first frame in the source.
      kinds: labels in the source.
    """

    frames: np.ndarray
    boxes: np.ndarray
    base: int
    kinds: tuple[str, ...]


def read_vatic(path: str | os.PathLike, num_frames: int) -> Boxes:
    """Read VATIC's rows: track, left, top, right, bottom, frame, lost, occluded, generated, label.

    A row with lost = 1 is none: the object is out of sight. Some files of UCFCrime2Local count
    frames from 0, others from 1: a file whose first row has frame 0 counts from 0, any other
    from 1. No file says so; this is how published code takes them.

    Args:
      path: the file.
      num_frames: of the video.

    Returns:
      The boxes, without those of frames behind the last.

    Raises:
      UserError: a row is cut off, or the boxes begin behind the last frame.
    """
    with open(path, "rb") as file:
        text = file.read(MAX_BYTES + 1).decode("utf-8-sig", errors="replace")
    rows = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not rows or "\0" in text or len(text) > MAX_BYTES:
        raise unreadable(path, f"{path} holds no rows of boxes; restore it.")
    values: list[list[int]] = []
    kinds: dict[str, None] = {}
    for number, line in rows:
        match = _ROW.match(line.strip())
        if match is None:
            raise UserError(
                f"{path}, line {number} is {shortened(line)!r}: wanted TRACK LEFT TOP RIGHT BOTTOM "
                'FRAME LOST OCCLUDED GENERATED "LABEL"; it is cut off or damaged. Restore the file.'
            )
        values.append([int(cell[:12]) for cell in match[1].split(" ")])
        kinds[match[2]] = None
    table = np.array(values, np.int64)
    base = 0 if table[0, 5] == 0 else 1
    table = table[table[:, 6] == 0]
    frames = table[:, 5] - base
    if len(frames) and (frames.min() >= num_frames or frames.min() < 0):
        raise UserError(
            f"{path}: boxes of frames {frames.min()} to {frames.max()} (from 0) do not fit a video "
            f"of {num_frames} frames; they are another video's."
        )
    inside = frames < num_frames
    return Boxes(frames[inside], table[inside, 1:5], base, tuple(kinds))


class BoxMasks(Masks):
    """Masks that are 1 inside the boxes of VATIC's rows.

    Args:
      path: the rows.
      num_frames: of the video.
      size: height and width of its frames, on which the boxes are drawn.
    """

    def __init__(self, path: str | os.PathLike, num_frames: int, *, size: tuple[int, int]):
        super().__init__(num_frames, paths=[path])
        self._size = size
        self._held: Boxes | None = None

    def _read(self, index: int) -> np.ndarray:
        if self._held is None:
            self._held = read_vatic(self.paths[0], len(self))
        mask = np.zeros(self._size, np.uint8)
        for left, top, right, bottom in self._held.boxes[self._held.frames == index].clip(0):
            mask[top:bottom, left:right] = 1
        return mask
