"""Reads the cells of a workbook that somebody else has made, within a grid and a size.

openpyxl makes a row for each number up to that of the last cell, and believes what a zip archive
says of its size.
"""

import pathlib
import re
import zipfile

from vadjax.errors import UserError

MAX_ROWS, MAX_COLUMNS = 8192, 64
MAX_BYTES = 8 << 20  # of all parts, unpacked; a published workbook has 100 KB
# A cell with content: one of a format alone is an empty tag.
_CELL = re.compile(
    rb"<(?:\w{1,20}:)?c\s[^<>]{0,200}?\br=\"([A-Za-z]{1,9})([0-9]{1,9})\"[^<>]{0,200}(?<!/)>"
)


def read_rows(path: pathlib.Path) -> list[list]:
    """Return the values of the first sheet.

    Args:
        path: the .xlsx.

    Returns:
        `MAX_ROWS` rows of `MAX_COLUMNS` values; None where nothing is.

    Raises:
        UserError: it does not exist, is no workbook, is too large, or has a cell outside.
    """
    import openpyxl

    try:
        _check(path)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        cells = book.worksheets[0].iter_rows(
            max_row=MAX_ROWS, max_col=MAX_COLUMNS, values_only=True
        )
        rows = [list(row) for row in cells]
        book.close()
        return rows
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"published workbook {path} does not exist.") from None
    except Exception as error:  # a damaged zip or xml raises whatever its reader raises
        text = str(error)[:200] or type(error).__name__
        raise UserError(
            f"{path} cannot be read as a workbook ({text}). Save it as .xlsx again, or fetch it "
            "again."
        ) from error


def _check(path: pathlib.Path) -> None:
    """Compare sizes and the places of cells with what is read.

    Raises:
        UserError: it is larger than a published workbook, or has a cell far outside.
        Exception: whatever zipfile raises of a damaged archive.
    """
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        size = sum(part.file_size for part in parts)
        if size > MAX_BYTES:
            raise UserError(
                f"{path} unpacks to {size >> 20} MB; a published workbook has less than "
                f"{MAX_BYTES >> 20}. Give that one, without other sheets and pictures."
            )
        for part in parts:
            if not part.filename.endswith((".xml", ".rels")):
                continue
            with archive.open(part) as file:
                text = file.read(MAX_BYTES)
            if (
                b"<!DOCTYPE" in text
                or b"<!ENTITY" in text
                or text[:2] in (b"\xff\xfe", b"\xfe\xff")
            ):
                raise UserError(
                    f"{path} is no workbook that a spreadsheet program writes "
                    f"({part.filename} declares entities); save it as .xlsx again."
                )
            if not part.filename.startswith("xl/worksheets/"):
                continue
            for letters, digits in _CELL.findall(text):
                if int(digits) > MAX_ROWS or _column(letters) > MAX_COLUMNS:
                    raise UserError(
                        f"{path} has a value in cell {(letters + digits).decode()}, outside of the "
                        f"{MAX_ROWS} rows and {MAX_COLUMNS} columns that hold published values. "
                        "Delete it, or give another workbook."
                    )


def _column(letters: bytes) -> int:
    """Return the number of a column.

    >>> _column(b"A"), _column(b"XFD")
    (1, 16384)
    """
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number
