"""Many small files of a feature store in few large ones, as a version control system packs objects.

`packs/N.bin` holds the `.npy` files of some hundred clips one behind the other, and `packs/N.jsonl`
says which, where, and what was stored beside their rows. It is written last: without it a pack is
not there. Only then are the files of the clips removed, so that at any time a clip is in the one
place or the other, or in both with the same rows. A file of its own counts before a pack, and a
pack before those of lower numbers. Where there are packs already, small clips are added to one
(`storage.pack_log`) and have no files of their own.
"""

import contextlib
import fcntl
import io
import json
import os
import pathlib
import threading
import time
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from vadjax.errors import UserError
from vadjax.storage.files import atomic_write
from vadjax.storage.pack_log import ALIGN, PackLog, new_log, next_number

FOLDER = "packs"
SMALL_BYTES = 1 << 18  # of an array file; larger ones stay by themselves
PACK_AT = 256  # small files after which they are packed
_TICK_NS = 100_000_000  # coarser than the clock of any local file system


class Packed(NamedTuple):
    """Where the array file of a clip lies.

    Attributes:
        pack: the pack's file.
        start: its first byte there.
        size: its bytes.
        meta: what was stored beside the rows, as JSON.
        checksum: CRC-32 of the bytes; None in a pack that was written as a whole.
    """

    pack: pathlib.Path
    start: int
    size: int
    meta: str
    checksum: int | None = None


class Packs:
    """The packs of one folder of the store.

    Args:
        folder: of the store.
    """

    def __init__(self, folder: pathlib.Path):
        self._folder, self._packs = folder, folder / FOLDER
        self._known: dict[str, Packed] = {}
        self._read: dict[str, int] = {}  # index -> how much of it was read
        self._log: PackLog | None = None
        self._lock = threading.Lock()
        self._changed: int | None = None
        self._open: dict[pathlib.Path, np.memmap] = {}
        self._count: int | None = None  # small files that were written since the last pack

    def find(self, name: str) -> Packed | None:
        """Return where a clip is, of the packs of this and of other processes."""
        try:
            changed = self._packs.stat().st_mtime_ns
        except OSError:
            return None
        if changed != self._changed:
            for file in sorted(os.listdir(self._packs)):
                if file.endswith(".jsonl") and file[0] != "." and file not in self._read:
                    self._read[file] = 0
                    self._known |= self._entries(file)
            # What is renamed into the folder within one tick of its clock leaves no other time.
            settled = time.time_ns() - changed > _TICK_NS
            self._changed = changed if settled else None
        if name not in self._known:  # others may have added to theirs
            own = self._log and f"{self._log.pack.stem}.jsonl"
            for file in [file for file in self._read if "-" in file and file != own]:
                if (self._packs / file).stat().st_size > self._read[file]:
                    self._known |= self._entries(file)
        return self._known.get(name)

    def takes(self, size: int) -> bool:
        """Return whether a clip is to be added to a pack rather than to have files of its own.

        Args:
            size: of its array file in bytes, about.
        """
        if size > SMALL_BYTES:
            return False
        return self._log is not None or bool(self._packs.is_dir() and [*self._packs.glob("*.bin")])

    def add(self, name: str, content: bytes, meta: str) -> None:
        """Add a clip to the pack of this process; its older files go.

        Args:
            name: of its files.
            content: of its array file.
            meta: what is stored beside the rows, as JSON.

        Raises:
            UserError: the folder cannot be written.
        """
        with self._lock:
            if self._log is None or not self._log.is_open:
                self._log = new_log(self._packs)
                self._read[f"{self._log.pack.stem}.jsonl"] = 0
            start = self._log.add(name, content, meta)
            self._known[name] = Packed(
                self._log.pack, start, len(content), meta, zlib.crc32(content)
            )
        for suffix in (".json", ".npy"):
            (self._folder / f"{name}{suffix}").unlink(missing_ok=True)

    def rows(self, packed: Packed) -> np.ndarray:
        """Return the rows of a clip, memory-mapped and read-only.

        Raises:
            OSError: the pack is gone.
            ValueError: it is damaged.
        """
        mapped, stop = self._open.get(packed.pack), packed.start + packed.size
        if mapped is None or len(mapped) < stop:  # it has grown since
            mapped = self._open[packed.pack] = np.memmap(packed.pack, np.uint8, "r")
        found = mapped[packed.start : stop]
        if packed.checksum not in (None, zlib.crc32(found.data)):
            raise ValueError("not what was written")
        head = io.BytesIO(found[: 1 << 12].tobytes())
        version = np.lib.format.read_magic(head)
        if version != (1, 0) or len(found) != packed.size:
            raise ValueError("not the array that was packed")
        shape, _, dtype = np.lib.format.read_array_header_1_0(head)
        return found[head.tell() :].view(dtype).reshape(shape)

    def wrote(self, size: int) -> None:
        """Count a file that was written, and pack the small ones when they are many.

        Args:
            size: of the array file in bytes.

        Raises:
            UserError: the folder cannot be written.
        """
        if size > SMALL_BYTES:
            return
        if self._count is None:  # those of processes before this one
            self._count = sum(1 for _ in self._folder.glob("*.npy")) - 1
        self._count += 1
        if self._count >= PACK_AT:
            self.pack()

    def pack(self) -> None:
        """Put the clips that are complete and small into a new pack; another process may be at it.

        Raises:
            UserError: the folder cannot be written.
        """
        self._count = 0
        with contextlib.ExitStack() as locked:
            try:
                self._packs.mkdir(exist_ok=True)
                lock = locked.enter_context((self._packs / ".lock").open("a"))
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # packed by another process, or not at all on this file system
                return
            found = [*self._small()]
            if found:
                self._write(found)
                for one in found:
                    array = self._folder / f"{one.name}.npy"
                    if _state(array) == one.state:  # else it has been written again since
                        array.with_name(f"{one.name}.json").unlink(missing_ok=True)
                        array.unlink(missing_ok=True)

    def _entries(self, file: str) -> dict[str, Packed]:
        found, self._read[file] = _entries(self._packs / file, self._read[file])
        return found

    def _small(self) -> Iterator["_Small"]:
        """Yield the complete small clips."""
        for path in sorted(self._folder.glob("*.json")):
            array = path.parent / f"{path.name.removesuffix('.json')}.npy"
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                state = _state(array)
                if state is None or state[2] > SMALL_BYTES:
                    continue
                meta = json.loads(path.read_text(encoding="utf-8"))
                content = array.read_bytes()
                if meta["bytes"] == len(content) and content[6:8] == b"\x01\x00":
                    name = array.name.removesuffix(".npy")
                    yield _Small(name, content, json.dumps(meta), state)

    def _write(self, found: list["_Small"]) -> None:
        pack = self._packs / f"{next_number(self._packs):08d}.bin"
        lines, start = [], 0
        with atomic_write(pack) as beside, beside.open("wb") as file:
            for name, content, meta, _ in found:
                file.write(content + bytes(-len(content) % ALIGN))
                lines.append(json.dumps([name, start, len(content), meta]) + "\n")
                start = file.tell()
        with atomic_write(pack.with_suffix(".jsonl")) as beside:
            beside.write_text("".join(lines), encoding="utf-8")


class _Small(NamedTuple):
    """A clip that is to be packed: its name, array file, metadata, and the state of the file."""

    name: str
    content: bytes
    meta: str
    state: tuple[int, int, int]


def _state(path: pathlib.Path) -> tuple[int, int, int] | None:
    """Return what tells a file from one that is renamed into its place; None: it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _entries(index: pathlib.Path, start: int) -> tuple[dict[str, Packed], int]:
    """Read what is new in an index; return it, and the byte up to which the index was read.

    Raises:
        UserError: it is damaged.
    """
    pack = index.with_suffix(".bin")
    try:
        with index.open("rb") as file:
            file.seek(start)
            text = file.read()
        if "-" in index.stem:  # a line that is being written does not end yet
            text = text[: text.rfind(b"\n") + 1]
        rows = [json.loads(line) for line in text.decode("utf-8").splitlines()]
        entries = {
            str(name): Packed(pack, int(first), int(size), str(meta), *map(int, checksum))
            for name, first, size, meta, *checksum in rows
        }
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise UserError(f"{index} is damaged ({error}); remove it and run again.") from error
    size = pack.stat().st_size if pack.is_file() else 0
    whole = {n: entry for n, entry in entries.items() if entry.start + entry.size <= size}
    return whole, start + len(text)
