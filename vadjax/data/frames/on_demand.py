"""The frames of one video, read on demand."""

import abc
import os
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from vadjax.data.paths.fingerprints import signature


class Frames(abc.ABC):
    """The frames of one video, read on demand.

    `frames[i]` reads one frame anywhere; `for frame in frames` reads all of them in order and is
    the fast way. A frame is uint8 [h, w, 3] in RGB, or [h, w] when the source is grey. Several
    threads may read at once.

    Args:
      num_frames: how many.
      size: height and width in pixels, where they are known; else those of the first frame.
      files: that the frames are read from; a file may be named more than once.

    Attributes:
      pictures: there is something to see; else features stand in the place of frames.
    """

    pictures = True

    def __init__(
        self,
        num_frames: int,
        *,
        size: tuple[int, int] | None = None,
        files: Sequence[str | os.PathLike] = (),
    ):
        self._num_frames, self._size = num_frames, size
        self.files: tuple[str, ...] = tuple(os.fspath(file) for file in files)
        self._signature = signature(self.files)

    def __len__(self) -> int:
        return self._num_frames

    def __getitem__(self, index: int) -> np.ndarray:
        if not -len(self) <= index < len(self):
            raise IndexError(f"frame {index} of a video of {len(self)} frames")
        return self._read(index % len(self))

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self._read(i) for i in range(len(self)))

    @cached_property
    def _first(self) -> tuple[int, ...]:
        return next(iter(self)).shape

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self._size or (self._first[0], self._first[1])

    @property
    def channels(self) -> int:
        """3 for RGB, 1 for grey."""
        return 3 if len(self._first) == 3 else 1

    @property
    def changed(self) -> bool:
        """Whether a file was replaced or written to since the frames were opened."""
        return signature(self.files) != self._signature

    @abc.abstractmethod
    def _read(self, index: int) -> np.ndarray:
        """Read frame `index`, which lies in 0 .. len - 1."""


class BlankedFrames(Frames):
    """Frames whose top is shown black, as text that is burned in there would give away labels.

    Args:
      frames: the whole ones.
      rows: how many rows at the top are blanked.
    """

    def __init__(self, frames: Frames, rows: int):
        super().__init__(len(frames), size=frames.shape, files=frames.files)
        self._frames, self._rows = frames, rows

    def __iter__(self) -> Iterator[np.ndarray]:
        return map(self._blanked, self._frames)

    def _read(self, index: int) -> np.ndarray:
        return self._blanked(self._frames[index])

    def _blanked(self, frame: np.ndarray) -> np.ndarray:
        frame = frame.copy()
        frame[: self._rows] = 0
        return frame


class ArrayFrames(Frames):
    """A uint8 .npy file [t, h, w] or [t, h, w, 3], memory-mapped."""

    def __init__(self, path: str | os.PathLike):
        self._array = np.load(path, mmap_mode="r", allow_pickle=False)
        super().__init__(len(self._array), files=[path])

    def _read(self, index: int) -> np.ndarray:
        return np.array(self._array[index])
