"""A folder that one process at a time writes to."""

import contextlib
import fcntl
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import TextIO

from vadjax.errors import UserError
from vadjax.storage.files import unwritable

NAME = ".lock"


@contextlib.contextmanager
def locked(
    folder: pathlib.Path,
    *,
    flag: str,
    keep: Callable[[pathlib.Path], bool] = lambda folder: True,
) -> Iterator[pathlib.Path]:
    """Lock a folder, which is made where it is not there, for as long as the block runs.

    The lock is the kernel's (`flock`), so it ends with the process however that ends. Folders made
    here are removed again if the block fails and they hold nothing else.

    Args:
        folder: to be written to.
        flag: by which another folder is given, for messages.
        keep: whether a folder that was made here stays although the block has failed.

    Yields:
        `folder`.

    Raises:
        UserError: another process writes there, the path is a file, or it cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; give {flag}=FOLDER.")
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        lock = _taken(folder, flag)
    except OSError as error:
        raise unwritable(folder, error) from error
    with lock:
        try:
            yield folder
        except BaseException:
            if made and not keep(folder):
                _remove(folder / NAME, made)
            raise


def _taken(folder: pathlib.Path, flag: str) -> TextIO:
    """Return the lock's file, locked; it is another one where its holder has removed it."""
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = (folder / NAME).open("a+")
        except FileNotFoundError:  # its holder removes the folder just now
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock.fileno()), os.stat(folder / NAME)):
                lock.truncate(0)
                lock.write(f"pid {os.getpid()}")
                lock.flush()
                return lock
        except FileNotFoundError:
            pass
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise UserError(
                f"another process ({holder}) works in {folder}; wait for it, or give another "
                f"{flag}."
            ) from None
        except BaseException:
            lock.close()
            raise
        lock.close()


def _remove(lock: pathlib.Path, folders: list[pathlib.Path]) -> None:
    """Remove the lock and those folders, the innermost first, that hold nothing else."""
    with contextlib.suppress(OSError):  # whatever is not empty stays
        if not any(path != lock for path in lock.parent.iterdir()):
            lock.unlink(missing_ok=True)
        for folder in folders:
            folder.rmdir()
