"""The forms in which masks circulate, by name: what the row of a clip says of its masks."""

import os
from collections.abc import Mapping, Sequence
from typing import Protocol

import cv2
import numpy as np

from vadjax.data.arrays import npy_file
from vadjax.data.labels.box_rows import BoxMasks
from vadjax.data.labels.masks import CellMasks, ImageMasks, Masks
from vadjax.data.labels.object_masks import ObjectMasks
from vadjax.data.labels.track_rows import TrackMasks
from vadjax.data.paths.files import unreadable
from vadjax.errors import UserError

NUMBERS = 16  # at most: a mask of so low values holds numbers, not levels of grey


class PictureMasks(Masks):
    """An image a frame; no file where nothing is abnormal.

    Args:
      paths: one a frame; "" is a mask without an abnormal pixel.
      size: height and width of the frames.
      soft: the edges are grey: abnormal is what exceeds half of the brightest pixel of the mask,
        which is 255 or, in some copies, 1. Else it is what exceeds 0.
    """

    def __init__(
        self, paths: Sequence[str | os.PathLike], *, size: tuple[int, int], soft: bool = False
    ):
        super().__init__(len(paths), paths=[path for path in paths if path])
        self._files = [ImageMasks([path]) if path else None for path in paths]
        self._size, self._soft = size, soft

    def _read(self, index: int) -> np.ndarray:
        file = self._files[index]
        if file is None:
            return np.zeros(self._size, np.uint8)
        levels = file.levels(0)
        return levels > levels.max() // 2 if self._soft else levels


class ArrayMasks(Masks):
    """A `.npy` of all masks of a clip, [t, h, w], memory-mapped: any value above 0 is abnormal.

    Args:
      path: the file.
      num_frames: of the clip; known from the index, so that nothing is read yet.
    """

    def __init__(self, path: str | os.PathLike, num_frames: int):
        super().__init__(num_frames, paths=[path])

    def _read(self, index: int) -> np.ndarray:
        return read_mask_array(self.paths[0])[index]


class OwnMasks(Masks):
    """Masks of people's own videos: images or an array, soft or hard, of any size.

    Abnormal is what exceeds half of the brightest value of a mask, or 0 where that is a small
    number (`NUMBERS`), as of masks of 0 and 1 or of numbered objects.

    Args:
      paths: one a frame, "" where nothing is abnormal; or the one `.npy` of all.
      num_frames: of the clip.
      size: height and width of its frames, to which masks are resized.
    """

    def __init__(
        self, paths: Sequence[str | os.PathLike], num_frames: int, *, size: tuple[int, int]
    ):
        super().__init__(num_frames, paths=[path for path in paths if path])
        self._files, self._size = [os.fspath(path) for path in paths], size

    def _read(self, index: int) -> np.ndarray:
        if self._files[0].endswith(".npy"):
            levels = np.asarray(read_mask_array(self._files[0])[index])
        elif not self._files[index]:
            return np.zeros(self._size, np.uint8)
        else:
            levels = ImageMasks([self._files[index]]).levels(0)
        brightest = levels.max()
        mask = levels > (0 if brightest <= NUMBERS and levels.dtype.kind != "f" else brightest / 2)
        if mask.shape == self._size:
            return mask
        resized = cv2.resize(
            mask.astype(np.float32), self._size[::-1], interpolation=cv2.INTER_AREA
        )
        return resized >= 0.5


def read_mask_array(path: str | os.PathLike) -> np.ndarray:
    """Map the masks of a clip into memory.

    Returns:
      [t, h, w], of whatever type they were written in.

    Raises:
      UserError: not an array of three dimensions.
    """
    try:
        masks = npy_file.read_array(path, mapped=True)
    except npy_file.Damaged as error:
        raise unreadable(
            path, f"{path} cannot be read as masks ({error}). Restore it from its archive."
        ) from error
    if masks.ndim != 3 or masks.dtype.kind not in "biuf":
        raise UserError(
            f"{path}: wanted masks [frames, height, width]; found {masks.dtype} "
            f"{list(masks.shape)}. Restore it from its archive."
        )
    return masks


class Opener(Protocol):
    """Opens the masks of a clip; no file is read yet."""

    def __call__(self, paths: Sequence[str], num_frames: int, size: tuple[int, int]) -> Masks:
        """Return them."""


FORMS: Mapping[str, Opener] = {
    "images": lambda paths, num_frames, size: ImageMasks(paths),
    "marked": lambda paths, num_frames, size: PictureMasks(paths, size=size),
    "soft": lambda paths, num_frames, size: PictureMasks(paths, size=size, soft=True),
    "own": lambda paths, num_frames, size: OwnMasks(paths, num_frames, size=size),
    "vollabel": lambda paths, num_frames, size: CellMasks(paths[0], num_frames),
    "vatic": lambda paths, num_frames, size: BoxMasks(paths[0], num_frames, size=size),
    "tracks_centre": lambda paths, num_frames, size: TrackMasks(
        paths[0], num_frames, size=size, centre=True
    ),
    "tracks_corner": lambda paths, num_frames, size: TrackMasks(
        paths[0], num_frames, size=size, centre=False
    ),
    "objects": lambda paths, num_frames, size: ObjectMasks(paths, size=size),
    "array": lambda paths, num_frames, size: ArrayMasks(paths[0], num_frames),
}


def open_masks(
    form: str, paths: Sequence[str], *, num_frames: int, size: tuple[int, int]
) -> Masks | None:
    """Open the masks of a clip.

    Args:
      form: one of `FORMS`.
      paths: the files, as the form has them.
      num_frames: of the clip.
      size: height and width of its frames.

    Returns:
      The masks; None where there are no files.
    """
    return FORMS[form](paths, num_frames, size) if paths else None
