"""Measure a clip on disk once: its length, its size, and whether all of it can be read.

Every image is decoded, because decoders hide damage (OpenCV fills a cut JPEG with grey) and labels
need the exact count of frames; videos are decoded too (`vadjax.data.decoding.measure_video`),
because headers count frames that a cut file no longer holds.
"""

import contextlib
import dataclasses
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import cv2
import numpy as np

from vadjax.data.decoding.measure_video import measure
from vadjax.data.decoding.video_file import VideoFrames
from vadjax.data.deviation import Deviation
from vadjax.data.frames.content import content_row, content_rows
from vadjax.data.frames.on_demand import Frames
from vadjax.data.images.frames import ImageFrames, PageFrames
from vadjax.data.images.probe import probe_folder, probe_stack
from vadjax.data.images.read import Levels
from vadjax.data.indexing.find_clips import find_clips
from vadjax.data.paths.files import expanded, images, is_image, missing
from vadjax.data.paths.fingerprints import fingerprint
from vadjax.data.text.printable import printable
from vadjax.data.video import Video
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
      fingerprint: `vadjax.data.paths.fingerprints.fingerprint` of the files as they are.
      substituted: frames that show their neighbour.
      announced: frames by the header of a video file (-1: by none); 0 for images.
      first: frame of the video file or page of the stack with which the clip begins.
      pages: the frames are the pages of one file.
      levels: values of images of more than 8 bits that become 0 and 255.
      times: float64 [num_frames] seconds from the first frame; None where they are index / fps.
      lost: frames of the video file, also outside the clip, that cannot be decoded.
      is_damaged: decoding the video file meets errors (`vadjax.data.decoding.decode.Decoder`).
      notes: what was read in another way than it lies there, without the name of the clip.
      content: `data.frames.content.ROW` [num_frames], what each frame shows.
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
    notes: tuple[Deviation, ...] = ()
    content: np.ndarray = field(default_factory=lambda: content_rows([]), repr=False, compare=False)

    def frames(self) -> Frames:
        """Open the frames for reading."""
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
            content=self.content[start:stop],
            times=None if times is None else times[start:stop] - times[start],
        )


def probe(clips: Sequence[pathlib.Path]) -> list[Footage]:
    """Measure video files and folders of images, as many at a time as there are cores.

    Returns:
      One `Footage` a clip, in order.

    Raises:
      UserError: of every clip that cannot be used: nothing there, a Git-LFS pointer, not a picture
        or video that can be decoded, frames of several sizes, or more broken frames than
        neighbours can stand in for.
    """
    results = attempts(clips)
    faults = [str(each) for each in results if isinstance(each, UserError)]
    if faults:
        more = [f"... and {len(faults) - 8} more clips"] if len(faults) > 8 else []
        raise UserError("\n".join(faults[:8] + more))
    return [each for each in results if isinstance(each, Footage)]


def attempts(clips: Sequence[pathlib.Path]) -> list[Footage | UserError]:
    """Measure as `probe` does; a clip that cannot be used has its error in its place."""
    with _quiet(), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(_attempt, clips))


def _attempt(clip: pathlib.Path) -> Footage | UserError:
    try:
        still = clip.is_dir() or is_image(clip)
        return _probe_images(clip) if still else _probe_video(clip)
    except UserError as error:
        return error


def open_video(path: str | os.PathLike) -> Video:
    """Open one unlabelled clip (`vadjax.data.open_video`)."""
    clip = _existing(path)
    name = clip.absolute().name if clip.is_dir() else clip.stem
    [video] = _open({printable(name): clip})
    return video


def open_videos(
    path: str | os.PathLike, *, skipped: list[str] | None = None, content: bool = False
) -> list[Video]:
    """Open unlabelled clips (`vadjax.data.open_videos`).

    Args:
      path: a clip, or a folder of clips.
      skipped: gets the messages of clips that cannot be used, which are left out then.
      content: keep what each frame shows, for a search for copies.

    Returns:
      The videos.

    Raises:
      UserError: there is nothing at `path`; or a clip cannot be used, and `skipped` is None.
    """
    place = _existing(path)
    clips = find_clips(place.absolute()).paths if place.is_dir() else {}
    if not clips:
        clips = {place.absolute().name if place.is_dir() else place.stem: place}
        if skipped is None:
            return _open({printable(name): clip for name, clip in clips.items()}, content=content)
    if skipped is not None:
        found = attempts(list(clips.values()))
        skipped += [str(each) for each in found if isinstance(each, UserError)]
        good = [isinstance(each, Footage) for each in found]
        clips = {name: clips[name] for name, fine in zip(clips, good, strict=True) if fine}
    return _open(clips, content=content)


def left_out(path: str | os.PathLike) -> list[Deviation]:
    """Say what `open_videos` leaves out of a folder (`vadjax.data.left_out`)."""
    place = expanded(path)
    clips = find_clips(place.absolute()) if place.is_dir() else None
    return clips.notes() if clips and clips.paths else []


def _existing(path: str | os.PathLike) -> pathlib.Path:
    place = expanded(path)
    if not place.exists():
        raise UserError(f"{path} does not exist.{missing(place)}")
    return place


def _open(clips: Mapping[str, pathlib.Path], *, content: bool = False) -> list[Video]:
    return [
        Video(
            id=f"test/{name}",
            split="test",
            frames=footage.frames(),
            fps=footage.fps,
            times=footage.times,
            fingerprint=footage.fingerprint,
            substituted=footage.substituted,
            metadata={"announced": footage.announced, "notes": footage.notes},
            content=footage.content if content else None,
        )
        for name, footage in zip(clips, probe(list(clips.values())), strict=True)
    ]


def _probe_images(place: pathlib.Path) -> Footage:
    """Measure a folder of images, or a stack of pages."""
    stills = probe_folder(place) if place.is_dir() else probe_stack(place)
    files = images(place) if place.is_dir() else [place]
    return Footage(
        paths=tuple(map(str, stills.paths)),
        num_frames=stills.num_frames,
        height=stills.height,
        width=stills.width,
        channels=stills.channels,
        fps=None,
        fingerprint=fingerprint(files),
        substituted=stills.substituted,
        pages=not place.is_dir(),
        levels=stills.levels,
        notes=stills.notes,
        content=stills.content,
    )


def _probe_video(path: pathlib.Path) -> Footage:
    held = measure(path, look=lambda picture: content_row(picture.rgb()))
    return Footage(
        paths=(str(path),),
        num_frames=held.num_frames,
        height=held.size[0],
        width=held.size[1],
        channels=3,
        fps=held.fps,
        fingerprint=fingerprint([path]),
        substituted=held.lost,
        announced=held.announced,
        times=held.times,
        lost=held.lost,
        is_damaged=held.is_damaged,
        notes=held.notes,
        content=content_rows(held.looked),
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence OpenCV about broken files: they are reported by our own errors."""
    log = getattr(cv2.utils, "logging", cv2)  # OpenCV 4 has these functions at the top
    level = log.getLogLevel()
    log.setLogLevel(0)  # LOG_LEVEL_SILENT
    try:
        yield
    finally:
        log.setLogLevel(level)
