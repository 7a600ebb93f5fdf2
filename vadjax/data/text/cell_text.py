"""Text in a cell of a csv file that no spreadsheet takes for a formula.

A file may be called `=HYPERLINK(...).mp4`, and a spreadsheet runs what begins a cell so. As OWASP
advises ("CSV Injection"), an apostrophe goes before such text; a reader takes it away again. It
also goes behind what separates cells in some countries' spreadsheets.
"""

import re
import unicodedata

MARK = "'"
_FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"  # the last four as full-width letters
_BREAKS = ("\t", "\r", "\n")
_SEPARATOR = re.compile(r"([;\t\r\n])")
_UNSEEN = ("C", "Z")  # categories of control characters and of spaces


def guarded(text: str) -> str:
    """Return text with apostrophes where a spreadsheet could take it for a formula.

    >>> guarded("=1+1"), guarded("night"), guarded("-x"), guarded("a;@b")
    ("'=1+1", 'night', "'-x", "a;'@b")
    """
    parts = _SEPARATOR.split(text)
    parts[::2] = [MARK + part if _is_formula(part) else part for part in parts[::2]]
    whole = "".join(parts)
    return MARK + whole if _begins_with_break(whole) else whole


def unguarded(text: str) -> str:
    """Return the text that `guarded` was given.

    >>> unguarded(guarded("'=1")), unguarded("'tis")
    ("'=1", "'tis")
    """
    if _begins_with_break(text):
        text = text.removeprefix(MARK)
    parts = _SEPARATOR.split(text)
    parts[::2] = [part.removeprefix(MARK) if _is_formula(part) else part for part in parts[::2]]
    return "".join(parts)


def _begins_with_break(text: str) -> bool:
    return text.lstrip(MARK).startswith(_BREAKS)


def _is_formula(text: str) -> bool:
    """Return whether a spreadsheet could: spaces and what cannot be seen may stand before it."""
    for char in text.lstrip(MARK):
        if char in _FORMULA:
            return True
        if unicodedata.category(char)[0] not in _UNSEEN:
            return False
    return False
