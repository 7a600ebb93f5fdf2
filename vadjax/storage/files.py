"""Whole files or none: write beside, then rename."""

import contextlib
import errno
import glob
import json
import os
import pathlib
import secrets
from collections.abc import Iterator

from vadjax.errors import UserError

_encode = json.JSONEncoder(allow_nan=False).encode


@contextlib.contextmanager
def whole(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yield a name beside `path`; rename it to `path` once the block has ended well.

    Raises:
      UserError: the folder cannot be written, or the disk is full.
    """
    mine = f"{os.uname().nodename}-{os.getpid()}"
    beside = path.with_name(f".{path.name}.{mine}-{secrets.token_hex(3)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        beside.unlink(missing_ok=True) if path.parent.is_dir() else None


def _sweep(path: pathlib.Path) -> None:
    """Remove what processes of this machine that were killed left beside `path`."""
    here = f".{path.name}.{os.uname().nodename}-"
    for left in path.parent.glob(f"{glob.escape(here)}*.tmp"):
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
    """Return the user's error for a full or read-only place, or `error` itself."""
    if error.errno == errno.ENOSPC:
        return UserError(f"the disk is full: {path} could not be written; free space, run again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        reason = os.strerror(error.errno).lower()
        return UserError(f"{path} cannot be written ({reason}); choose a folder that can.")
    return error


def write_json(path: pathlib.Path, value: object) -> None:
    """Write `value` as JSON, see `to_json`."""
    with whole(path) as beside:
        beside.write_text(to_json(value) + "\n", encoding="utf-8")


def to_json(value: object, *, depth: int = 0) -> str:
    """Return `value` as JSON, a key or an item a line; a list of numbers or texts is one line.

    Args:
        value: of dicts with texts as keys, lists, tuples and plain values.
        depth: spaces before the last line.

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
