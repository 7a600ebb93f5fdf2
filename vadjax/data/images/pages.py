"""Files of several pages: TIFF stacks, and animated GIF, WebP and PNG images."""

import mmap
import os
import pathlib

import numpy as np
from PIL import Image

from vadjax.data.images.facts import BrokenImage
from vadjax.data.images.header import facts_of
from vadjax.data.images.read import decode
from vadjax.data.images.tiff_header import point_to
from vadjax.data.text.printable import printable
from vadjax.runtime import crash

STACKS = (".tif", ".tiff", ".gif", ".webp", ".png")  # kinds of image that may hold several pages


class Pages:
    """The pages of one image file. Not for several threads at once.

    Args:
      path: of any name that the system allows.

    Attributes:
      facts: what the header says.

    Raises:
      BrokenImage: it is no image, or is cut short.
      OSError: it cannot be opened.
    """

    def __init__(self, path: str | os.PathLike):
        self._name = printable(path)
        with open(path, "rb") as file:
            if not os.fstat(file.fileno()).st_size:
                raise BrokenImage("it is empty")
            # Private: a header is changed in memory, and never in the file.
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        self.facts = facts_of(self._data)
        self._image: Image.Image | None = None

    def __len__(self) -> int:
        return self.facts.pages

    def read(self, index: int) -> np.ndarray:
        """Return a page in the depth of the file, [h, w] or [h, w, 3]; ascending order is fast.

        Raises:
          BrokenImage: it cannot be decoded.
        """
        with crash.decoding(self._name):
            return self._page(index)

    def _page(self, index: int) -> np.ndarray:
        if self.facts.places:
            point_to(self._data, self.facts.places[index])  # found without reading those before it
            return decode(np.frombuffer(self._data, np.uint8), self.facts)
        try:
            if self._image is None or index < self._image.tell():
                self._data.seek(0)  # Pillow cannot go back in every format
                self._image = Image.open(self._data)  # type: ignore[arg-type]  # it reads and seeks
            self._image.seek(index)
            page = np.asarray(self._image.convert("RGBA").convert("RGB"))
        except Exception as error:  # Pillow has a dozen ways of saying that the bytes are wrong
            raise BrokenImage(f"its page {index} cannot be decoded") from error
        if page.shape[:2] != (self.facts.height, self.facts.width):
            raise BrokenImage(f"its page {index} has another size than its header says")
        return page


def num_pages(path: pathlib.Path) -> int:
    """Return how many pages an image has; 0 where it is no image of which that can be told."""
    if path.suffix.lower() not in STACKS or not path.is_file():
        return 0
    try:
        return len(Pages(path))
    except (BrokenImage, OSError):
        return 0
