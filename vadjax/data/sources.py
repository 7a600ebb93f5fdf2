"""Open anything that gives frames: a video file, a folder, a camera, a stream, a pipe."""

import math
import os
import pathlib
import re
import sys
import time
from collections.abc import Iterator

import cv2
import numpy as np

from vadjax.data import timing
from vadjax.data.decode import Decoder
from vadjax.data.files import describe, images, is_video, missing
from vadjax.data.find_clips import num_pages
from vadjax.data.frame_source import FrameSequence, FrameSource
from vadjax.data.image_frames import ImageFrames, PageFrames
from vadjax.data.pipe import PipeSource
from vadjax.errors import UserError

SCHEMES = ("http", "https", "rtsp", "rtsps", "rtmp", "tcp", "udp")
TIMEOUT_S = 10


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
            clock = timing.Clock(float(decoder.tick_s), step_s=1 / (self.fps or 1.0))
            for picture in decoder:
                yield picture.rgb(), clock.seconds(picture.ticks)
            if clock.count == 0:
                raise decoder.undecodable()


class LiveSource:
    """A camera by its number, or a stream by its address; not reopened when it ends.

    Times are the stream's positions where they grow, else those of this machine's clock.

    Args:
      target: number of a camera, or an address such as rtsp://host/stream.
    """

    num_frames: int | None = None

    def __init__(self, target: int | str):
        self._target = target
        self.name = f"camera {target}" if isinstance(target, int) else without_password(target)
        self.fps: float | None = None  # known from the first frame on

    def __iter__(self) -> Iterator[tuple[np.ndarray, float]]:
        if isinstance(self._target, int):
            capture = cv2.VideoCapture(self._target)
        else:
            timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC]
            options = [value for key in timeouts for value in (key, TIMEOUT_S * 1000)]
            capture = cv2.VideoCapture(self._target, cv2.CAP_FFMPEG, options)
        if not capture.isOpened():
            raise UserError(
                f"{self.name} cannot be opened: nothing answers there within {TIMEOUT_S} s, or it "
                "is no video. Check the number or the address, its user and its password."
            )
        self.fps = _rate(capture)
        yield from _frames(capture, step_s=None)


def _frames(
    capture: cv2.VideoCapture, *, step_s: float | None
) -> Iterator[tuple[np.ndarray, float]]:
    """Yield frames and times; where positions are missing `step_s`, or else the clock, counts."""
    started_s = first_s = time_s = None
    try:
        while True:
            ok, image = capture.read()
            if not ok:
                return
            position_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            if time_s is None or started_s is None or first_s is None:
                started_s, first_s, time_s = time.monotonic(), position_s, 0.0
            elif position_s - first_s > time_s:  # False where there is none: NaN or always 0
                time_s = position_s - first_s
            elif step_s is not None:
                time_s += step_s
            else:
                time_s = max(time_s, time.monotonic() - started_s)
            yield cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if image.ndim == 3 else image, time_s
    finally:
        capture.release()


def _rate(capture: cv2.VideoCapture) -> float | None:
    fps = capture.get(cv2.CAP_PROP_FPS)
    return fps if math.isfinite(fps) and 0 < fps <= 1000 else None


def without_password(address: str) -> str:
    """Return an address without the user and password in it, for messages and logs.

    >>> without_password("rtsp://me:secret@camera/1")
    'rtsp://***@camera/1'
    """
    return re.sub(r"//[^/]*@", "//***@", address)


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
    path = pathlib.Path(name).expanduser()
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
