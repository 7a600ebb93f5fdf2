"""The frames of a clip of images: a file a frame, or the pages of one file."""

import os
import threading
from collections.abc import Iterator, Sequence

import numpy as np

from vadjax.data.frames.on_demand import Frames
from vadjax.data.images.facts import BrokenImage
from vadjax.data.images.pages import Pages
from vadjax.data.images.read import Levels, joined, levels_of, read_image, to_8_bits
from vadjax.data.text.printable import printable
from vadjax.errors import UserError


class ImageFrames(Frames):
    """An image file a frame.

    Args:
      paths: one file a frame, in order.
      channels: 3 or 1 converts every frame; 0 leaves each file as it is.
      levels: the values of images of more than 8 bits that become 0 and 255; None: the range of
        all files, for which they are read once more.
      size: see `Frames`.
    """

    def __init__(
        self,
        paths: Sequence[str | os.PathLike],
        *,
        channels: int = 0,
        levels: Levels | None = None,
        size: tuple[int, int] | None = None,
    ):
        super().__init__(len(paths), size=size, files=paths)
        self.paths = tuple(os.fspath(p) for p in paths)
        self._channels, self._levels = channels, levels
        self._lock = threading.Lock()

    def _read(self, index: int) -> np.ndarray:
        image = self._image(index)
        if image.dtype == np.uint8:
            return image
        with self._lock:
            if self._levels is None:
                self._levels = joined(levels_of(self._image(i)) for i in range(len(self)))
        return to_8_bits(image, self._levels, channels=self._channels)

    def _image(self, index: int) -> np.ndarray:
        path = self.paths[index]
        try:
            return read_image(path, channels=self._channels)[0]
        except (BrokenImage, OSError) as error:
            raise UserError(
                f"{printable(path)} cannot be read as an image any more ({_reason(error)}); "
                "restore the file and run again."
            ) from error


class PageFrames(Frames):
    """The pages of one file.

    Args:
      path: the file.
      num_frames: pages of the clip.
      first: page with which the clip begins.
      channels: see `ImageFrames`.
      levels: see `ImageFrames`.
      size: see `Frames`.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        num_frames: int,
        *,
        first: int = 0,
        channels: int = 0,
        levels: Levels | None = None,
        size: tuple[int, int] | None = None,
    ):
        super().__init__(num_frames, size=size, files=[path])
        self.path, self.first = os.fspath(path), first
        self._channels, self._levels = channels, levels
        self._lock = threading.Lock()
        self._pages: Pages | None = None

    def __iter__(self) -> Iterator[np.ndarray]:
        pages = self._opened()
        return (self._page(pages, index) for index in range(len(self)))

    def _read(self, index: int) -> np.ndarray:
        with self._lock:
            self._pages = self._pages or self._opened()
            return self._page(self._pages, index)

    def _opened(self) -> Pages:
        try:
            pages = Pages(self.path)
        except (BrokenImage, OSError) as error:
            raise self._changed(error) from error
        if len(pages) < self.first + len(self):
            raise self._changed(BrokenImage(f"it has {len(pages)} pages"))
        return pages

    def _page(self, pages: Pages, index: int) -> np.ndarray:
        try:
            image = pages.read(self.first + index)
        except BrokenImage as error:
            raise self._changed(error) from error
        if self._levels is None and image.dtype != np.uint8:
            others = (pages.read(self.first + i) for i in range(len(self)))
            self._levels = joined(map(levels_of, others))
        return to_8_bits(image, self._levels, channels=self._channels)

    def _changed(self, error: Exception) -> UserError:
        return UserError(
            f"{printable(self.path)} cannot be read as a stack of pages any more "
            f"({_reason(error)}); restore the file and run again."
        )


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
