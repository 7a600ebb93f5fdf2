"""A folder that grows: films or images that other programs put there, each once, in order.

A file is read when it has not changed for a moment, as whoever writes it may still do so. How far
the folder has been read is kept, so that a restart reads no file again.
"""

import os
import pathlib
import time
from collections.abc import Iterator

import cv2
import numpy as np

from vadjax.data.decoding.sources import VideoSource
from vadjax.data.paths.files import is_image, is_video
from vadjax.errors import UserError
from vadjax.storage.files import write_json
from vadjax.storage.json_file import read_object

SETTLED_S = 2.0  # without a change, after which a file is whole
POLL_S = 1.0
_Mark = tuple[int, str]  # time of the last change in nanoseconds, and name


class GrowingFolder:
    """Frames of the files of a folder, as they come.

    Attributes:
        fps: frames a second of the file that is read; None where it does not say.
        wall: seconds since 1970 UTC at the time 0 of the frames; None before the first.

    Args:
        path: of the folder.
        memory: file in which it is kept how far it was read; None keeps nothing.
        fps: frames a second of images; None takes the times of the files.
        once: end when there is no further file, instead of waiting for one.
    """

    def __init__(
        self,
        path: pathlib.Path,
        *,
        memory: pathlib.Path | None = None,
        fps: float | None = None,
        once: bool = False,
    ):
        self._path, self._memory, self._once = path, memory, once
        self._image_fps = fps
        self.fps: float | None = None
        self.wall: float | None = None
        self.notes: list[str] = []  # files that could not be read
        self._mark: _Mark = self._read_mark()
        self._end = 0.0  # of what was read so far, in seconds from the first frame

    def __iter__(self) -> Iterator[tuple[np.ndarray, float]]:
        """Yield frames with seconds from the first one, which only grow."""
        while True:
            names = self._next()
            for mark in names:
                yield from self._frames(self._path / mark[1], mark)
                self._mark = mark
                if self._memory is not None:
                    write_json(self._memory, {"changed_ns": mark[0], "name": mark[1]})
            if not names and self._once:
                return
            if not names:
                time.sleep(POLL_S)

    def _next(self) -> list[_Mark]:
        """Return the files that are new and whole, the oldest first."""
        found = []
        with os.scandir(self._path) as entries:
            for entry in entries:
                path = pathlib.Path(entry.path)
                if entry.name.startswith(".") or not (is_video(path) or is_image(path)):
                    continue
                changed = entry.stat().st_mtime_ns
                settled = self._once or time.time() - changed / 1e9 >= SETTLED_S
                if settled and (changed, entry.name) > self._mark:
                    found.append((changed, entry.name))
        return sorted(found)

    def _frames(self, path: pathlib.Path, mark: _Mark) -> Iterator[tuple[np.ndarray, float]]:
        changed = mark[0] / 1e9
        if is_image(path):
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image is None:
                self.notes.append(f"{path.name} cannot be read as an image")
                return
            self.fps = self._image_fps
            begin = self._end if self.fps else self._begin(changed)
            self.wall = changed if self.wall is None else self.wall
            yield np.ascontiguousarray(image[..., ::-1]), begin
            self._end = begin + (1 / self.fps if self.fps else 1e-3)
            return
        try:
            video = VideoSource(path)
            self.fps = video.fps
            length = (video.num_frames or 0) / (video.fps or 25.0)
            begin, last = self._begin(changed - length), 0.0
            for frame, at in video:
                last = at
                yield frame, begin + at
            self._end = begin + last + 1 / (video.fps or 25.0)
        except UserError as error:
            self.notes.append(str(error))

    def _begin(self, wall: float) -> float:
        """Return when a file begins, in seconds from the first frame: not before what was read."""
        if self.wall is None:
            self.wall = wall
        return max(wall - self.wall, self._end)

    def _read_mark(self) -> _Mark:
        try:
            known = read_object(self._memory, mend="remove it.") if self._memory else {}
        except FileNotFoundError:
            known = {}
        return int(known.get("changed_ns", 0)), str(known.get("name", ""))
