"""Names of files as text that every terminal, page and table can hold."""

import os
import unicodedata

_UNSEEN = ("Cc", "Cs", "Zl", "Zp")  # control characters, bytes that are no UTF-8, line separators


def printable(name: str | os.PathLike) -> str:
    r"""Return a name or path with what cannot be shown written out as an escape.

    >>> printable("caf\udce9\n.mp4")
    'caf\\xe9\\n.mp4'
    """
    text = os.fspath(name)
    if text.isprintable():
        return text
    return "".join(map(_escape, text))


def same_form(name: str) -> str:
    """Return a name in the Unicode form in which two spellings of one text are equal (NFC)."""
    return unicodedata.normalize("NFC", name)


def _escape(char: str) -> str:
    if unicodedata.category(char) not in _UNSEEN:
        return char
    if 0xDC80 <= ord(char) <= 0xDCFF:  # how Python holds a byte that it could not decode
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")
