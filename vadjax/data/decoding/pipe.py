"""Raw video from a pipe: YUV4MPEG2 (y4m) and Motion JPEG, as ffmpeg and GStreamer write them."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import BinaryIO

import cv2
import numpy as np

from vadjax.errors import UserError

COMMAND = "ffmpeg -i INPUT -pix_fmt yuv420p -f yuv4mpegpipe - | vadjax ..."
_CHROMA = {"420": (2, 2), "422": (1, 2), "444": (1, 1), "mono": None}  # height and width divisors
_BT601 = np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]])


def _to_rgb(scale: tuple[float, float, float], black: int) -> np.ndarray:
    """Return the [3, 4] matrix that takes (y, u, v, 1) to red, green and blue."""
    matrix = _BT601 * scale
    return np.column_stack([matrix, matrix @ (-black, -128, -128)])


_FULL_TO_RGB = _to_rgb((1, 1, 1), 0)
_LIMITED_TO_RGB = _to_rgb((255 / 219, 255 / 224, 255 / 224), 16)
MAX_PIXELS = 1 << 27
_ALONE = (0x00, 0x01, *range(0xD0, 0xD9))  # markers of a JPEG that no length follows


class PipeSource:
    """Frames from an open binary stream, such as `sys.stdin.buffer`.

    The format is recognised by its first bytes. y4m has 8 bits a sample, grey or with chroma
    4:2:0, 4:2:2 or 4:4:4, in BT.601 colours, and states its rate. Motion JPEG is one JPEG after
    another and states none: times are then the frames' numbers.

    Args:
      stream: read once, in order, and never closed.
      name: for messages.

    Raises:
      UserError: the first bytes are of neither format, or the header cannot be used.
    """

    num_frames: int | None = None

    def __init__(self, stream: BinaryIO, name: str = "-"):
        self.name, self._stream, self._used = name, stream, False
        self.fps: float | None = None
        self._start = _read(stream, 10)
        if self._start == b"YUV4MPEG2 ":
            self._header = _Y4M(name, _line(stream))
            self.fps = self._header.fps
        elif not self._start.startswith(b"\xff\xd8\xff"):
            what = "nothing came" if not self._start else f"it begins with {self._start[:10]!r}"
            raise UserError(
                f"{name} is neither y4m nor Motion JPEG ({what}). Convert it: {COMMAND}"
            )

    def __iter__(self) -> Iterator[tuple[np.ndarray, float]]:
        if self._used:
            raise UserError(f"{self.name} is a pipe and can be read once only.")
        self._used = True
        frames = self._jpegs() if self._start.startswith(b"\xff\xd8") else self._y4m()
        for index, frame in enumerate(frames):
            yield frame, index / (self.fps or 1.0)

    def _y4m(self) -> Iterator[np.ndarray]:
        header = self._header
        while line := _line(self._stream):
            if not line.startswith(b"FRAME"):
                raise UserError(
                    f"{self.name}: wanted FRAME, got {line[:20]!r}; the pipe is damaged."
                )
            data = _read(self._stream, header.size)
            if len(data) < header.size:
                return  # the writer was stopped within a frame
            yield header.decode(np.frombuffer(data, np.uint8))

    def _jpegs(self) -> Iterator[np.ndarray]:
        read = getattr(self._stream, "read1", self._stream.read)  # read1 does not wait for more
        buffer = bytearray(self._start)
        while True:
            if (begin := buffer.find(b"\xff\xd8")) > 0:  # a stream may have text between images
                del buffer[:begin]
            stop = _jpeg_end(buffer) if begin >= 0 else None
            if stop is None:
                if not (chunk := read(1 << 16)):
                    return
                buffer += chunk
                continue
            image = cv2.imdecode(np.frombuffer(buffer[:stop], np.uint8), cv2.IMREAD_ANYCOLOR)
            del buffer[:stop]
            if image is None:
                raise UserError(f"{self.name}: a JPEG of {stop} bytes cannot be decoded.")
            yield image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


class _Y4M:
    """The header of a y4m stream, and how its frames are decoded."""

    def __init__(self, name: str, line: bytes):
        fields = {part[:1]: part[1:] for part in line.decode("ascii", "replace").split() if part}
        extra = re.findall(r"XCOLORRANGE=(\w+)", line.decode("ascii", "replace"))
        self.full_range = "FULL" in extra
        try:
            self.width, self.height = int(fields["W"]), int(fields["H"])
            rate = Fraction(fields["F"].replace(":", "/"))
        except (KeyError, ValueError, ZeroDivisionError):
            raise UserError(f"{name}: the y4m header lacks W, H or F: {line[:80]!r}") from None
        self.fps = float(rate) if 0 < rate < 100_000 else None
        kind = fields.get("C", "420jpeg")
        match = re.fullmatch(r"(420|422|444|mono)(jpeg|paldv|mpeg2)?", kind)
        if not match:
            raise UserError(f"{name}: y4m of kind C{kind} is not read; convert it: {COMMAND}")
        if not 0 < self.width * self.height <= MAX_PIXELS or min(self.width, self.height) < 1:
            raise UserError(f"{name}: frames of {self.width}x{self.height} pixels are not read.")
        self.divisors = _CHROMA[match[1]]
        rows, columns = self.divisors or (1, 1)
        self.chroma = (-(-self.height // rows), -(-self.width // columns))
        planes = 0 if self.divisors is None else 2
        self._is_plain = self.divisors == (2, 2) and not self.full_range
        self._is_plain &= self.height % 2 == 0 and self.width % 2 == 0
        self.size = self.height * self.width + planes * self.chroma[0] * self.chroma[1]

    def decode(self, data: np.ndarray) -> np.ndarray:
        """Return uint8 [h, w, 3], or [h, w] of mono, of the bytes of one frame."""
        luma = data[: self.height * self.width].reshape(self.height, self.width)
        if self.divisors is None:
            return luma.copy()
        chroma = data[luma.size :].reshape(2, *self.chroma)
        if self._is_plain:
            rows = data.reshape(self.height * 3 // 2, self.width)
            return np.asarray(cv2.cvtColor(rows, cv2.COLOR_YUV2RGB_I420))
        size = self.width, self.height
        planes = [cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in chroma]
        matrix = _FULL_TO_RGB if self.full_range else _LIMITED_TO_RGB
        return cv2.transform(np.dstack([luma, *planes]), matrix)  # [h, w, 3], rounded and clipped


def _read(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, fewer at the end; a pipe may give less at a time."""
    parts, left = [], size
    while left and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _line(stream: BinaryIO) -> bytes:
    """Read up to a newline, which is left out; at most 4096 bytes."""
    return stream.readline(4096).rstrip(b"\n")


def _jpeg_end(data: bytearray) -> int | None:
    """Return where the first JPEG ends, or None where its end has not come yet.

    Segments are skipped by their lengths, so that a thumbnail within one does not count.
    """
    position = 2
    while 0 <= (position := data.find(0xFF, position)) < len(data) - 1:
        marker = data[position + 1]
        if marker == 0xD9:
            return position + 2
        if marker == 0xFF:  # padding
            position += 1
        elif marker in _ALONE:
            position += 2
        else:  # a segment; entropy-coded bytes may follow it, in which 0xFF is followed by 0
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return None
