"""Atomic write: temporary file, then rename."""

import contextlib
import errno
import glob
import json
import os
import pathlib
import secrets
from collections.abc import Iterator

from vadjax.errors import UserError, system_message

_encode = json.JSONEncoder(allow_nan=False).encode


@contextlib.contextmanager
def atomic_write(path: os.PathLike | str) -> Iterator[pathlib.Path]:
    """Yield a temporary name beside `path`; rename it to `path` when the block has ended well.

    Args:
        path: the file to write; its folder is made. The temporary name has the same suffix, for
            writers that choose the format by it.

    Yields:
        The temporary name, in the folder of `path`.

    Raises:
        UserError: the folder cannot be written, or the disk is full.
    """
    path = pathlib.Path(path)
    mine = f"{os.uname().nodename}-{os.getpid()}"
    beside = path.with_name(f".tmp-{mine}-{secrets.token_hex(3)}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        beside.unlink(missing_ok=True) if path.parent.is_dir() else None


def _remove_leftovers(path: pathlib.Path) -> None:
    """Remove temporary files of `path` that killed processes of this machine left behind."""
    here = f".tmp-{os.uname().nodename}-"
    for left in path.parent.glob(f"{glob.escape(here)}*-{glob.escape(path.name)}"):
        pid = left.name[len(here) :].split("-")[0]
        if pid.isdigit() and int(pid) != os.getpid() and not _alive(int(pid)):
            left.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def unwritable(path: pathlib.Path, error: OSError) -> Exception:
    """Return the error to raise when a file could not be written.

    Args:
        path: of the file.
        error: what the system said.

    Returns:
        A `UserError`; `error` itself where it is none of the system's.
    """
    if error.errno == errno.ENOSPC:
        return UserError(f"the disk is full: {path} could not be written; free space, run again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        reason = os.strerror(error.errno).lower()
        return UserError(f"{path} cannot be written ({reason}); choose a folder that can.")
    text = system_message(error, where=path)
    return error if text is None else UserError(text)


def write_json(path: pathlib.Path, value: object) -> None:
    """Write a value as JSON, atomically.

    Args:
        path: the file.
        value: see `to_json`.

    Raises:
        UserError: the folder cannot be written, or the disk is full.
    """
    with atomic_write(path) as beside:
        beside.write_text(to_json(value) + "\n", encoding="utf-8")


def to_json(value: object, *, depth: int = 0) -> str:
    """Return `value` as JSON: a line for each key or item, one line for a list of plain values.

    Args:
        value: dicts with strings as keys, lists, tuples and plain values, nested.
        depth: spaces before the last line.

    Returns:
        The text, without a line break at its end.

    Raises:
        ValueError: NaN or infinity.
        TypeError: a value that JSON does not know.

    >>> print(to_json({"auc": 0.75, "curve": [0, 0.5, 1], "folds": [{"fold": 0}]}))
    {
     "auc": 0.75,
     "curve": [0, 0.5, 1],
     "folds": [
      {
       "fold": 0
      }
     ]
    }
    """
    pad = "\n" + " " * depth
    if isinstance(value, dict) and value:
        inside = [f"{_encode(k)}: {to_json(v, depth=depth + 1)}" for k, v in value.items()]
        return "{" + f"{pad} " + f",{pad} ".join(inside) + f"{pad}}}"
    if isinstance(value, (list, tuple)) and any(isinstance(v, (dict, list, tuple)) for v in value):
        inside = [to_json(v, depth=depth + 1) for v in value]
        return "[" + f"{pad} " + f",{pad} ".join(inside) + f"{pad}]"
    return _encode(value)
