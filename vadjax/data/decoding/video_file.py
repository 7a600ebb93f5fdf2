"""The frames of a video file, in order and by their number."""

import itertools
import os
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

import numpy as np

from vadjax.data.decoding.decode import Decoder, Picture
from vadjax.data.frames.on_demand import Frames
from vadjax.data.text.printable import printable
from vadjax.errors import UserError

T = TypeVar("T")


class VideoFrames(Frames):
    """A video file.

    Random access decodes forward from where the last access stopped, or from the start: seeking by
    number is exact only where the frame rate is constant, and so a frame is always the one that
    sequential reading gives. Ascending order is fast.

    Args:
      path: any file that FFmpeg decodes.
      num_frames: as counted by decoding (`vadjax.data.decoding.measure_video`), not as the header
        says.
      first: frame of the file that is the clip's first, where a file holds several clips.
      size: see `Frames`.
      lost: frames of the file that cannot be decoded; each shows the one before it, and at the
        start the first that can.
      is_damaged: decode in one thread, so that errors have the same effect every time.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        num_frames: int,
        *,
        first: int = 0,
        size: tuple[int, int] | None = None,
        lost: Iterable[int] = (),
        is_damaged: bool = False,
    ):
        super().__init__(num_frames, size=size, files=[path])
        self.path, self.first = os.fspath(path), first
        self._lost, self._is_damaged = frozenset(lost), is_damaged
        self._lock = threading.Lock()
        self._decoder: Decoder | None = None
        self._pictures: Iterator[Picture] = iter(())
        self._position, self._latest = -1, np.zeros(0, np.uint8)

    def __iter__(self) -> Iterator[np.ndarray]:
        with Decoder(self.path, careful=self._is_damaged) as decoder:
            pictures = placed(decoder, self._lost)
            shown = itertools.islice(pictures, self.first, self.first + len(self))
            count = 0
            for picture in shown:
                yield picture.rgb()
                count += 1
            if count < len(self):
                raise self._stopped(count)

    def _read(self, index: int) -> np.ndarray:
        index += self.first
        with self._lock:
            if self._decoder is None or index < self._position:
                self._close()
                self._decoder = Decoder(self.path, careful=self._is_damaged)
                self._pictures = placed(self._decoder, self._lost)
            while self._position < index:
                picture = next(self._pictures, None)
                if picture is None:
                    self._close()
                    raise self._stopped(index - self.first)
                self._position += 1
                if self._position == index:
                    self._latest = picture.rgb()
            return self._latest.copy()

    def _close(self) -> None:
        if self._decoder is not None:
            self._decoder.close()
        self._decoder, self._position = None, -1

    def _stopped(self, index: int) -> UserError:
        return UserError(
            f"{printable(self.path)}: decoding stops before frame {index} of {len(self)}; the file "
            "has changed or is damaged. Restore it and run again."
        )


def placed(decoded: Iterable[T], lost: frozenset[int]) -> Iterator[T]:
    """Yield something for every frame, its neighbour's for those that are lost.

    Args:
      decoded: a picture, or what is known of it, for each frame that can be decoded, in order.
      lost: numbers of the frames that cannot.

    Yields:
      The same, so many as frames.
    """
    position, before = 0, None
    for one in decoded:
        while position in lost:
            yield one if before is None else before
            position += 1
        yield one
        position += 1
        before = one
