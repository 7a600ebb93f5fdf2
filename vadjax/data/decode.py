"""Decode video files: the only module that knows FFmpeg, by PyAV.

A file is read as a path, never as an address, so that any name works; one packet that cannot be
decoded does not end the video; every picture has the time that the stream gives it. Pictures of
one pass are RGB uint8 of one size, upright where the file says how the camera was held.
"""

import errno
import logging
import math
import os
import re
import shlex
import struct
import threading
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.sidedata.sidedata import Type as SideData
from av.video.reformatter import VideoReformatter

from vadjax.data.files import unreadable
from vadjax.errors import UserError

MAX_PIXELS = 8192 * 4320  # of a picture, 8K; a header that says more is damaged or hostile
TIMEOUT_S = 60.0  # to open a file, and to read on by one packet
MAX_FAILURES = 8  # packets in a row that cannot be read from the file
PLAYLISTS = {"concat", "concatf", "dash", "hls", "imf", "sdp"}  # they name other files
RAW = {"av1", "avs2", "avs3", "cavsvideo", "dirac", "evc", "h261", "h263", "h264", "hevc", "m4v"}
RAW |= {"mjpeg", "mjpeg_2000", "mpegvideo", "obu", "vc1", "vvc"}  # streams without a container
_TURNED = {90: (0, -1, 1, 0), -90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), -180: (-1, 0, 0, -1)}
_NAMING = threading.Lock()


class Picture:
    """One decoded frame.

    Attributes:
      ticks: its presentation time in units of `Decoder.tick_s`, or None where the file gives none.
      is_damaged: the decoder has met errors within it and has filled in what was missing.
      size: height and width as decoded, which may change within a stream.
    """

    def __init__(self, frame: av.VideoFrame, decoder: "Decoder"):
        self._frame, self._decoder = frame, decoder
        self.ticks: int | None = frame.pts if decoder.has_times else None
        self.is_damaged: bool = frame.is_corrupt
        self.size = (frame.height, frame.width)

    def rgb(self) -> np.ndarray:
        """Return uint8 [h, w, 3], upright and of the first picture's size."""
        return self._decoder.convert(self._frame)


class Decoder:
    """One pass over the pictures of a video file.

    Attributes:
      codec: name of the picture stream's codec.
      fps: frames a second by the header; None where it does not say, as in a stream without a
        container.
      announced: frames by the header; None where it does not say.
      tick_s: seconds of one unit of time, exact.
      has_times: the file gives times; a stream without a container has none.
      num_streams: picture streams in the file; the first is read.
      expected: presentation times of the packets that should give a picture, in ticks.
      num_packets: read so far.
      num_errors: packets that could not be read or decoded.
      reason: what FFmpeg says of the first of them.

    Args:
      path: of the file.
      careful: decode in one thread: what a damaged file gives is then always the same.

    Raises:
      UserError: the file cannot be read, has no picture stream, or none that can be decoded here.
    """

    def __init__(self, path: str | os.PathLike, *, careful: bool = False):
        self.path = os.fspath(path)
        self._container = _open(self.path)
        self._reformatter = VideoReformatter()
        self._matrix: tuple[int, ...] | None = None
        self._stored: tuple[int, int] | None = None  # height and width of the first picture
        self.expected: list[int] = []
        self.num_packets = self.num_errors = 0
        self.reason = ""
        try:
            self._stream = self._choose()
            context = self._stream.codec_context
            context.thread_type = "NONE" if careful else "AUTO"
            context.options = {"max_pixels": str(MAX_PIXELS)}
            self.codec: str = context.codec.canonical_name
            self.tick_s = Fraction(self._stream.time_base or 1)
            raw = self._container.format.name in RAW
            self.has_times = not raw
            self.fps = rate_of(context.framerate if raw else self._stream.average_rate)
            self.base_fps = None if raw else rate_of(self._stream.guessed_rate)
            self.announced: int | None = max(self._stream.frames, 0) or None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Decoder":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Picture]:
        for packet in self._packets():
            if packet is not None and packet.size:
                self.num_packets += 1
                if packet.pts is not None and not packet.is_discard:
                    self.expected.append(packet.pts)
            try:
                frames = self._stream.decode(packet)
            except av.EOFError:
                return
            except (av.FFmpegError, ValueError) as error:
                self._note(error)
                continue
            for frame in frames:
                if self._stored is None:
                    self._stored = frame.height, frame.width
                    self._matrix = _display_matrix(frame)
                yield Picture(frame, self)

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width of an upright picture; None before the first."""
        if self._stored is None:
            return None
        turned = self._matrix is not None and not self._matrix[0]
        return self._stored[::-1] if turned else self._stored

    def convert(self, frame: av.VideoFrame) -> np.ndarray:
        """Return a frame of this pass as uint8 [h, w, 3] RGB (`Picture.rgb`)."""
        height, width = self._stored or (frame.height, frame.width)
        shown = self._reformatter.reformat(
            frame, width=width, height=height, format="rgb24", threads=1
        )
        return np.array(upright(shown.to_ndarray(), self._matrix), order="C")

    def undecodable(self) -> UserError:
        """Build the error for a file of which no picture can be decoded."""
        size = os.path.getsize(self.path)
        why = f" ({self.reason})" if self.reason else ""
        return unreadable(
            self.path,
            f"{self.path} ({size} bytes) cannot be decoded as a video: none of its {self.codec} "
            f"pictures can be read{why}. It is cut short or damaged, or the decoder lacks a part. "
            f"Download it again, or convert it: {conversion(self.path)}",
        )

    def _packets(self) -> Iterator[av.Packet | None]:
        """Yield packets, and None at an end that the file does not mark."""
        failures = 0
        while failures < MAX_FAILURES:
            try:
                for packet in self._container.demux(self._stream):
                    failures = 0
                    yield packet
                return
            except (av.FFmpegError, ValueError) as error:
                if getattr(error, "errno", 0) == errno.EIO:
                    raise UserError(
                        f"{self.path} cannot be read ({os.strerror(errno.EIO)})."
                    ) from None
                self._note(error)
                failures += 1
        yield None

    def _note(self, error: Exception) -> None:
        self.num_errors += 1
        self.reason = self.reason or getattr(error, "strerror", None) or str(error)

    def _choose(self) -> av.VideoStream:
        streams = self._container.streams
        covers = [s for s in streams.video if "attached_pic" in str(s.disposition)]
        pictures = [s for s in streams.video if s not in covers]
        self.num_streams = len(pictures)
        if not pictures:
            others = {s.type for s in streams} & {"audio", "subtitle"}
            others |= {"a cover picture"} if covers else set()
            if not others:
                raise _no_video(self.path, "nothing in it is a picture stream")
            raise UserError(
                f"{self.path} has no picture stream: it holds {' and '.join(sorted(others))} only. "
                "Give the file that has the pictures."
            )
        stream = next((s for s in pictures if s.codec_context is not None), None)
        if stream is None:
            raise UserError(
                f"{self.path}: its pictures are coded as {_codec_name(self._container)}, for which "
                f"there is no decoder here. Convert it: {conversion(self.path)}"
            )
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > MAX_PIXELS:
            raise UserError(
                f"{self.path}: the header says frames of {width}x{height} pixels; more than "
                f"{MAX_PIXELS:,} are not read. The file is damaged, or make it smaller: "
                f"{conversion(self.path, scale=True)}"
            )
        return stream


def conversion(path: str, *, scale: bool = False) -> str:
    """Return the command that converts a file into one that is read everywhere.

    Args:
      path: of the file.
      scale: make its pictures smaller too.

    Returns:
      A line for a shell.
    """
    smaller = " -vf scale=1280:-2" if scale else ""
    result = f"{os.path.splitext(path)[0]}-h264.mp4"
    return f"ffmpeg -i {shlex.quote(path)}{smaller} -c:v libx264 -an {shlex.quote(result)}"


def rate_of(rate: Fraction | None) -> float | None:
    """Return a header's rate in frames a second, or None where it cannot be one."""
    value = float(rate) if rate else 0.0
    return value if math.isfinite(value) and 0 < value <= 1000 else None


def upright(image: np.ndarray, matrix: tuple[int, ...] | None) -> np.ndarray:
    """Turn and mirror a picture by the display matrix of its file.

    Args:
      image: [h, w, ...].
      matrix: -1, 0 or 1: how x and y of the stored picture go into x and y of the shown one, as
        (x to x, x to y, y to x, y to y); None shows it as it is stored.

    Returns:
      A view of it.
    """
    if matrix is None:
        return image
    x_to_x, x_to_y, y_to_x, y_to_y = matrix
    if not x_to_x:
        image, x_to_x, y_to_y = image.swapaxes(0, 1), y_to_x, x_to_y
    return image[:: -1 if y_to_y < 0 else 1, :: -1 if x_to_x < 0 else 1]


def _display_matrix(frame: av.VideoFrame) -> tuple[int, ...] | None:
    """Read in which of the eight ways a picture is to be shown; None: as it is stored."""
    try:
        found = list(frame.side_data)
    except (ValueError, IndexError):  # PyAV 18 does not know every kind that FFmpeg has
        return _TURNED.get(round(frame.rotation))
    for data in found:
        if data.type == SideData.DISPLAYMATRIX and len(bytes(data)) >= 36:
            a, b, _, c, d = struct.unpack("=9i", bytes(data)[:36])[:5]
            matrix = tuple(round(value / 65536) for value in (a, b, c, d))
            if sorted(map(abs, matrix)) == [0, 0, 1, 1] and abs(matrix[0]) == abs(matrix[3]):
                return None if matrix == (1, 0, 0, 1) else matrix
    return None


def _open(path: str) -> av.container.InputContainer:
    """Open a file, and nothing that its name or its contents may lead to.

    Raises:
      UserError: it cannot be read, or is no video.
    """
    try:
        with open(path, "rb") as file:
            file.read(1)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    try:
        container = av.open(
            f"file:{os.path.abspath(path)}",
            container_options={"protocol_whitelist": "file"},
            options={"max_pixels": str(MAX_PIXELS)},
            metadata_errors="replace",
            timeout=TIMEOUT_S,
        )
    except (av.FFmpegError, ValueError) as error:
        raise _no_video(path, getattr(error, "strerror", None) or str(error)) from None
    if container.format.name.split(",")[0] in PLAYLISTS:
        container.close()
        raise UserError(f"{path} is a list of other files, not a video; give those files.")
    return container


def _no_video(path: str, why: str) -> UserError:
    size = os.path.getsize(path)
    why = why if size else "it is empty"
    return unreadable(
        path,
        f"{path} ({size} bytes) cannot be decoded as a video ({why}): it is cut short, or its "
        f"format is unknown here. Download it again, or convert it: {conversion(path)}",
    )


def _codec_name(container: av.container.InputContainer) -> str:
    """Name the codec of a stream that has no decoder, which only FFmpeg's own listing says."""
    logger = logging.getLogger("libav")
    with _NAMING:
        level = av.logging.get_level()
        logger.disabled = True  # other threads may meet warnings meanwhile
        try:
            av.logging.set_level(av.logging.INFO)
            text = container.dumps_format()
        finally:
            av.logging.set_level(level)
            logger.disabled = False
    found = re.search(r"Video: (\w+)[^(,]*(?:\((\w+) / )?", text)
    names = [name for name in (found.groups() if found else ()) if name and name != "none"]
    return names[0] if names else "something that it does not name"
