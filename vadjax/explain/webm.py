"""Write images as a WebM film (VP8), by PyAV: each is shown as long as it lasted."""

import os
from collections.abc import Iterable
from fractions import Fraction

import av
import numpy as np

DEFAULT_FPS = 10.0  # of a film of frames whose times nothing says
UNIT = Fraction(1, 1000)  # seconds: of every time in a WebM file
BITS = 64  # a pixel, before compression has its say: quality near the best
# libvpx's way for calls is four times as fast as its default at the same size and quality; films
# are made one a core, so that threads of their own would only wait for one another.
OPTIONS = {"deadline": "realtime", "cpu-used": "1", "threads": "1"}


def write_webm(
    path: os.PathLike | str, images: Iterable[np.ndarray], *, edges: np.ndarray | None
) -> int:
    """Write a film.

    Args:
        path: the file.
        images: uint8 [h, w, 3] RGB each, of one size, both even.
        edges: float64 [t + 1] seconds at which each image begins to be shown and the last one
            ends; None shows `DEFAULT_FPS` images a second.

    Returns:
        The number of images.

    Raises:
        OSError: it cannot be written there, or there are no images.
    """
    stream, count, shown = None, 0, -1
    try:
        with av.open(f"file:{os.path.abspath(path)}", "w", format="webm") as container:
            for count, image in enumerate(images, 1):
                begin, end = _span(count - 1, edges)
                if stream is None:
                    rate = _rate(edges)
                    stream = _stream(container, image.shape[:2], rate)
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
                frame.time_base = UNIT
                frame.pts = shown = max(begin, shown + 1)  # times must grow
                frame.duration = max(end - shown, 1)
                container.mux(stream.encode(frame))
            if stream is not None:
                container.mux(stream.encode())
    except av.FFmpegError as error:
        raise OSError(f"no film could be written to {path} ({error.strerror})") from error
    if not count:
        raise OSError(f"no film could be written to {path}: there are no images")
    return count


def _span(index: int, edges: np.ndarray | None) -> tuple[int, int]:
    """Return when an image begins and ends, in milliseconds."""
    if edges is None:
        return round(index * 1000 / DEFAULT_FPS), round((index + 1) * 1000 / DEFAULT_FPS)
    return round(float(edges[index]) * 1000), round(float(edges[index + 1]) * 1000)


def _rate(edges: np.ndarray | None) -> float:
    """Return the mean images a second, as far as it can be one."""
    if edges is None or not edges[-1]:
        return DEFAULT_FPS
    return float(np.clip((len(edges) - 1) / edges[-1], 0.1, 240))


def _stream(
    container: av.container.OutputContainer, shape: tuple[int, int], rate: float
) -> av.VideoStream:
    nominal = Fraction(rate).limit_denominator(1001)
    stream = container.add_stream("libvpx", rate=nominal, options=OPTIONS)
    stream.height, stream.width = shape
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = stream.time_base = UNIT
    stream.bit_rate = int(BITS * shape[0] * shape[1] * rate)
    return stream
