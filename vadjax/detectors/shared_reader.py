"""One reading of each frame for the streams of several detectors of one video."""

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

Read = Callable[[np.ndarray], Any]  # frame uint8 [h, w, 3] or [h, w] -> what was measured on it


class SharedReader:
    """Reads a frame when the first of its streams asks; the others get the same rows.

    Args:
        read: called once a frame.
    """

    def __init__(self, read: Read):
        self._read, self._count, self._rows = read, 0, None

    def reader(self) -> Read:
        """Return a reader for one more stream, which has to take every frame of the video."""
        count = 0

        def read(frame: np.ndarray) -> Any:
            nonlocal count
            count += 1
            if count == self._count + 1:
                self._rows, self._count = self._read(frame), count
            assert count == self._count, "streams of one video take its frames together"
            return self._rows

        return read


class SharedReaders:
    """The shared readers of one video, by what they measure."""

    def __init__(self) -> None:
        self._readers: dict[Hashable, SharedReader] = {}

    def reader(self, key: Hashable, make: Callable[[], Read]) -> Read:
        """Return a reader that shares its frames with all of the same key.

        Args:
            key: of what is measured.
            make: returns the function that measures; called for the first of a key.

        Returns:
            A reader for one stream.
        """
        if key not in self._readers:
            self._readers[key] = SharedReader(make())
        return self._readers[key].reader()
