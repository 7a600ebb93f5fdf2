"""Names the files that are being decoded when a decoder crashes the process.

Videos and images are decoded by C libraries, in this process. A fault in one of them ends it before
Python can say anything, and with it the name of the file. `watch` starts a small process that is
told of the crash by faulthandler and prints the names (`runtime.crash_report`). It costs no time
of the decoding: a name is written to a temporary file when a file is opened.
"""

import atexit
import contextlib
import faulthandler
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import IO

from vadjax.runtime import crash_report


class _Watch:
    """The process, and the file of names that it reads."""

    def __init__(self):
        self._names: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # open until the end
        self._lock, self._free, self._num_slots = threading.Lock(), [], 0
        number, path = self._names.fileno(), pathlib.Path(crash_report.__file__)
        read, self._write = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", os.fspath(path), str(number)],
                stdin=read,
                stdout=subprocess.DEVNULL,
                pass_fds=[number],
                start_new_session=True,  # Ctrl-C is not for it
            )
        finally:
            os.close(read)
        faulthandler.enable(self._write)

    def begin(self, name: str) -> int:
        """Write a name; return its slot."""
        with self._lock:
            if not self._free:
                self._free.append(self._num_slots)
                self._num_slots += 1
            slot = self._free.pop()
        self._put(slot, name.encode("utf-8", "replace")[-crash_report.SLOT :])
        return slot

    def end(self, slot: int) -> None:
        """Remove the name in a slot."""
        self._put(slot, b"")
        with self._lock:
            self._free.append(slot)

    def _put(self, slot: int, text: bytes) -> None:
        with contextlib.suppress(OSError):  # a full disk is reported by the files that matter
            place, padded = slot * crash_report.SLOT, text.ljust(crash_report.SLOT, b"\0")
            os.pwrite(self._names.fileno(), padded, place)

    def close(self) -> None:
        """End the process; later crashes are reported by faulthandler alone."""
        with contextlib.suppress(OSError, ValueError):  # no standard error
            faulthandler.enable()
        os.close(self._write)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)


_watch: _Watch | None = None


def watch() -> None:
    """Start to watch this process, until it ends; where that is not possible, do nothing."""
    global _watch
    if _watch is None:
        with contextlib.suppress(OSError):
            _watch = _Watch()
            atexit.register(_watch.close)


@contextlib.contextmanager
def decoding(name: str) -> Iterator[None]:
    """Name a file as being decoded, as long as the block runs.

    Args:
        name: of the file, for a person.

    Yields:
        Nothing.
    """
    if _watch is None:
        yield
        return
    slot = _watch.begin(name)
    try:
        yield
    finally:
        _watch.end(slot)
