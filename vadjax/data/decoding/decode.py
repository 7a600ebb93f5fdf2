"""Decode video files and streams, by PyAV.

One packet that cannot be decoded does not end the video; every picture has the time that the stream
gives it. Pictures of one pass are RGB uint8 of one size, upright where the file says how the camera
was held.
"""

import contextlib
import errno
import math
import os
from array import array
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from av.sidedata.sidedata import Type as SideData
from av.video.reformatter import VideoReformatter

from vadjax.data.decoding.container import (
    MAX_PIXELS,
    codec_name,
    conversion,
    no_video,
    open_address,
    open_file,
)
from vadjax.data.decoding.orientation import TURNED, Matrix, read_matrix, upright
from vadjax.data.paths.files import unreadable
from vadjax.data.text.printable import printable
from vadjax.errors import UserError
from vadjax.runtime import crash

MAX_FAILURES = 8  # packets in a row that cannot be read from a file
MAX_FPS = 1000  # of a header
RAW = {"av1", "avs2", "avs3", "cavsvideo", "dirac", "evc", "h261", "h263", "h264", "hevc", "m4v"}
RAW |= {"mjpeg", "mjpeg_2000", "mpegvideo", "obu", "vc1", "vvc"}  # streams without a container


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
      name: the path or address, for messages.
      codec: name of the picture stream's codec.
      fps: frames a second by the header, as a mean; None where it does not say.
      base_fps: the rate on whose frames all times lie, by the header; None likewise.
      announced: frames by the header; None where it does not say.
      length_s: seconds by the header, of the pictures; None likewise.
      tick_s: seconds of one unit of time.
      pixel_aspect: width of a pixel over its height as it is to be shown; 1 where nothing says.
      has_times: the file gives times; a stream without a container has none.
      num_streams: picture streams in the file; the first that can be decoded is read.
      expected: presentation times of the packets that should give a picture, in ticks.
      torn: times of packets that the container knows to lack a part, in ticks; where it has no
        presentation time, that of decoding.
      num_packets: read so far.
      num_errors: packets that could not be read or decoded.
      reason: what FFmpeg says of the first of them.

    Args:
      path: of the file, or the address of a stream.
      careful: decode in one thread: what a damaged file gives is then always the same.
      timeout_s: given with an address only: seconds to open it, and to wait for a packet.
      device: that decodes an address, see `hardware.device_of`; "" is the processor.

    Raises:
      UserError: the file cannot be read, has no picture stream, or none that can be decoded here.
      av.FFmpegError: nothing answers at the address.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        *,
        careful: bool = False,
        timeout_s: float | None = None,
        device: str = "",
    ):
        self.path, self._is_live = os.fspath(path), timeout_s is not None
        self.name = printable(self.path)
        self._open = contextlib.ExitStack()
        # An address may hold a password.
        named = "a stream" if self._is_live else self.name
        self._open.enter_context(crash.decoding(named))
        try:
            if timeout_s is None:
                self._container = open_file(self.path)
            else:
                self._container = open_address(self.path, timeout_s=timeout_s, device=device)
        except BaseException:
            self._open.close()
            raise
        self._open.callback(self._container.close)
        self._reformatter = VideoReformatter()
        self._matrix: Matrix | None = None
        self._stored: tuple[int, int] | None = None  # height and width of the first picture
        self.expected, self.torn = array("q"), array("q")
        self.num_packets = self.num_errors = 0
        self.reason = ""
        try:
            stream = self._stream = self._choose()
            context = stream.codec_context
            # Threads that hold whole frames would delay a stream by as many frames.
            context.thread_type = "NONE" if careful else "SLICE" if self._is_live else "AUTO"
            context.options = {"max_pixels": str(MAX_PIXELS)}
            self.codec: str = context.codec.canonical_name
            self.tick_s = float(stream.time_base or 1)
            self.pixel_aspect = float(stream.sample_aspect_ratio or 1)
            self.has_times = self._container.format.name not in RAW
            self.fps = rate_of(stream.average_rate if self.has_times else context.framerate)
            self.base_fps = rate_of(stream.guessed_rate) if self.has_times else None
            self.announced: int | None = max(stream.frames, 0) or None
            self.length_s = self._length_s()
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
                if not self._is_live:
                    self._keep_times(packet)
            try:
                frames = self._stream.decode(packet)
            except av.EOFError:
                return
            except (av.FFmpegError, ValueError) as error:
                self._note(error)
                continue
            for frame in frames:
                if self._stored is None:
                    self._stored, self._matrix = (frame.height, frame.width), _matrix(frame)
                yield Picture(frame, self)

    def close(self) -> None:
        """Close the file."""
        self._open.close()

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width of an upright picture; None before the first."""
        if self._stored is None:
            return None
        turned = self._matrix is not None and not self._matrix[0]
        return (self._stored[1], self._stored[0]) if turned else self._stored

    def convert(self, frame: av.VideoFrame) -> np.ndarray:
        """Return a frame of this pass as uint8 [h, w, 3] RGB (`Picture.rgb`)."""
        height, width = self._stored or (frame.height, frame.width)
        shown = self._reformatter.reformat(frame, format="rgb24", threads=1)
        image: np.ndarray = shown.to_ndarray()
        if image.shape[:2] != (height, width):
            image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        image = np.ascontiguousarray(upright(image, self._matrix))
        is_own = shown is not frame and image.flags.writeable  # and not the decoder's memory
        return image if is_own else image.copy()

    def undecodable(self) -> UserError:
        """Build the error for a file of which no picture can be decoded."""
        why = f" ({self.reason})" if self.reason else ""
        return unreadable(
            self.path,
            f"{self.name} ({os.path.getsize(self.path)} bytes) cannot be decoded as a video: none "
            f"of its {self.codec} pictures can be read{why}. It is cut short or damaged, or its "
            "codec is not fully supported here. Download it again, or convert it: "
            f"{conversion(self.path)}",
        )

    def _length_s(self) -> float | None:
        if self._stream.duration is not None:
            value = self._stream.duration * self.tick_s
        elif len(self._container.streams) == 1 and self._container.duration is not None:
            begin_s = (self._stream.start_time or 0) * self.tick_s  # Matroska counts from 0
            value = self._container.duration / av.time_base - max(begin_s, 0.0)
        else:  # of all streams together, and sound may go on
            value = 0.0
        return value if math.isfinite(value) and value > 0 else None

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
                gone = self._is_live and not isinstance(error, av.error.InvalidDataError)
                if getattr(error, "errno", 0) == errno.EIO and not gone:
                    why = os.strerror(errno.EIO)
                    raise UserError(f"{self.name} cannot be read ({why}).") from None
                self._note(error)
                failures += MAX_FAILURES if gone else 1
        yield None

    def _keep_times(self, packet: av.Packet) -> None:
        if packet.pts is not None and not packet.is_discard:
            self.expected.append(packet.pts)
        time = packet.dts if packet.pts is None else packet.pts
        if packet.is_corrupt and time is not None:
            self.torn.append(time)

    def _note(self, error: Exception) -> None:
        self.num_errors += 1
        self.reason = self.reason or getattr(error, "strerror", None) or str(error)

    def _choose(self) -> av.VideoStream:
        streams = self._container.streams
        covers = [s for s in streams.video if s.disposition & av.stream.Disposition.attached_pic]
        pictures = [s for s in streams.video if s not in covers]
        self.num_streams = len(pictures)
        if not pictures:
            others = {str(s.type) for s in streams} & {"audio", "subtitle"}
            others |= {"a cover picture"} if covers else set()
            if not others and not self._is_live:
                raise no_video(self.path, "nothing in it is a picture stream")
            raise UserError(
                f"{self.name} has no picture stream: it holds {' and '.join(sorted(others))} only. "
                "Give the file that has the pictures."
            )
        stream = next((s for s in pictures if s.codec_context is not None), None)
        if stream is None:
            coded = "something that it does not name" if self._is_live else codec_name(self.path)
            raise UserError(
                f"{self.name}: its pictures are coded as {coded}, for which there is no decoder "
                f"here. Convert it: {conversion(self.path)}"
            )
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > MAX_PIXELS:
            raise UserError(
                f"{self.name}: the header says frames of {width}x{height} pixels; more than "
                f"{MAX_PIXELS:,} are not read. The file is damaged, or make it smaller: "
                f"{conversion(self.path, scale=True)}"
            )
        return stream


def rate_of(rate: Fraction | None) -> float | None:
    """Return a header's rate in frames a second, or None where it cannot be one."""
    value = float(rate) if rate else 0.0
    return value if math.isfinite(value) and 0 < value <= MAX_FPS else None


def _matrix(frame: av.VideoFrame) -> Matrix | None:
    """Read how a picture is to be turned; None shows it as it is stored."""
    try:
        found: list[Any] = list(frame.side_data)  # typed as text by PyAV
    except (ValueError, IndexError):  # PyAV 18 does not know every kind that FFmpeg has
        return TURNED.get(round(frame.rotation))
    for data in found:
        if data.type == SideData.DISPLAYMATRIX:
            return read_matrix(bytes(data))
    return None
