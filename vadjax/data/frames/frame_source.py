"""Frames with their times, one after another: what a detector that scores a stream reads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class FrameSource(Protocol):
    """An iterable of (frame, time).

    A frame is uint8 [h, w, 3] in RGB, or [h, w] when the source is grey; a time is in seconds from
    the first frame and never falls. `vadjax.data.decoding.sources.open_source` opens one by its
    path or address, and `Video.source` gives that of a clip.
    """

    @property
    def name(self) -> str:
        """Name for messages; an address without its password."""

    @property
    def num_frames(self) -> int | None:
        """How many there will be; None where that is not known beforehand.

        The header of a video file may be wrong by some frames.
        """

    @property
    def fps(self) -> float | None:
        """Nominal frames a second; None where nothing says."""

    def __iter__(self) -> Iterator[tuple[np.ndarray, float]]:
        """Read from the start; of a camera, a stream or a pipe, from now on.

        Raises:
          UserError: the source cannot be opened, or holds something that cannot be read.
        """
        ...


@dataclass(frozen=True, eq=False)
class FrameSequence:
    """Frames that are there already.

    Attributes:
      name: for messages.
      frames: uint8 [h, w, 3] in RGB or [h, w] each; sized.
      fps: frames a second. Where neither it nor `times` are given, times are the frames' numbers.
      times: float64 [t] seconds from the first frame; None where they are index / `fps`.
    """

    name: str
    frames: Iterable[np.ndarray]
    fps: float | None = None
    times: np.ndarray | None = None

    @property
    def num_frames(self) -> int:
        """The length of `frames`."""
        return len(self.frames)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[tuple[np.ndarray, float]]:
        for index, frame in enumerate(self.frames):
            even_s = index / (self.fps or 1.0)
            yield frame, even_s if self.times is None else float(self.times[index])
