"""Events in SQLite: what was announced survives `kill -9`, and each reader has its own position.

Each change of an event is a row with a growing number (`changes`), which holds the event as it was
then. A sink reads the changes after its own position and advances it when they are delivered, so
that none is left out however either side ends. The file is in WAL mode, so that readers, of other
processes too, never wait for the watcher.
"""

import dataclasses
import pathlib

from vadjax.errors import UserError
from vadjax.live import retention
from vadjax.live.database import Database
from vadjax.live.event import ANSWERS, Event

NAME = "events.sqlite"
_VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL,
    start REAL NOT NULL, answer TEXT, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_start ON events (start, id);
CREATE TABLE IF NOT EXISTS changes (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS changes_by_id ON changes (id);
CREATE TABLE IF NOT EXISTS positions (reader TEXT PRIMARY KEY, sequence INTEGER NOT NULL);
"""
Events = list[Event]  # `EventStore` has a method that is called list
Changes = list[tuple[int, Event]]


class EventStore:
    """The events of a watch, in `NAME` of its folder; may be used from several threads.

    Args:
        folder: of the watch; made where it is not there.

    Raises:
        UserError: the file cannot be written, is damaged, or is of a newer vadjax.
    """

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self._db = Database(folder / NAME, _TABLES, version=_VERSION)

    def close(self) -> None:
        """Close the file; what was put is there already."""
        self._db.close()

    def put(self, event: Event) -> int:
        """Keep an event in the place of an earlier state of it.

        An answer that a person has given meanwhile stays.

        Args:
            event: new, or with the id of one that is there.

        Returns:
            The number of the change.
        """
        with self._db.transaction():
            row = self._db.execute("SELECT answer FROM events WHERE id = ?", (event.id,)).fetchone()
            if row is not None and event.answer is None:
                event = dataclasses.replace(event, answer=row[0])
            return self._keep(event)

    def answer(self, event_id: str, answer: str | None) -> Event:
        """Note what a person said of an event.

        Args:
            event_id: of the event.
            answer: "normal", "matters", or None to take it back.

        Returns:
            The event.

        Raises:
            UserError: there is no such event, or no such answer.
        """
        if answer is not None and answer not in ANSWERS:
            raise UserError(f"answer {answer!r} unknown; choose one of {', '.join(ANSWERS)}.")
        with self._db.transaction():
            event = self.get(event_id)
            if event is None:
                raise UserError(f"there is no event {event_id[:80]!r}.")
            event = dataclasses.replace(event, answer=answer)
            self._keep(event)
        return event

    def get(self, event_id: str) -> Event | None:
        """Return an event; None where there is none of this id."""
        rows = self._db.rows("SELECT body FROM events WHERE id = ?", event_id)
        return Event.from_json(rows[0][0]) if rows else None

    def list(
        self,
        *,
        source: str | None = None,
        since: float | None = None,
        until: float | None = None,
        kind: str | None = None,
        answer: str | None = None,
        limit: int | None = 100,
        before: str | None = None,
    ) -> Events:
        """Return events, the latest start first.

        Args:
            source: name of the source.
            since: start at or after this, seconds since 1970 UTC.
            until: start before this.
            kind: see `event.KINDS`.
            answer: see `event.ANSWERS`.
            limit: at most so many; None: all.
            before: id of an event; those that follow it in this order, for the next page.

        Returns:
            The events.
        """
        wanted: dict[str, object] = {
            "source = ?": source,
            "start >= ?": since,
            "start < ?": until,
            "kind = ?": kind,
            "answer = ?": answer,
        }
        where = [text for text, value in wanted.items() if value is not None]
        values = [value for value in wanted.values() if value is not None]
        if before is not None:
            where.append("(start, id) < (SELECT start, id FROM events WHERE id = ?)")
            values.append(before)
        text = f" WHERE {' AND '.join(where)}" if where else ""
        rows = self._db.rows(
            f"SELECT body FROM events{text} ORDER BY start DESC, id DESC LIMIT ?",
            *values,
            -1 if limit is None else limit,
        )
        return [Event.from_json(body) for (body,) in rows]

    def unfinished(self) -> Events:
        """Return the events that are open: a process that was killed has left them so."""
        rows = self._db.rows("SELECT body FROM events WHERE state <> 'closed' ORDER BY start, id")
        return [Event.from_json(body) for (body,) in rows]

    def changes(self, after: int, *, limit: int = 1000) -> Changes:
        """Return the changes after one of them, in order.

        Args:
            after: number of the last change that is known; 0 for none.
            limit: at most so many.

        Returns:
            A list of (number, the event as it was put then).
        """
        rows = self._db.rows(
            "SELECT sequence, body FROM changes WHERE sequence > ? ORDER BY sequence LIMIT ?",
            after,
            limit,
        )
        return [(sequence, Event.from_json(body)) for sequence, body in rows]

    def history(self, event_id: str, *, before: int):
        """Return the events that were put under an id before a change, in order.

        Args:
            event_id: of the event.
            before: number of the change.

        Returns:
            A list of events.
        """
        rows = self._db.rows(
            "SELECT body FROM changes WHERE id = ? AND sequence < ? ORDER BY sequence",
            event_id,
            before,
        )
        return [Event.from_json(body) for (body,) in rows]

    def sources(self) -> set[str]:
        """Return the names of the sources that have events."""
        return {name for (name,) in self._db.rows("SELECT DISTINCT source FROM events")}

    def last_change(self) -> int:
        """Return the number of the last change; 0 where there was none."""
        rows = self._db.rows("SELECT seq FROM sqlite_sequence WHERE name = 'changes'")
        return rows[0][0] if rows else 0

    def position(self, reader: str) -> int | None:
        """Return the change up to which a reader has delivered; None where it is new."""
        rows = self._db.rows("SELECT sequence FROM positions WHERE reader = ?", reader)
        return rows[0][0] if rows else None

    def advance(self, reader: str, sequence: int) -> None:
        """Note the change up to which a reader has delivered.

        Args:
            reader: its name.
            sequence: number of the change.
        """
        with self._db.transaction():
            self._db.execute(
                "INSERT INTO positions VALUES (?, ?) ON CONFLICT (reader) "
                "DO UPDATE SET sequence = excluded.sequence",
                (reader, sequence),
            )

    def remove_before(self, start: float) -> None:
        """Remove closed events that began before a time, and their changes; not what matters."""
        where = "state = 'closed' AND start < ? AND coalesce(answer, '') <> 'matters'"
        with self._db.transaction():
            self._db.execute(
                f"DELETE FROM changes WHERE id IN (SELECT id FROM events WHERE {where})", (start,)
            )
            self._db.execute(f"DELETE FROM events WHERE {where}", (start,))

    def without_file(self, event: Event, field: str) -> None:
        """Note that a file of an event is gone; this is no change that anybody need be told.

        Args:
            event: as it is kept.
            field: "clip" or "picture".
        """
        without = Event.from_dict({**event.to_dict(), field: None})
        with self._db.transaction():
            self._db.execute(
                "UPDATE events SET body = ? WHERE id = ?", (without.to_json(), event.id)
            )

    def tidy(self) -> None:
        """Give room that removed events took back to the disk."""
        self._db.rows("PRAGMA incremental_vacuum")
        self._db.rows("PRAGMA wal_checkpoint(PASSIVE)")

    def prune(self, *, days: float | None = None, gigabytes: float | None = None) -> int:
        """Enforce the retention; see `retention.prune`.

        Args:
            days: None keeps events however old.
            gigabytes: of 10^9 bytes; None keeps files however large.

        Returns:
            How many files were removed.
        """
        return retention.prune(self, days=days, gigabytes=gigabytes)

    def _keep(self, event: Event) -> int:
        body = event.to_json()
        values = (event.id, event.source, event.kind, event.state, event.start, event.answer, body)
        self._db.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "state = excluded.state, start = excluded.start, answer = excluded.answer, "
            "body = excluded.body",
            values,
        )
        cursor = self._db.execute("INSERT INTO changes (id, body) VALUES (?, ?)", (event.id, body))
        assert cursor.lastrowid is not None
        return cursor.lastrowid
