"""How long events and their files are kept: in days, and in gigabytes."""

import contextlib
import os
import pathlib
import time
from collections.abc import Iterator
from typing import Any

FOLDERS = ("clips", "pictures")  # of the files that events name
_ORPHAN_S = 3600.0  # after which a file that no event names is one that a killed process has left


def prune(store: Any, *, days: float | None, gigabytes: float | None) -> int:
    """Enforce the retention.

    Events older than `days` are removed with their files. Of the others the oldest clips, then the
    oldest pictures, are removed until all files take at most `gigabytes`; the events stay. So do
    open ones, whatever their age. Files that no event names, which a killed process has left, are
    removed.

    Args:
        store: an `EventStore`.
        days: None keeps events however old.
        gigabytes: of 10^9 bytes; None keeps files however large.

    Returns:
        How many files were removed.
    """
    removed, before = 0, list(store.list(limit=None))
    if days is not None:
        store.remove_before(time.time() - days * 86400)
    events = list(store.list(limit=None))
    named = {name for event in events for name in (event.clip, event.picture)}
    gone = {name for event in before for name in (event.clip, event.picture)} - named
    for path in _files(store.folder):
        name = str(path.relative_to(store.folder))
        try:
            if name in gone or (name not in named and _age_s(path) > _ORPHAN_S):
                path.unlink()
                removed += 1
        except FileNotFoundError:
            continue
    ids = {event.id for event in events}
    for path in (store.folder / "traces").glob("*.npz"):  # see `feedback`
        with contextlib.suppress(FileNotFoundError):
            if path.stem not in ids and _age_s(path) > _ORPHAN_S:
                path.unlink()
                removed += 1
    if gigabytes is not None:
        removed += _shrink(store, gigabytes * 1e9)
    store.tidy()
    return removed


def _shrink(store: Any, most: float) -> int:
    """Remove the oldest clips, then the oldest pictures, until `most` bytes are left."""
    folder, removed = store.folder, 0
    total = sum(_size(path) for path in folder.iterdir() if path.is_file())
    total += sum(_size(path) for path in _files(folder))
    events = list(reversed(store.list(limit=None)))
    for matters in (False, True):
        for field in ("clip", "picture"):
            for event in (one for one in events if (one.answer == "matters") == matters):
                if total <= most:
                    return removed
                name = getattr(event, field)
                if name is None or event.is_open:
                    continue
                store.without_file(event, field)
                path = folder / name
                total -= _size(path)
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def _files(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    for name in FOLDERS:
        if (folder / name).is_dir():
            with os.scandir(folder / name) as entries:
                yield from (
                    pathlib.Path(entry.path)
                    for entry in entries
                    if entry.is_file(follow_symlinks=False)
                )


def _size(path: pathlib.Path) -> int:
    """Return the bytes of a file; 0 where it has just got its name, or gone: others write too."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _age_s(path: pathlib.Path) -> float:
    return time.time() - path.stat().st_mtime
