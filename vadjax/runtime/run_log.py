"""The log file of a run: what was said, with times; each start of the run appends to it."""

import contextlib
import io
import pathlib
import threading
import time

NAME = "run.log"


class RunLog:
    """Lines with times. They are held until the file is known, and then written at once.

    A file that cannot be written ends no run: what is lost is a copy of what was said.
    """

    def __init__(self) -> None:
        self._held: list[str] = []
        self._file: io.FileIO | None = None
        self._lock = threading.Lock()

    def open(self, path: pathlib.Path) -> None:
        """Append to a file from here on; the first one that is given stays."""
        with self._lock, contextlib.suppress(OSError):
            if self._file is None:
                self._file = path.open("ab", buffering=0)
                self._put("".join(self._held))
                self._held.clear()

    def write(self, text: str) -> None:
        """Add the lines of a text."""
        now = time.strftime("%Y-%m-%d %H:%M:%S%z")
        lines = "".join(f"{now}  {line}".rstrip() + "\n" for line in text.splitlines())
        with self._lock, contextlib.suppress(OSError):
            if self._file is None:
                self._held.append(lines)
            else:
                self._put(lines)

    def close(self) -> None:
        """Close the file; later lines are held again."""
        with self._lock, contextlib.suppress(OSError):
            file, self._file = self._file, None
            self._held.clear()
            if file is not None:
                file.close()

    def _put(self, text: str) -> None:
        assert self._file is not None
        # Names of files may hold bytes that are no UTF-8.
        self._file.write(text.encode("utf-8", errors="backslashreplace"))
