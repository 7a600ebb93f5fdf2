"""Video files that a test encodes by PyAV, with pictures and times that it knows."""

import pathlib
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np

HEIGHT, WIDTH = 48, 64
UNIT = Fraction(1, 1000)  # seconds of a time


def picture(index: int, *, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Draw a frame that tells its index by its grey levels, with a bright upper left corner."""
    image = np.full((height, width, 3), 30 + 4 * (index % 50), np.uint8)
    image[: height // 4, : width // 4] = 250
    return image


def index_of(image: np.ndarray) -> int:
    """Return the index of a `picture`, modulo 50, that encoding has changed by a level or so."""
    height, width = image.shape[:2]
    return round((float(image[height // 2 :, width // 2 :].mean()) - 30) / 4)


def encode(
    path: pathlib.Path,
    times_ms: Sequence[int],
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    gop: int = 10,
    b_frames: int = 2,
    size: tuple[int, int] = (HEIGHT, WIDTH),
    turned: tuple = (),
    **options: str,
) -> pathlib.Path:
    """Encode `picture` 0, 1, ... to be shown at these times."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(f"file:{path}", "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.height, stream.width, stream.pix_fmt = *size, pix_fmt
        stream.codec_context.time_base = stream.time_base = UNIT
        if codec != "libsvtav1":
            stream.bit_rate = 4_000_000  # such that no picture is skipped
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = gop, b_frames
        if turned:
            stream.set_display_rotation(*turned)
        for index, time in enumerate(times_ms):
            image = picture(index, height=size[0], width=size[1])
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = time, UNIT
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def packets(path: pathlib.Path) -> list[tuple[int, int, int]]:
    """Return (time, place in the file, number of bytes) of each packet, in the file's order."""
    content, found = path.read_bytes(), []
    with av.open(f"file:{path}") as container:
        for packet in container.demux(video=0):
            if packet.size:
                after = found[-1][1] + found[-1][2] if found else 0
                found.append((packet.pts, content.index(bytes(packet), after), packet.size))
    return found


def spoil(path: pathlib.Path, number: int) -> int:
    """Overwrite packet `number` of a file by zeros; return its time."""
    return spoil_all(path, [number])[0]


def spoil_all(path: pathlib.Path, numbers: Sequence[int]) -> list[int]:
    """Overwrite several packets of a file by zeros; return their times."""
    found, data = packets(path), bytearray(path.read_bytes())
    for number in numbers:
        _, place, size = found[number]
        data[place : place + size] = bytes(size)
    path.write_bytes(data)
    return [found[number][0] for number in numbers]
