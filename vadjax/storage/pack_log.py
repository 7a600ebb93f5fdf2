"""A pack that is written clip by clip (`storage.packs`): two files for thousands of clips.

`packs/N-HEX.bin` and `.jsonl` belong to one process, which adds to them: first the array, then the
line that says where it lies. A last line that does not end is not there. They reach the disk every
`SYNC_S` seconds; what a failure of power leaves of the rest is told by a checksum in the line.
"""

import contextlib
import json
import os
import pathlib
import secrets
import time
import weakref
import zlib
from typing import BinaryIO

from vadjax.storage.files import unwritable

CLIPS = 4096  # of a pack
BYTES = 1 << 26
SYNC_S = 1.0
ALIGN = 64  # bytes, as within `.npy` files


class PackLog:
    """A new pack.

    Args:
        pack: its file of arrays, which is not there yet; the index stands beside it.

    Raises:
        UserError: the folder cannot be written.
    """

    def __init__(self, pack: pathlib.Path):
        self.pack, self._process = pack, os.getpid()
        self._count = self._end = self._said = 0
        self._synced = time.monotonic()
        try:
            self._arrays = pack.open("xb")
            self._lines = pack.with_suffix(".jsonl").open("xb")
        except OSError as error:
            raise unwritable(pack, error) from error
        weakref.finalize(self, _close, self._arrays, self._lines)

    @property
    def is_open(self) -> bool:
        """Whether more may be added, by this process."""
        room = self._count < CLIPS and self._end < BYTES
        return room and self._process == os.getpid()

    def add(self, name: str, content: bytes, meta: str) -> int:
        """Add a clip.

        Args:
            name: of its files in the store.
            content: of its array file.
            meta: what is stored beside the rows, as JSON.

        Returns:
            The first byte of the array file in the pack.

        Raises:
            UserError: the pack cannot be written.
        """
        start = self._end
        line = json.dumps([name, start, len(content), meta, zlib.crc32(content)]) + "\n"
        try:
            end = _write(self._arrays, content + bytes(-len(content) % ALIGN), start)
            # At its place: what a full disk has cut of the line before is written over.
            said = _write(self._lines, line.encode(), self._said)
            if time.monotonic() - self._synced >= SYNC_S:
                os.fsync(self._arrays.fileno())
                os.fsync(self._lines.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            raise unwritable(self.pack, error) from error
        self._count, self._end, self._said = self._count + 1, end, said
        return start


def new_log(packs: pathlib.Path) -> PackLog:
    """Begin a pack that counts before those that are there.

    Args:
        packs: their folder.

    Returns:
        The pack.

    Raises:
        UserError: the folder cannot be written.
    """
    return PackLog(packs / f"{next_number(packs):08d}-{secrets.token_hex(4)}.bin")


def next_number(packs: pathlib.Path) -> int:
    """Return the number after those of all packs in a folder."""
    numbers = [path.stem.split("-")[0] for path in packs.glob("[0-9]*.*")]
    return max((int(number) for number in numbers if number.isdigit()), default=0) + 1


def _write(file: BinaryIO, content: bytes, at: int) -> int:
    """Write to a file at a place; return the place behind."""
    view = memoryview(content)
    while view:
        done = os.pwrite(file.fileno(), view, at)
        view, at = view[done:], at + done
    return at


def _close(*files: BinaryIO) -> None:
    for file in files:
        with contextlib.suppress(OSError):
            os.fsync(file.fileno())
        file.close()
