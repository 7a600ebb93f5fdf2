"""Open anything that gives frames: a video file, a folder, a camera, a stream, a pipe."""

import os
import re
import sys
from collections.abc import Iterator

import numpy as np

from vadjax.data.decoding.decode import Decoder
from vadjax.data.decoding.live import LiveSource, without_password
from vadjax.data.decoding.pipe import PipeSource
from vadjax.data.frames import timing
from vadjax.data.frames.frame_source import FrameSequence, FrameSource
from vadjax.data.images.frames import ImageFrames, PageFrames
from vadjax.data.images.pages import num_pages
from vadjax.data.paths.files import describe, expanded, images, is_video, missing
from vadjax.errors import UserError

SCHEMES = ("http", "https", "rtsp", "rtsps", "rtmp", "tcp", "udp")


class VideoSource:
    """A video file, decoded once from its start to its end.

    Times are the presentation times of the file, from the first frame on; where it gives none, or
    one that does not grow, a frame follows its neighbour by 1 / `fps`. A frame that cannot be
    decoded is left out; the time says so.

    Args:
      path: any file that FFmpeg decodes.

    Raises:
      UserError: the file cannot be decoded.
    """

    def __init__(self, path: str | os.PathLike):
        self.name = os.fspath(path)
        with Decoder(self.name) as decoder:
            self.num_frames: int | None = decoder.announced
            self.fps = decoder.fps

    def __iter__(self) -> Iterator[tuple[np.ndarray, float]]:
        with Decoder(self.name) as decoder:
            clock = timing.Clock(decoder.tick_s, step_s=1 / (self.fps or 1.0))
            for picture in decoder:
                yield picture.rgb(), clock.seconds(picture.ticks)
            if clock.count == 0:
                raise decoder.undecodable()


def open_source(text: str | os.PathLike) -> FrameSource:
    """Open a source of frames by what the user writes.

    Args:
      text: a video file; a folder of images; a number, such as 0, for a camera; an address
        (rtsp://, http://, ...); "-" for y4m or Motion JPEG on standard input (`PipeSource`); or
        the path of a named pipe that carries these.

    Returns:
      The source. A camera or stream is opened when it is iterated.

    Raises:
      UserError: it is none of these, is not there, or cannot be decoded.
    """
    name = os.fspath(text)
    if name == "-":
        return PipeSource(sys.stdin.buffer)
    if re.match(r"\w+://", name):
        scheme = name.split(":")[0].lower()
        if scheme not in SCHEMES:
            raise UserError(
                f"{without_password(name)}: addresses with {scheme}:// are not read; use one of "
                f"{', '.join(SCHEMES)}, or the path of a file or folder."
            )
        return LiveSource(name)
    path = expanded(name)
    if name.isdecimal() and not path.exists():
        return LiveSource(int(name))
    if not path.exists():
        raise UserError(f"{name} does not exist.{missing(path)}")
    if path.is_dir():
        frames = images(path)
        if not frames:
            hint = " Give one of its videos." if any(map(is_video, path.iterdir())) else ""
            raise UserError(f"{name} holds no images, one a frame. {describe(path)}{hint}")
        return FrameSequence(name, ImageFrames(frames))
    if (count := num_pages(path)) > 1:
        return FrameSequence(name, PageFrames(path, count))
    if path.is_fifo():
        return PipeSource(path.open("rb"), name)
    return VideoSource(path)
