"""Clips of events: the seconds before and after, as a film that every browser plays.

Frames wait as JPEGs, so that the seconds before take little memory, and films are written by a
thread of their own: H.264 in MP4 where the build of FFmpeg has an encoder, else VP9 in WebM.
"""

import collections
import dataclasses
import functools
import pathlib
import queue
import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np

from vadjax.live.pictures import jpeg, shrunk
from vadjax.storage.files import atomic_write

MOST = 640  # pixels: the longer side of a clip
MOST_S = 60.0  # of one clip; what goes on for longer is cut there
FPS = 12.5  # frames a second of a clip at most
QUALITY = 80  # of the frames that wait
UNIT = Fraction(1, 1000)
_ENCODERS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("libx264", ".mp4", {"preset": "veryfast", "crf": "25", "threads": "1"}),
    ("libopenh264", ".mp4", {}),
    ("libvpx-vp9", ".webm", {"deadline": "realtime", "cpu-used": "8", "crf": "35", "b": "0"}),
)


@functools.cache
def encoder() -> tuple[str, str, dict[str, str]]:
    """Return the codec, the suffix and the options that this build can write."""
    for name, suffix, options in _ENCODERS:
        try:
            av.codec.Codec(name, "w")
        except ValueError:
            continue
        return name, suffix, options
    raise OSError("this build of FFmpeg writes neither H.264 nor VP9")


def write_clip(path: pathlib.Path, frames: list[tuple[float, bytes]]) -> None:
    """Write a film.

    Args:
        path: with the suffix of `encoder`.
        frames: seconds, rising, and a JPEG of each; at least one. Each is shown until the next.

    Raises:
        UserError: it cannot be written there.
        OSError: the encoder fails.
    """
    name, suffix, options = encoder()
    first = _image(frames[0][1])
    height, width = (max(2, side // 2 * 2) for side in first.shape[:2])
    kind = "mp4" if suffix == ".mp4" else "webm"
    extra = {"movflags": "+faststart"} if kind == "mp4" else {}
    with atomic_write(path) as beside:
        try:
            with av.open(f"file:{beside}", "w", format=kind, options=extra) as container:
                stream: Any = container.add_stream(name, rate=Fraction(25), options=options)
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                stream.codec_context.time_base = stream.time_base = UNIT
                shown = -1
                for at, data in frames:
                    image = np.asarray(cv2.resize(_image(data), (width, height)), np.uint8)
                    frame = av.VideoFrame.from_ndarray(image, format="bgr24")
                    frame.time_base = UNIT
                    frame.pts = shown = max(round((at - frames[0][0]) * 1000), shown + 1)
                    container.mux(stream.encode(frame))
                container.mux(stream.encode())
        except av.FFmpegError as error:
            raise OSError(error.errno, error.strerror) from error


def _image(data: bytes) -> np.ndarray:
    """Return uint8 [h, w, 3] BGR of a JPEG."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None  # it is one that `jpeg` has made
    return found


class Recorder:
    """Keeps the last seconds of a source, and the frames of the clip that is being recorded.

    Args:
        before_s: seconds before an event that its clip shows.
    """

    def __init__(self, before_s: float):
        self._before_s = before_s
        self._past: collections.deque[tuple[float, bytes]] = collections.deque()
        self._taken: list[tuple[float, bytes]] | None = None
        self._next = -np.inf

    @property
    def is_recording(self) -> bool:
        """Whether a clip has begun."""
        return self._taken is not None

    def update(self, at: float, frame: np.ndarray) -> None:
        """Take the next frame.

        Args:
            at: seconds.
            frame: uint8 [h, w, 3] RGB, or [h, w] grey.
        """
        if at < self._next:
            return
        self._next = max(self._next + 1 / FPS, at + 0.5 / FPS)
        one = at, jpeg(shrunk(frame, MOST), QUALITY)
        self._past.append(one)
        while self._past and self._past[0][0] < at - self._before_s:
            self._past.popleft()
        if self._taken is not None and at - self._taken[0][0] <= MOST_S:
            self._taken.append(one)

    def begin(self) -> None:
        """Begin a clip with what is kept of the seconds before."""
        self._taken = list(self._past)

    def end(self) -> list[tuple[float, bytes]]:
        """Return the frames of the clip."""
        taken, self._taken = self._taken or [], None
        return taken


@dataclasses.dataclass(frozen=True)
class _Task:
    path: pathlib.Path
    frames: list[tuple[float, bytes]]
    done: Callable[[bool], None]


class ClipWriter:
    """Writes clips one after another, in a thread of its own.

    Args:
        most: clips that may wait; beyond, a clip is given up rather than the memory.
    """

    def __init__(self, most: int = 8):
        self._tasks: queue.Queue[_Task | None] = queue.Queue(most)
        self._thread = threading.Thread(target=self._run, name="clips", daemon=True)
        self._thread.start()

    def write(
        self,
        path: pathlib.Path,
        frames: list[tuple[float, bytes]],
        done: Callable[[bool], None],
    ) -> None:
        """Write a clip soon.

        Args:
            path: of the file.
            frames: see `write_clip`.
            done: called from the thread, or at once, with whether the file is there.
        """
        if not frames:
            done(False)
            return
        try:
            self._tasks.put_nowait(_Task(path, frames, done))
        except queue.Full:
            done(False)

    def close(self) -> None:
        """Wait for the clips that are left."""
        self._tasks.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                write_clip(task.path, task.frames)
            except Exception:  # no clip is worth the watch: the event is told without it
                task.done(False)
            else:
                task.done(True)
