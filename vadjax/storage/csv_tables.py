"""The one writer of csv files: numbers as they are, text never as a formula."""

import numbers
import os
import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from vadjax.data.text.cell_text import guarded
from vadjax.storage.files import atomic_write

# A semicolon or tab separates cells in some countries' spreadsheets, so a name that holds one is
# quoted too: what follows it must not begin a cell.
_QUOTED = re.compile(r'[",;\t\r\n]|^\s|\s$')


def write_csv(
    path: os.PathLike | str,
    rows: Iterable[Sequence[object]],
    *,
    number: Callable[[object], str] = str,
) -> None:
    """Write a table, atomically.

    Args:
        path: an older file is replaced.
        rows: the heading first; None is an empty cell, text is guarded (`data.text.cell_text`).
        number: writes numbers.

    Raises:
        UserError: the file cannot be written.
    """
    with (
        atomic_write(path) as beside,
        beside.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
    ):
        for row in rows:
            file.write(",".join(_cell(value, number) for value in row) + "\r\n")


def _cell(value: object, number: Callable[[object], str]) -> str:
    if value is None:
        return ""
    is_number = isinstance(value, (numbers.Number, np.generic)) and not isinstance(value, str)
    text = number(value) if is_number else guarded(str(value))
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
