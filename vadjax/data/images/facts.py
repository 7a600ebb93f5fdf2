"""What the header of an image file says."""

import dataclasses
import mmap

File = bytes | bytearray | mmap.mmap  # what a file holds
MAX_BYTES = 1 << 28  # of one decoded image: 9,450 x 9,450 pixels of colour


class BrokenImage(ValueError):
    """Why an image file is not read, as a clause: "it is cut short"."""


@dataclasses.dataclass(frozen=True)
class Facts:
    """What the header of an image file says.

    Attributes:
      kind: name of the format.
      width: pixels.
      height: pixels.
      samples: values a pixel.
      bits: of one value; 8 where there are fewer.
      pages: pictures of the same size, one after another.
      alpha: some pixels may be transparent.
      places: of a TIFF file, where the directory of each page begins.
    """

    kind: str
    width: int
    height: int
    samples: int
    bits: int
    pages: int = 1
    alpha: bool = False
    places: tuple[int, ...] = ()

    @property
    def num_bytes(self) -> int:
        """Bytes of one decoded page."""
        return self.width * self.height * self.samples * self.bits // 8
