"""Atomic write: temporary file, then rename."""

import contextlib
import errno
import hashlib
import json
import os
import pathlib
import re
import secrets
from collections.abc import Iterator

from vadjax.errors import UserError, system_message
from vadjax.runtime import leftovers

PREFIX = ".tmp-"
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
    tail = f"-{short_name(path.stem, path.name)}{path.suffix[-20:]}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        leftovers.remove_left(path.parent, PREFIX, tail)
    except OSError as error:
        raise unwritable(path, error) from error
    beside = path.with_name(f"{PREFIX}{leftovers.owner()}-{secrets.token_hex(3)}{tail}")
    try:
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        beside.unlink(missing_ok=True) if path.parent.is_dir() else None


def short_name(text: str, *more: str) -> str:
    """Return a name for a file on disk: a readable part of a text, and a hash of all of them.

    It is short, of letters, digits, dots and lines, and differs where any text differs, also where
    a file system does not tell "A" from "a", or two Unicode forms of a letter, apart.

    >>> short_name("test/night of 3.5.", "a1b2")
    'test-night-of-3.5-a99a069fc028c186'

    Args:
        text: such as a video's id; its end is readable in the name.
        more: what else tells it from others of the same text.

    Returns:
        At most 57 characters.
    """
    readable = re.sub(r"[^A-Za-z0-9._]+", "-", text)[-40:].strip("-._")
    whole = "\0".join((text, *more)).encode("utf-8", "surrogatepass")
    return f"{readable}-{hashlib.sha256(whole).hexdigest()[:16]}".lstrip("-")


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
