"""What people have called normal: kept beside the events, and longer than they are.

What was seen in an event waits in `traces/`. When somebody calls it normal it is copied to
`accepted/`, where it stays when the event is removed, until the answer is taken back.
"""

import pathlib
import shutil
from collections.abc import Sequence

import numpy as np

from vadjax.errors import UserError
from vadjax.live.event import Event
from vadjax.live.event_store import EventStore
from vadjax.storage.files import atomic_write

TRACES, ACCEPTED = "traces", "accepted"
MOST = 500  # rows of one event
Arrays = dict[str, np.ndarray]


class Feedback:
    """Follows the answers in a store.

    Args:
        store: of the watch.
    """

    def __init__(self, store: EventStore):
        self._store, self._folder = store, store.folder
        self._after = store.last_change()
        for event in store.list(limit=None):  # answers given while nothing watched count too
            self._follow(event)

    def keep(self, event: Event, parts: Sequence[Arrays]) -> None:
        """Keep what was seen in an event, in case somebody calls it normal.

        Args:
            event: that is over.
            parts: arrays of its frames.
        """
        parts = [part for part in parts if len(next(iter(part.values())))]
        if not parts:
            return
        whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        count = len(next(iter(whole.values())))
        rows = np.unique(np.linspace(0, count - 1, min(count, MOST)).round().astype(int))
        try:
            path = self._folder / TRACES / f"{event.id}.npz"
            with atomic_write(path) as beside, beside.open("wb") as file:
                arrays = {name: values[rows] for name, values in whole.items()}
                np.savez_compressed(file, allow_pickle=False, **arrays)
        except UserError:  # the disk is full: the event is there, and cannot be learnt from
            return

    def news(self) -> set[str]:
        """Take answers that were given since the last call; return the sources they are about."""
        about = set()
        while changes := self._store.changes(self._after):
            self._after = changes[-1][0]
            for event_id in {event.id for _, event in changes}:
                event = self._store.get(event_id)  # as it is now
                if event is not None and self._follow(event):
                    about.add(event.source)
        return about

    def _follow(self, event: Event) -> bool:
        """Do what the answer to an event asks for; return whether anything has changed."""
        kept = self._path(event)
        trace = self._folder / TRACES / f"{event.id}.npz"
        if event.answer == "normal" and trace.exists() and not kept.exists():
            with atomic_write(kept) as beside:
                shutil.copyfile(trace, beside)
            return True
        if event.answer != "normal" and kept.exists():
            kept.unlink()
            return True
        return False

    def accepted(self, source: str) -> list[Arrays]:
        """Return what was seen in each accepted event of a source.

        Args:
            source: its name.
        """
        found = []
        for path in sorted((self._folder / ACCEPTED).glob("*/*.npz")):
            if path.parent.name == _plain(source):
                with np.load(path, allow_pickle=False) as file:
                    found.append({name: file[name] for name in file})
        return found

    def _path(self, event: Event) -> pathlib.Path:
        return self._folder / ACCEPTED / _plain(event.source) / f"{event.id}.npz"


def _plain(source: str) -> str:
    """Return a name for a folder: sources may be called anything."""
    return source.encode().hex()
