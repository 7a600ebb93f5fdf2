"""Masks of abnormal pixels, read on demand: 1 = abnormal."""

import abc
import functools
import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from vadjax.data.images.facts import BrokenImage
from vadjax.data.images.read import read_image
from vadjax.data.labels.frame_labels import load_mat
from vadjax.data.paths.files import unreadable
from vadjax.data.paths.fingerprints import fingerprint
from vadjax.data.text.printable import printable
from vadjax.errors import UserError


class Masks(abc.ABC):
    """The masks of one video: `masks[i]` and iteration give uint8 0/1 [h, w].

    Args:
      num_frames: of the video.
      paths: the files that hold the masks.
    """

    def __init__(self, num_frames: int, *, paths: Sequence[str | os.PathLike] = ()):
        self._num_frames = num_frames
        self.paths: tuple[str, ...] = tuple(os.fspath(path) for path in paths)

    def __len__(self) -> int:
        return self._num_frames

    def __getitem__(self, index: int) -> np.ndarray:
        if not -len(self) <= index < len(self):
            raise IndexError(f"mask {index} of a video of {len(self)} frames")
        return (self._read(index % len(self)) > 0).astype(np.uint8)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(len(self)))

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of the files' bytes; equal masks of another folder have the same."""
        return fingerprint(self.paths)

    @abc.abstractmethod
    def _read(self, index: int) -> np.ndarray:
        """Read mask `index`, which lies in 0 .. len - 1; any value above 0 is abnormal."""


class ImageMasks(Masks):
    """An image file a frame; any pixel above zero is abnormal (UCSD's are 0 and 255)."""

    def __init__(self, paths: Sequence[str | os.PathLike]):
        super().__init__(len(paths), paths=paths)

    def _read(self, index: int) -> np.ndarray:
        return self.levels(index)

    def levels(self, index: int) -> np.ndarray:
        """Return the grey levels of an image, uint8 [h, w].

        Raises:
          UserError: it cannot be read.
        """
        path = self.paths[index]
        try:
            return read_image(path, channels=1)[0]
        except BrokenImage as error:
            raise unreadable(
                path, f"{printable(path)} cannot be read as a mask ({error}); restore the file."
            ) from error


class CellMasks(Masks):
    """Avenue's `volLabel`: a MATLAB cell of one mask a frame in one file.

    Args:
      path: `N_label.mat`.
      num_frames: of the clip; known from the index, so that nothing is read yet.
    """

    def __init__(self, path: str | os.PathLike, num_frames: int):
        super().__init__(num_frames, paths=[path])

    def _read(self, index: int) -> np.ndarray:
        packed = _packed(self.paths[0])
        return np.unpackbits(packed.columns[index], axis=1, count=packed.shape[0]).T


class PackedMasks(NamedTuple):
    """The masks of one clip, eight pixels a byte: unpacked, a long clip's would take 300 MB.

    Attributes:
      columns: of each frame, uint8 [w, ceil(h / 8)]; MATLAB writes column by column.
      labels: uint8 [t], 1 where any pixel is abnormal.
      shape: height and width of a mask.
    """

    columns: tuple[np.ndarray, ...]
    labels: np.ndarray
    shape: tuple[int, int]


def read_vollabel(path: str | os.PathLike) -> PackedMasks:
    """Read a `volLabel` cell of one mask a frame.

    Raises:
      UserError: not a MATLAB file, or none with a `volLabel` cell of masks of one size.
    """
    cells = load_mat(path, "volLabel", keep=_pack)
    is_cell = isinstance(cells, np.ndarray)
    cells = cells.ravel() if is_cell else [cells]
    shapes: set[Any] = {cell[1] if isinstance(cell, tuple) else () for cell in cells}
    if not is_cell or len(shapes) != 1 or len(next(iter(shapes))) != 2 or 0 in next(iter(shapes)):
        raise UserError(
            f"{path}: volLabel should be a cell of one mask [height, width] a frame; "
            f"found {'' if is_cell else 'no cell, but '}shapes {sorted(shapes)[:5]}. Restore it."
        )
    columns = tuple(cell[0] for cell in cells)
    labels = np.array([packed.any() for packed in columns], np.uint8)
    height, width = next(iter(shapes))
    return PackedMasks(columns, labels, (height, width))


def _pack(mask: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    shape = mask.shape
    return (np.packbits(mask.T > 0, axis=1) if mask.ndim == 2 else mask[:0]), shape


@functools.lru_cache(maxsize=1)
def _packed(path: str) -> PackedMasks:
    return read_vollabel(path)


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
