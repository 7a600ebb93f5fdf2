"""Workbooks in the form of the published ones, a file for each data set: all values are text.

`comparison.published` reads what is written here, and has the form. Deviations are population
deviations over seeds, as published. The heading of a column names the protocol, which the published
ones do not, and a file of any other protocol than the published one is named by it.
"""

import os
import pathlib
from collections.abc import Iterator, Sequence

from vadjax import data
from vadjax.comparison.groups import Group, Stat
from vadjax.comparison.published import BLOCK, MODELS, PROTOCOL
from vadjax.comparison.tables import Comparison, Table
from vadjax.comparison.workbook_cells import clean_text
from vadjax.comparison.workbook_grid import KEYS, NAMES
from vadjax.report import wording
from vadjax.storage.files import atomic_write

TITLE = "Results of Sequential Neural Networks"
_UNSAFE = '/\\:*?"<>|'


def write_published_form(
    folder: os.PathLike | str, comparison: Comparison
) -> tuple[list[pathlib.Path], list[str]]:
    """Write a workbook for each table.

    Args:
        folder: where; the published repository has results/Sequential_Model_Results_XLSX/.
        comparison: what to write.

    Returns:
        The paths, and what is in none of them: detectors without one of the five figures.

    Raises:
        UserError: a file cannot be written.
    """
    import openpyxl

    paths: list[pathlib.Path] = []
    left_out: list[str] = []
    for table in comparison.tables:
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = "Sheet1"
        for group, row, column in _placed(table, left_out):
            for number, text in enumerate(_column(table, group)):
                cell = sheet.cell(row + number, column, clean_text(text))
                cell.data_type = "s"  # never a formula
        path = _free(pathlib.Path(folder), _name(table), paths)
        with atomic_write(path) as temporary:
            book.save(temporary)
        paths.append(path)
    return paths, left_out


def _placed(table: Table, left_out: list[str]) -> Iterator[tuple[Group, int, int]]:
    """Yield each group with the row and the column of its first cell, from 1."""
    whole = [group for group in table.groups if all(group.stat(key).num for key in KEYS)]
    left_out += [
        f"{group.name}, {group.backbone}: not all of {', '.join(NAMES)} are defined"
        for group in table.groups
        if group not in whole
    ]
    more = sorted({group.name for group in whole} - {*MODELS})
    columns = {name: n for n, name in enumerate([*MODELS, *more], 1)}
    rows = {b: n * BLOCK + 1 for n, b in enumerate(sorted({g.backbone for g in whole}))}
    for group in whole:
        yield group, rows[group.backbone], columns[group.name]


def _column(table: Table, group: Group) -> list[str]:
    """Return the cells of one model below one another: backbone, heading, five values."""
    # A word, which is what the heading of a published column has.
    name = "".join(c if c.isalnum() or c == "_" else "_" for c in group.name)
    how = str(table.metrics.get("protocol") or "no protocol")
    leaky = ", LEAKY" if table.leakage_warning else ""
    runs = wording.plural(len(group.runs), "run")
    heading = f"==== Summary for {name} (over {runs}, {how}{leaky}) ===="
    values = [
        f"{title}: {stat.mean:.4f} ± {_population(stat):.4f}"
        for title, stat in zip(NAMES, map(group.stat, KEYS), strict=True)
    ]
    return [group.backbone, heading, *values]


def _population(stat: Stat) -> float:
    """Return the population deviation, 0 of a single value."""
    return 0.0 if stat.sd is None else stat.sd * ((stat.num - 1) / stat.num) ** 0.5


def _name(table: Table) -> str:
    """Return the name of a table's file, without its ending."""
    protocol = str(table.metrics.get("protocol") or "")
    how = "" if protocol == PROTOCOL else f", {protocol or 'no protocol'},"
    title = _data(table)
    return "".join("_" if c in _UNSAFE else c for c in f"{TITLE}{how} for {title}")


def _data(table: Table) -> str:
    """Return the name of a table's data; of feature files that of their folder, as "UCSD Ped2"."""
    settings = table.groups[0].runs[0].settings
    if table.metrics.get("dataset") != "features":
        return wording.dataset(table.metrics) or "unnamed data"
    named = str(settings.get("dataset.feature_name") or "").rpartition("/")[0]
    folder = named or pathlib.PurePath(str(settings.get("dataset.data_dir") or "")).name
    return data.title(folder) if folder in data.DATASETS else folder or "feature files"


def _free(folder: pathlib.Path, name: str, taken: Sequence[pathlib.Path]) -> pathlib.Path:
    """Return a path that this comparison has not written yet."""
    path, number = folder / f"{name}.xlsx", 1
    while path in taken:
        number += 1
        path = folder / f"{number} {name}.xlsx"
    return path
