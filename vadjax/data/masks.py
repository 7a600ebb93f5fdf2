"""Masks of abnormal pixels, read on demand: 1 = abnormal."""

import abc
import functools
import os
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from vadjax.data.files import unreadable
from vadjax.data.labels import load_mat
from vadjax.errors import UserError


class Masks(abc.ABC):
    """The masks of one video: `masks[i]` and iteration give uint8 0/1 [h, w]."""

    def __init__(self, num_frames: int):
        self._num_frames = num_frames

    def __len__(self) -> int:
        return self._num_frames

    def __getitem__(self, index: int) -> np.ndarray:
        if not -len(self) <= index < len(self):
            raise IndexError(f"mask {index} of a video of {len(self)} frames")
        return (self._read(index % len(self)) > 0).astype(np.uint8)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(len(self)))

    @abc.abstractmethod
    def _read(self, index: int) -> np.ndarray:
        """Read mask `index`, which lies in 0 .. len - 1; any value above 0 is abnormal."""


class ImageMasks(Masks):
    """An image file a frame; any pixel above zero is abnormal (UCSD's are 0 and 255)."""

    def __init__(self, paths: Sequence[str | os.PathLike]):
        super().__init__(len(paths))
        self.paths = tuple(os.fspath(p) for p in paths)

    def _read(self, index: int) -> np.ndarray:
        image = cv2.imread(self.paths[index], cv2.IMREAD_GRAYSCALE)
        if image is None:
            path = self.paths[index]
            raise unreadable(path, f"{path} cannot be read as a mask; restore the file.")
        return image


class CellMasks(Masks):
    """Avenue's `volLabel`: a MATLAB cell of one mask a frame in one file.

    Args:
      path: `N_label.mat`.
      num_frames: of the clip; known from the index, so that nothing is read yet.
    """

    def __init__(self, path: str | os.PathLike, num_frames: int):
        super().__init__(num_frames)
        self.path = os.fspath(path)

    def _read(self, index: int) -> np.ndarray:
        bits, width = _packed(self.path)
        return np.unpackbits(bits[index], axis=1, count=width)


def read_vollabel(path: str | os.PathLike) -> np.ndarray:
    """Read a `volLabel` cell: object [t] of [h, w] masks.

    Raises:
      UserError: not a MATLAB file, or none with a `volLabel` cell of masks of one size.
    """
    cells = np.asarray(load_mat(path, "volLabel"), dtype=object).ravel()
    shapes = {np.shape(cell) for cell in cells}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        raise UserError(
            f"{path}: volLabel should be a cell of one mask [height, width] a frame; "
            f"found shapes {sorted(shapes)}."
        )
    return cells


@functools.lru_cache(maxsize=1)  # unpacked, a long clip's masks would take 300 MB
def _packed(path: str) -> tuple[list[np.ndarray], int]:
    cells = read_vollabel(path)
    return [np.packbits(cell > 0, axis=1) for cell in cells], cells[0].shape[1]


def place_shares(masks: Masks, grid: tuple[int, int]) -> np.ndarray:
    """Return the share of abnormal pixels in each cell of a grid over the whole frame.

    Args:
      masks: of one video.
      grid: its height and width.

    Returns:
      float16 [t, *grid] in 0 .. 1.
    """
    shares = np.empty((len(masks), *grid), np.float16)
    for index, mask in enumerate(masks):
        shares[index] = cv2.resize(
            mask.astype(np.float32), grid[::-1], interpolation=cv2.INTER_AREA
        )
    return shares
