"""What one clip on disk holds: a row of the index without its labels."""

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from vadjax.data.arrays.spill import SpilledRows
from vadjax.data.decoding.video_file import VideoFrames
from vadjax.data.deviation import Deviation
from vadjax.data.frames.on_demand import BlankedFrames, Frames
from vadjax.data.images.frames import ImageFrames, PageFrames
from vadjax.data.images.read import Levels
from vadjax.errors import UserError


@dataclass(frozen=True)
class Footage:
    """What one clip on disk holds.

    Attributes:
      paths: a file a frame, the neighbour's where a file cannot be read; or the one video file.
      num_frames: frames that can be decoded.
      height: pixels.
      width: pixels.
      channels: 3, or 1 when every frame is grey.
      fps: frames a second as the file says, the mean of uneven times; None where nothing says.
      fps_given: `fps` is `dataset.fps`, as nothing says it.
      fingerprint: `vadjax.data.paths.fingerprints.fingerprint` of the files as they are.
      substituted: frames that show their neighbour.
      announced: frames by the header of a video file (-1: by none); 0 for images.
      first: frame of the video file or page of the stack with which the clip begins.
      pages: the frames are the pages of one file.
      levels: values of images of more than 8 bits that become 0 and 255.
      times: float64 [num_frames] seconds from the first frame; None where they are index / fps.
      lost: frames of the video file, also outside the clip, that cannot be decoded.
      is_damaged: decoding the video file meets errors (`vadjax.data.decoding.decode.Decoder`).
      blank: rows at the top of each frame that are shown black.
      notes: what was read in another way than it lies there, without the name of the clip.
      content: `data.frames.content.ROW` [num_frames], what each frame shows; None where it was not
        measured.
    """

    paths: tuple[str, ...]
    num_frames: int
    height: int
    width: int
    channels: int
    fps: float | None
    fingerprint: str
    substituted: tuple[int, ...] = ()
    announced: int = 0
    first: int = 0
    pages: bool = False
    levels: Levels | None = None
    times: np.ndarray | None = field(default=None, compare=False)
    lost: tuple[int, ...] = ()
    is_damaged: bool = False
    blank: int = 0
    notes: tuple[Deviation, ...] = ()
    fps_given: bool = False
    content: SpilledRows | None = field(default=None, repr=False, compare=False)

    def frames(self) -> Frames:
        """Open the frames for reading."""
        frames = self._whole_frames()
        return BlankedFrames(frames, self.blank) if self.blank else frames

    def blanked(self, rows: int) -> "Footage":
        """Blank the top of each frame, such as burned-in text.

        Args:
          rows: how many.

        Returns:
          The clip, with a fingerprint of its own; `content` is that of the whole frames.
        """
        return dataclasses.replace(self, blank=rows, fingerprint=f"{self.fingerprint}-blank{rows}")

    def _whole_frames(self) -> Frames:
        size = (self.height, self.width)
        if self.announced:
            return VideoFrames(
                self.paths[0],
                self.num_frames,
                first=self.first,
                size=size,
                lost=self.lost,
                is_damaged=self.is_damaged,
            )
        if self.pages:
            return PageFrames(
                self.paths[0],
                self.num_frames,
                first=self.first,
                channels=self.channels,
                levels=self.levels,
                size=size,
            )
        return ImageFrames(self.paths, channels=self.channels, levels=self.levels, size=size)

    def cut(self, start: int, stop: int) -> "Footage":
        """Cut a clip out of a file or folder that holds several.

        Args:
          start: first frame, from 0.
          stop: frame after the last.

        Returns:
          The clip, with a fingerprint of its own.

        Raises:
          UserError: the frames are not all there.
        """
        if not 0 <= start < stop <= self.num_frames:
            raise UserError(
                f"{self.paths[0]}: wanted frames {start} to {stop - 1} (from 0), but "
                f"{self.num_frames} can be decoded; it is cut short, or another file."
            )
        is_video, times = bool(self.announced), self.times
        return dataclasses.replace(
            self,
            paths=self.paths if is_video or self.pages else self.paths[start:stop],
            num_frames=stop - start,
            fingerprint=f"{self.fingerprint}-{start}-{stop}",
            substituted=tuple(i - start for i in self.substituted if start <= i < stop),
            announced=stop - start if is_video else 0,
            first=self.first + start,
            content=None if self.content is None else self.content.part(start, stop),
            times=None if times is None else times[start:stop] - times[start],
        )
