"""A film that a detector will learn from: nearly without loss, in the size of the frames."""

import pathlib
from fractions import Fraction
from typing import Any

import av
import numpy as np

from vadjax.storage.files import PREFIX

_OPTIONS = {"preset": "ultrafast", "crf": "10", "threads": "1"}
_UNIT = Fraction(1, 90_000)  # seconds


class Film:
    """Writes one film beside its name, and renames it when it is closed.

    Args:
        path: of the film.
        fps: frames a second; None takes each frame's time.
    """

    def __init__(self, path: pathlib.Path, fps: float | None):
        self._path, self._fps = path, fps
        self._beside = path.with_name(f"{PREFIX}{path.name}")
        self._container: Any = None
        self._stream: Any = None
        self._shape: tuple[int, ...] = ()
        self._first, self._count, self._shown = 0.0, 0, -1
        self._failed = False

    def add(self, at: float, frame: np.ndarray) -> None:
        """Add a frame; a film that cannot be written, on a full disk, is given up silently.

        Args:
            at: seconds.
            frame: uint8 [h, w, 3] RGB, or [h, w] grey; of another size than the first it is left
                out.
        """
        if self._failed or (self._count and frame.shape != self._shape):
            return
        try:
            if self._container is None:
                self._open(at, frame)
            format_ = "rgb24" if frame.ndim == 3 else "gray"
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format=format_)
            picture.time_base = _UNIT
            seconds = at - self._first if self._fps is None else self._count / self._fps
            picture.pts = self._shown = max(round(seconds / _UNIT), self._shown + 1)
            self._container.mux(self._stream.encode(picture))
            self._count += 1
        except (av.FFmpegError, OSError):
            self._failed = True

    def close(self, *, keep: bool) -> None:
        """End the film.

        Args:
            keep: whether it stays.
        """
        try:
            if self._container is not None:
                self._container.mux(self._stream.encode())
                self._container.close()
        except (av.FFmpegError, OSError):
            self._failed = True
        if keep and self._count > 1 and not self._failed:
            self._beside.replace(self._path)
        else:
            self._beside.unlink(missing_ok=True)

    def _open(self, at: float, frame: np.ndarray) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(f"file:{self._beside}", "w", format="mp4")
        rate = Fraction(self._fps or 25.0).limit_denominator(1001)
        self._stream = self._container.add_stream("libx264", rate=rate, options=_OPTIONS)
        # 4:4:4, as it takes odd sizes: what is learnt has to have the size of what is watched.
        self._stream.height, self._stream.width = frame.shape[:2]
        self._stream.pix_fmt = "yuv444p"
        self._stream.codec_context.time_base = self._stream.time_base = _UNIT
        self._first, self._shape = at, frame.shape
