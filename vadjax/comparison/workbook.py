"""results.xlsx: numbers that can be computed with, each beside what it means.

Sheets, of each table of runs that may stand in one column (their names begin with the table's
number where there are several):

- `grid`: the form of the published workbooks. Blocks of eight rows at rows 1, 9, 17, ...: the
  backbone; model and number of seeds; accuracy, precision, recall, F1, AUC; empty. A model takes
  two columns, the mean and, formatted as "± 0.0003", the sample standard deviation: both are
  numbers, so AVERAGE works on a row, and two neighbouring cells paste as "0.9989 ± 0.0003".
  Published figures of the same data set stand to the right, in columns of their own.
- `groups`: a row a detector, mean and deviation over seeds of every metric.
- `runs`: a row a run, every figure a number, nothing merged: for pivot tables and pandas.
- `confusion`, `per class`, `thresholds`, `per video`: the same for the parts of metrics.json.

What is undefined is an empty cell, never 0. A first sheet says what all this is.
"""

import os
import pathlib
from collections.abc import Iterable, Iterator, Sequence

from vadjax.comparison import rows as rows_of
from vadjax.comparison.published import BLOCK, PROTOCOL, Figure
from vadjax.comparison.published import METRICS as PUBLISHED_METRICS
from vadjax.comparison.published import MODELS as PUBLISHED_MODELS
from vadjax.comparison.tables import Comparison, Group, Table
from vadjax.report import wording
from vadjax.storage.files import atomic_write

GRID = ("accuracy", "precision", "recall", "f1", "auc_micro")
GRID_NAMES = ("Accuracy", "Precision", "Recall", "F1", "Auc")
PUBLISHED_NOTES = ("published, LEAKY:", PROTOCOL, "± population sd over runs", *(None,) * 5)
MEAN, DEVIATION = "0.0000", '"± "0.0000'
RED = "00B5380F"
MAX_COLUMNS = 200  # of variants in the grid
MAX_ROWS = 1_000_000  # a sheet ends at 1,048,576
SHEETS = ("grid", "groups", "runs", "confusion", "per class", "thresholds", "per video")
ABOUT = {
    "mean ± sd": "sd is the sample standard deviation over seeds (n - 1); empty for one seed. "
    "Published figures have the population deviation (n), smaller by a tenth at five runs.",
    "interval": "95 % percentile interval by bootstrap over test videos, of the lowest seed's run; "
    "it holds the choice of videos, not the training.",
    "figures": "by frame, raw scores unless the column smoothing says otherwise; threshold from "
    "held-out clips. Definitions: docs/protocols.md of vadjax.",
    "empty cell": "undefined or not computed; metrics.json of the run has the reason.",
}


def write_workbook(path: os.PathLike | str, comparison: Comparison) -> pathlib.Path:
    """Write the workbook of a comparison, or of one run.

    Raises:
        UserError: it cannot be written there.
    """
    import openpyxl

    path = pathlib.Path(path)
    book = openpyxl.Workbook(write_only=True)
    several = len(comparison.tables) > 1
    prefixes = [f"{n} " if several else "" for n in range(1, len(comparison.tables) + 1)]
    _about(book, comparison, prefixes)
    for prefix, table in zip(prefixes, comparison.tables, strict=True):
        _grid(book, f"{prefix}grid", table, comparison.published_of(table))
        for name, rows in _sheets(table):
            _list(book, prefix + name, table, rows)
    if comparison.published:
        _published(book, comparison.published)
    with atomic_write(path) as beside:
        book.save(beside)
    return path


def _cell(sheet, value, *, bold=False, form=None, soft=False):
    """Return a cell; text stays text, whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    text = isinstance(value, str)
    value = _clean(value) if text else value
    if not (bold or form or soft or (text and value[:1] == "=")):
        return value  # plain values are written five times as fast
    cell = WriteOnlyCell(sheet, value)
    if text:
        cell.data_type = "s"  # a video called "=1+1" is no formula
    if bold or soft:
        cell.font = Font(bold=bold, italic=soft, color="00635F59" if soft else None)
    if form:
        cell.number_format = form
    return cell


def _clean(text: str) -> str:
    """Drop what a cell cannot hold."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    return ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", text)[:32_000]


def _about(book, comparison: Comparison, prefixes: Sequence[str]) -> None:
    """The first sheet: what this is, what it must not be taken for."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font

    sheet = book.create_sheet("read me")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 22, 110

    def line(name="", text="", **look):
        words = WriteOnlyCell(sheet, _clean(str(text)))
        words.data_type, words.alignment = "s", Alignment(wrap_text=True, vertical="top")
        words.font = Font(**look)
        sheet.append([_cell(sheet, name, bold=True), words])

    line("results of vadjax", "python -m vadjax.compare puts any number of runs together")
    if comparison.command:
        line("command", comparison.command)
    for prefix, table in zip(prefixes, comparison.tables, strict=True):
        m = table.metrics
        line()
        line(f"table {prefix}".strip(), table.title, bold=True)
        if table.warning:
            line("", table.warning, bold=True, color=RED)
        line("protocol", f"{m.get('protocol')}: {getattr(wording.protocol(m), 'text', '')}")
        line("label version", m.get("label_version") or "none")
        line("coverage", wording.coverage(m))
        line("leakage audit", ", ".join(dict.fromkeys(g.leakage for g in table.groups)))
        line("detectors, runs", f"{len(table.groups)}, {len(table.runs)}")
        for stamp in table.stamps:
            line("TAKE CARE", stamp, color=RED)
        line("sheets", ", ".join(prefix + name for name in SHEETS))
    line()
    for name, text in ABOUT.items():
        line(name, text)
    for test in comparison.tests:
        line("paired test", test.text)
    for note in comparison.notes:
        line("note", note)
    for name, why in comparison.problems:
        line("left out", f"{name}: {why}", color=RED)


def _grid(book, name: str, table: Table, published: Sequence[Figure]) -> None:
    """Blocks of eight rows as published; ours left, the published right."""
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(name)
    ours = {(g.backbone, g.column): g for g in table.groups}
    others = sorted({column for _, column in ours} - {*PUBLISHED_MODELS})
    models = [*PUBLISHED_MODELS, *others[:MAX_COLUMNS]]
    cut = f"; {len(others) - MAX_COLUMNS} more in sheet groups" if others[MAX_COLUMNS:] else ""
    theirs = {(f.backbone, f.model, f.metric): f for f in published}
    backbones = [*dict.fromkeys([g.backbone for g in table.groups] + [b for b, _, _ in theirs])]
    sheet.freeze_panes = "B1"
    for index in range(2, 3 + 2 * (len(models) + len(PUBLISHED_MODELS))):
        sheet.column_dimensions[get_column_letter(index)].width = 11
    sheet.column_dimensions["A"].width = 58
    sheet.column_dimensions[get_column_letter(2 + 2 * len(models))].width = 34
    for backbone in backbones:
        here = any(group.backbone == backbone for group in table.groups)
        notes = (table.title, _note(table) + cut if here else "no run here", *GRID_NAMES, None)
        left = [_ours(ours.get((backbone, model)), model) for model in models]
        right = [_theirs(theirs, backbone, model) for model in PUBLISHED_MODELS]
        between = PUBLISHED_NOTES if any(top[0][0] for top in right) else (None,) * BLOCK
        for row in range(BLOCK):
            cells = [_cell(sheet, notes[row], bold=row == 0, soft=row == 1)]
            for column in left:
                cells += _pair(sheet, row, *column[row])
            cells.append(_cell(sheet, between[row], soft=True))
            for column in right:
                cells += _pair(sheet, row, *column[row], soft=True)
            sheet.append(cells)


def _pair(sheet, row: int, mean, sd, *, soft=False) -> tuple:
    """Return the two cells of a model in a row of a block."""
    if row < 2:
        return _cell(sheet, mean, bold=row == 0, soft=soft), _cell(sheet, sd)
    return _cell(sheet, mean, form=MEAN, soft=soft), _cell(sheet, sd, form=DEVIATION, soft=soft)


def _note(table: Table) -> str:
    """Say what the block's figures are and whether they may be trusted."""
    verdict = ", ".join(dict.fromkeys(group.leakage for group in table.groups))
    stamped = any(group.stamps for group in table.groups)
    words = ("LEAKY" if table.warning else f"leakage {verdict}", "mean ± sample sd over seeds")
    return "; ".join((*words, "stamped, see the first sheet") if stamped else words)


def _ours(group: Group | None, model: str) -> list[tuple]:
    """Return (mean, deviation) of the eight rows; names in the first two."""
    if group is None:
        return [(None, None)] * BLOCK
    heading = f"{model} ({wording.plural(len(group.runs), 'seed')})"
    stats = [group.stat(key) for key in GRID]
    values = [(stat.mean, stat.sd) for stat in stats]
    return [(group.backbone, None), (heading, None), *values, (None, None)]


def _theirs(figures: dict, backbone: str, model: str) -> list[tuple]:
    """The same of published figures."""
    found = [figures.get((backbone, model, metric)) for metric in PUBLISHED_METRICS]
    if not any(found):
        return [(None, None)] * BLOCK
    heading = f"{model} ({next(f.runs for f in found if f)} runs)"
    values = [(f.mean, f.sd) if f else (None, None) for f in found]
    return [(backbone, None), (heading, None), *values, (None, None)]


def _published(book, figures: Sequence[Figure]) -> None:
    heading = "dataset backbone model metric mean population_sd runs source protocol leakage"
    rows = [tuple(heading.split()), *((*figure, PROTOCOL, "LEAKY") for figure in figures)]
    _rows(book, "published (leaky)", rows)


def _sheets(table: Table) -> Iterator[tuple[str, Iterable[Sequence]]]:
    yield "groups", rows_of.group_rows(table)
    yield "runs", rows_of.run_rows(table)
    yield "confusion", rows_of.confusion_rows(table)
    yield "per class", rows_of.class_rows(table)
    yield "thresholds", rows_of.threshold_rows(table)
    yield "per video", rows_of.video_rows(table)


def _list(book, name: str, table: Table, rows: Iterable[Sequence]) -> None:
    _rows(book, name, rows, colour=RED if table.warning else None)


def _rows(book, name: str, rows: Iterable[Sequence], colour=None) -> None:
    """A sheet with one heading row, frozen and with filters, and rows of plain values."""
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
    sheet.append([_cell(sheet, title, bold=True) for title in heading])
    count = 1
    for row in rows:
        if count >= MAX_ROWS:
            sheet.append([f"cut here: a sheet holds {MAX_ROWS:,} rows"])
            break
        sheet.append([_cell(sheet, _plain(value)) for value in row])
        count += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(heading))}{count}"


def _plain(value):
    """Lists and truths as text; numbers, text and nothing as they are."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if value is None or isinstance(value, (int, float, str)) else str(value)
