"""What people have said of events: kept beside them, and longer than they are.

What was seen in an event waits in `traces/`. When somebody calls it normal it is copied to
`accepted/`, and to `mattering/` when it matters, where it stays when the event is removed, until
the answer is taken back.
"""

import shutil
from collections.abc import Sequence

import numpy as np

from vadjax.errors import UserError
from vadjax.live.event import Event
from vadjax.live.event_store import EventStore
from vadjax.storage.files import atomic_write

TRACES, ACCEPTED, MATTERING = "traces", "accepted", "mattering"
_FOLDERS = {"normal": ACCEPTED, "matters": MATTERING}  # by answer
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
        self._answers: dict[str, str] = {}  # by event, of those that have one
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
        before = self._answers.pop(event.id, None)
        if event.answer is not None:
            self._answers[event.id] = event.answer
        changed, trace = before != event.answer, self._folder / TRACES / f"{event.id}.npz"
        for answer, folder in _FOLDERS.items():
            kept = self._folder / folder / _plain(event.source) / f"{event.id}.npz"
            if event.answer == answer and trace.exists() and not kept.exists():
                with atomic_write(kept) as beside:
                    shutil.copyfile(trace, beside)
                changed = True
            elif event.answer != answer and kept.exists():
                kept.unlink()
                changed = True
        return changed

    def answered(self, source: str, answer: str) -> list[Event]:
        """Return the events of a source that have an answer.

        Args:
            source: its name.
            answer: one of `event.ANSWERS`.

        Returns:
            The events, the latest first.
        """
        return self._store.list(source=source, answer=answer, limit=None)

    def accepted(self, source: str) -> list[Arrays]:
        """Return what was seen in each event of a source that was called normal.

        Args:
            source: its name.
        """
        return self._kept(ACCEPTED, source)

    def mattering(self, source: str) -> list[Arrays]:
        """Return what was seen in each event of a source that matters.

        Args:
            source: its name.
        """
        return self._kept(MATTERING, source)

    def _kept(self, folder: str, source: str) -> list[Arrays]:
        found = []
        for path in sorted((self._folder / folder).glob("*/*.npz")):
            if path.parent.name == _plain(source):
                with np.load(path, allow_pickle=False) as file:
                    found.append({name: file[name] for name in file})
        return found


def _plain(source: str) -> str:
    """Return a name for a folder: sources may be called anything."""
    return source.encode().hex()
