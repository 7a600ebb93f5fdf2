"""A file with a line of JSON for each announcement: jsonl:FILE."""

import json
import os
import pathlib
from collections.abc import Sequence

from vadjax.errors import UserError, system_message
from vadjax.live.event import Event
from vadjax.live.sinks.address import Address
from vadjax.live.sinks.contract import Announcement, Undelivered

_TAIL = 1 << 20  # bytes at the end that are searched for what was written before a crash


class JSONLinesSink:
    """Appends, each line in one write and synced; none twice, also after `kill -9`.

    Args:
        address: jsonl:FILE.

    Raises:
        UserError: it names no file.
    """

    def __init__(self, address: Address):
        self.address = address
        if not address.parts.path:
            raise UserError("a sink jsonl:FILE wants the name of a file.")
        self._path = pathlib.Path(address.url.removeprefix("jsonl:")).expanduser()
        self._known: set[str] = set()

    def start(self, unfinished: Sequence[Event]) -> None:
        """Read which announcements the file ends with; a line without an end is removed."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+b") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _TAIL))
                tail = file.read()
                end = tail.rfind(b"\n") + 1
                if end < len(tail):  # written when the process was killed: it comes again
                    file.truncate(size - len(tail) + end)
                self._known = set(filter(None, map(_key, tail[:end].split(b"\n"))))
        except OSError as error:
            raise _failed(error, self._path) from error

    def deliver(self, announcement: Announcement) -> None:
        """Append a line, unless it is there. See `contract.Sink`."""
        if announcement.key in self._known:
            return
        line = json.dumps(announcement.content(), allow_nan=False).encode() + b"\n"
        try:
            with self._path.open("ab", buffering=0) as file:
                begin = file.seek(0, os.SEEK_END)
                if file.write(line) != len(line):
                    file.truncate(begin)
                    raise Undelivered(f"{self._path}: the disk is full.")
                os.fsync(file.fileno())
        except OSError as error:
            raise _failed(error, self._path) from error
        self._known.add(announcement.key)
        if len(self._known) > 100_000:  # what is delivered is not delivered again by one process
            self._known = {announcement.key}

    def close(self) -> None:
        """Nothing is open."""


def _key(line: bytes) -> str:
    try:
        return json.loads(line).get("key", "")
    except (ValueError, AttributeError):
        return ""


def _failed(error: OSError, path: pathlib.Path) -> Undelivered:
    return Undelivered(system_message(error, where=path) or f"{path}: {error}")
