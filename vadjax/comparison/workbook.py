"""The workbook of a comparison, results.xlsx: numbers to compute with, beside their conditions.

Sheets of each table (their names begin with the table's number where there are several):

- `grid`: the form of the published workbooks, see `workbook_grid`.
- `groups`: a row for each detector, mean and deviation over seeds of every metric.
- `runs`: a row for each run, all values numbers, no cell merged: for pivot tables and pandas.
- `s4 table 1` to `s4 table 4`: tables in the form of an article, where they are asked for.
- `confusion`, `per class`, `thresholds`, `per video` (of images `per image`): the same for the
  parts of metrics.json; `recognition` where a run tells classes apart.

An undefined value is an empty cell, never 0. The first sheet explains the workbook.
"""

import os
import pathlib
from collections.abc import Iterable, Iterator, Sequence

from vadjax.comparison import rows as sheet_rows
from vadjax.comparison.article_tables import NUM_TABLES, article_rows, article_tables
from vadjax.comparison.published import PROTOCOL, PublishedValue
from vadjax.comparison.tables import Comparison, Table
from vadjax.comparison.workbook_cells import RED, clean_text, make_cell, plain_value
from vadjax.comparison.workbook_grid import add_grid
from vadjax.report import wording
from vadjax.storage.files import atomic_write

MAX_ROWS = 1_000_000  # a sheet ends at 1,048,576
ABOUT = {
    "mean ± sd": "sd is the sample standard deviation over seeds (n - 1); empty for one seed. "
    "Published values have the population deviation (n), smaller by a tenth at five runs.",
    "interval": "95 % percentile interval by bootstrap over test videos, of the lowest seed's run; "
    "it covers the choice of videos, not the training.",
    "metrics": "by frame, of raw scores; thresholds come from held-out clips. Definitions: "
    "docs/protocols.md of vadjax.",
    "empty cell": "undefined or not computed; metrics.json of the run has the reason.",
}


def write_workbook(path: os.PathLike | str, comparison: Comparison) -> pathlib.Path:
    """Write the workbook of a comparison, or of one run.

    Args:
        path: of the file.
        comparison: what to write.

    Returns:
        The path.

    Raises:
        UserError: the file cannot be written.
    """
    import openpyxl

    path = pathlib.Path(path)
    book = openpyxl.Workbook(write_only=True)
    several = len(comparison.tables) > 1
    prefixes = [f"{n} " if several else "" for n in range(1, len(comparison.tables) + 1)]
    _add_about(book, comparison, prefixes)
    for prefix, table in zip(prefixes, comparison.tables, strict=True):
        add_grid(book, f"{prefix}grid", table, comparison.published_of(table))
        for name, rows in _lists(table):
            _add_list(book, prefix + name, rows, colour=RED if table.leakage_warning else None)
    if comparison.article:
        for number, one in enumerate(article_tables(comparison)):
            prefix = f"{number // NUM_TABLES + 1} " if several else ""
            name = f"{prefix}s4 table {number % NUM_TABLES + 1}"
            _add_list(book, name, article_rows(one))
    if comparison.published:
        _add_list(book, "published (leaky)", _published_rows(comparison.published))
    with atomic_write(path) as temporary:
        book.save(temporary)
    return path


def _add_about(book, comparison: Comparison, prefixes: Sequence[str]) -> None:
    """Add the first sheet, which explains the others and has all warnings."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font

    sheet = book.create_sheet("read me")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 22, 110

    def line(name="", text="", **font):
        cell = WriteOnlyCell(sheet, clean_text(str(text)))
        cell.data_type, cell.alignment = "s", Alignment(wrap_text=True, vertical="top")
        cell.font = Font(**font)
        sheet.append([make_cell(sheet, name, bold=True), cell])

    line("results of vadjax", "python -m vadjax.compare puts any number of runs into one workbook")
    if comparison.command:
        line("command", comparison.command)
    for prefix, table in zip(prefixes, comparison.tables, strict=True):
        m = table.metrics
        line()
        line(f"table {prefix}".strip(), table.title, bold=True)
        if table.leakage_warning:
            line("", table.leakage_warning, bold=True, color=RED)
        text = wording.in_unit(getattr(wording.protocol(m), "text", ""), m)
        line("protocol", f"{m.get('protocol')}: {text}")
        line("label version", m.get("label_version") or "none")
        line("coverage", wording.coverage(m))
        line("leakage audit", ", ".join(dict.fromkeys(g.leakage for g in table.groups)))
        line("detectors, runs", f"{len(table.groups)}, {len(table.runs)}")
        for text in table.warnings:
            line("WARNING", text, color=RED)
        names = ("grid", *(name for name, _ in _lists(table)))
        line("sheets", ", ".join(prefix + name for name in names))
    line()
    for name, text in ABOUT.items():
        line(name, comparison.in_unit(text))
    for test in comparison.tests:
        line("paired test", test.text)
    for note in comparison.notes:
        line("note", note)
    for name, why in comparison.problems:
        line("left out", f"{name}: {why}", color=RED)


def _lists(table: Table) -> Iterator[tuple[str, Iterable[Sequence]]]:
    yield "groups", sheet_rows.for_unit(table, sheet_rows.group_rows(table))
    yield "runs", sheet_rows.for_unit(table, sheet_rows.run_rows(table))
    yield "confusion", sheet_rows.confusion_rows(table)
    yield "per class", sheet_rows.class_rows(table)
    if any(run.at("recognition.levels") for run in table.runs):
        yield "recognition", sheet_rows.recognition_rows(table)
    yield "thresholds", sheet_rows.for_unit(table, sheet_rows.threshold_rows(table))
    yield "per image" if table.images else "per video", sheet_rows.video_rows(table)


def _published_rows(values: Sequence[PublishedValue]) -> Iterator[Sequence]:
    heading = "dataset backbone model metric mean population_sd runs source protocol leakage"
    yield tuple(heading.split())
    for value in values:
        yield (*value, PROTOCOL, "LEAKY")


def _add_list(book, name: str, rows: Iterable[Sequence], colour=None) -> None:
    """Add a sheet of plain values under one heading row, which is frozen and has filters."""
    from openpyxl.utils import get_column_letter

    rows = iter(rows)
    heading = list(next(rows))
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    for index, title in enumerate(heading, 1):
        width = min(max(len(str(title)) + 3, 10), 28)
        sheet.column_dimensions[get_column_letter(index)].width = width
    if colour:
        sheet.sheet_properties.tabColor = colour
    sheet.append([make_cell(sheet, title, bold=True) for title in heading])
    count = 1
    for row in rows:
        if count >= MAX_ROWS:
            sheet.append([f"cut here: this workbook has at most {MAX_ROWS:,} rows per sheet"])
            break
        sheet.append([make_cell(sheet, plain_value(value)) for value in row])
        count += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(heading))}{count}"
