"""Lists of clips by name: who is in a split, one clip a line."""

import os
import pathlib
import re
from typing import NamedTuple

from vadjax.data.labels.frame_labels import MAX_TEXT, shortened
from vadjax.data.paths.files import VIDEOS, unreadable
from vadjax.errors import UserError

_SUFFIXES = (*VIDEOS, ".npy", ".mat", ".txt")


class Line(NamedTuple):
    """One line.

    Attributes:
      number: of the line, from 1.
      name: of the clip, without folders and without the suffix of a file.
      folder: the last folder before the name, "" where there is none.
      cells: what follows the name.
    """

    number: int
    name: str
    folder: str
    cells: tuple[str, ...]


def read_lines(path: str | os.PathLike, *, form: str) -> list[Line]:
    r"""Read lines that begin with the name or path of a clip.

    Paths may have / or \, cells may be separated by commas, tabs or spaces, lines may end in CRLF
    or in spaces, and the last may lack its end. Empty lines are passed over.

    Args:
      path: the file.
      form: what a line should look like, for the message.

    Returns:
      The lines in their order.

    Raises:
      UserError: the file is no text, is empty, or names a clip twice.
    """
    with open(path, "rb") as file:
        text = file.read(MAX_TEXT + 1).decode("utf-8-sig", errors="replace")
    lines, seen = [], dict[str, int]()
    for number, each in enumerate(text.splitlines(), 1):
        first, *cells = re.split(r"[,\t ]+", each.strip(", \t"))
        *folders, last = first.replace("\\", "/").rstrip("/").split("/")
        if not last:
            continue
        name = stem(last)
        if name in seen:
            raise UserError(
                f"{path} names {shortened(name)} in lines {seen[name]} and {number}; it should "
                "name each clip once. Restore it."
            )
        seen[name] = number
        lines.append(Line(number, name, folders[-1] if folders else "", tuple(cells)))
    if not lines or "\0" in text or len(text) > MAX_TEXT:
        raise unreadable(path, f"{path} holds no lines like '{form}'; restore it.")
    return lines


def stem(name: str) -> str:
    """Return a name without the suffix of a file; names of films have points of their own.

    >>> stem("Abuse001_x264.mp4"), stem("Bad.Boys.1995__#01-33-51")
    ('Abuse001_x264', 'Bad.Boys.1995__#01-33-51')
    """
    suffix = pathlib.PurePosixPath(name).suffix
    return name[: -len(suffix)] if suffix.lower() in _SUFFIXES else name
