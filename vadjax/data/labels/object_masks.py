"""UBnormal's truth: maps of numbered objects, and from when to when an object is abnormal."""

import os
from collections.abc import Sequence

import numpy as np

from vadjax.data.labels.frame_labels import MAX_TEXT, shortened
from vadjax.data.labels.masks import ImageMasks, Masks
from vadjax.data.paths.files import unreadable
from vadjax.errors import UserError

Track = tuple[int, int, int]  # number of the object, start, stop


def read_tracks(path: str | os.PathLike) -> list[Track]:
    """Read rows `object,start,end` in frames from 0, both included; some write them as floats.

    Returns:
      Object, start and stop, half-open.

    Raises:
      UserError: a row is cut off or is no such row.
    """
    with open(path, "rb") as file:
        text = file.read(MAX_TEXT + 1).decode("utf-8-sig", errors="replace")
    tracks = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            cells = [float(cell[:20]) for cell in line.split(",")]
            if len(cells) != 3 or not 0 <= cells[1] <= cells[2] < 1e9 or any(c % 1 for c in cells):
                raise ValueError
        except ValueError:
            raise UserError(
                f"{path}, line {number} is {shortened(line)!r}: wanted OBJECT,START,END; it is cut "
                "off or damaged. Restore the file."
            ) from None
        tracks.append((int(cells[0]), int(cells[1]), int(cells[2]) + 1))
    if not tracks or "\0" in text:
        raise unreadable(path, f"{path} holds no rows OBJECT,START,END; restore it.")
    return tracks


class ObjectMasks(Masks):
    """Masks of the objects that are abnormal in a frame.

    Args:
      paths: the tracks, then a map a frame; "" where a frame has none.
      size: height and width of the frames.
    """

    def __init__(self, paths: Sequence[str | os.PathLike], *, size: tuple[int, int]):
        super().__init__(len(paths) - 1, paths=[path for path in paths if path])
        self._maps = [ImageMasks([path]) if path else None for path in paths[1:]]
        self._size = size
        self._tracks: list[Track] | None = None

    def _read(self, index: int) -> np.ndarray:
        if self._tracks is None:
            self._tracks = read_tracks(self.paths[0])
        objects = [number for number, start, stop in self._tracks if start <= index < stop]
        numbers = self._maps[index]
        if not objects or numbers is None:
            return np.zeros(self._size, np.uint8)
        return np.isin(numbers.levels(0), objects)
