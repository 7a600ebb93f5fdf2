"""A file of SQLite that outlasts `kill -9` and power cuts, for several threads and processes."""

import pathlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from vadjax.errors import UserError

_WAIT_S = 30.0  # for another process that writes


class Database:
    """One connection in WAL mode.

    Args:
        path: of the file; it and its folder are made where they are not there.
        tables: statements that make the tables where they are not there, with semicolons between.
        version: of the tables.

    Raises:
        UserError: the file cannot be written, is damaged, or is of a newer vadjax.
    """

    def __init__(self, path: pathlib.Path, tables: str, *, version: int):
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # isolation_level None: transactions are those of `transaction` alone
            self._db = sqlite3.connect(
                path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # has no effect after WAL
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")  # what is announced outlasts a power cut
            self._db.execute("PRAGMA journal_size_limit=4194304")  # bytes
            (written,) = self._db.execute("PRAGMA user_version").fetchone()
            if written > version:
                raise UserError(f"{path} was written by a newer vadjax; use that one.")
            with self.transaction():
                for statement in tables.split(";"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={version}")
        except sqlite3.DatabaseError as error:
            raise UserError(
                f"{path} cannot be used ({error}): it is damaged, or the folder cannot be written. "
                "Move it away, or give another --out=FOLDER."
            ) from error
        except OSError as error:
            raise UserError(f"{path.parent} cannot be written ({error.strerror}).") from error

    def close(self) -> None:
        """Close the file; what was put is there already."""
        with self._lock:
            self._db.close()

    def execute(self, text: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """Run a statement inside a `transaction`.

        Args:
            text: of the statement.
            values: in the place of its question marks.

        Returns:
            The cursor.
        """
        return self._db.execute(text, values)

    def rows(self, text: str, *values: object) -> Sequence[tuple]:
        """Return the rows that a statement gives, of any thread.

        Args:
            text: of the statement.
            *values: in the place of its question marks.

        Returns:
            The rows.
        """
        with self._lock:
            return self._db.execute(text, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of a block or nothing of it."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
