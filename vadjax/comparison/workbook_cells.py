"""Cells of a workbook: text stays text, numbers have formats."""

MEAN_FORMAT, SD_FORMAT = "0.0000", '"± "0.0000'
RED = "00B5380F"
GREY = "00635F59"
MAX_CHARACTERS = 32_000  # a cell holds 32,767


def make_cell(sheet, value, *, bold=False, number_format=None, soft=False):
    """Return a cell.

    Args:
        sheet: a write-only sheet.
        value: text, number or None; text that begins with "=" is not a formula.
        bold: in bold type.
        number_format: of a number.
        soft: in grey italics.

    Returns:
        A cell, or the plain value where it needs no format: these are written five times as fast.
    """
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    is_text = isinstance(value, str)
    value = clean_text(value) if is_text else value
    if not (bold or number_format or soft or (is_text and value[:1] == "=")):
        return value
    cell = WriteOnlyCell(sheet, value)
    if is_text:
        cell.data_type = "s"  # a video named "=1+1" is not a formula
    if bold or soft:
        cell.font = Font(bold=bold, italic=soft, color=GREY if soft else None)
    if number_format:
        cell.number_format = number_format
    return cell


def clean_text(text: str) -> str:
    """Replace characters that a cell cannot hold, and cut the text to a cell's length."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    return ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", text)[:MAX_CHARACTERS]


def plain_value(value):
    """Return booleans as yes or no and lists as text; numbers, text and None as they are."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if value is None or isinstance(value, (int, float, str)) else str(value)
