"""A comparison as csv files, one for each table, with full precision."""

import csv
import os
import pathlib
from collections.abc import Iterable, Sequence

from vadjax.comparison.rows import group_rows
from vadjax.comparison.tables import Comparison, Table
from vadjax.storage.files import atomic_write


def write_csv(path: os.PathLike | str, comparison: Comparison) -> list[pathlib.Path]:
    """Write a row for each group.

    Args:
        path: of the file. Several tables have a file each, with the name of the table before the
            suffix, "results.ucsd_ped2-one_class-official.csv": a column never mixes protocols.
        comparison: what to write.

    Returns:
        The paths written.

    Raises:
        UserError: a file cannot be written.
    """
    path, written = pathlib.Path(path), []
    for table, slug in zip(comparison.tables, unique_slugs(comparison.tables), strict=True):
        several = len(comparison.tables) > 1
        file = path.with_name(f"{path.stem}.{slug}{path.suffix}") if several else path
        write_rows(file, group_rows(table))
        written.append(file)
    return written


def unique_slugs(tables: Sequence[Table]) -> list[str]:
    """Return the slug of each table, numbered where several have the same."""
    names = [table.slug for table in tables]
    return [
        f"{name}-{names[: n + 1].count(name)}" if names.count(name) > 1 else name
        for n, name in enumerate(names)
    ]


def write_rows(path: pathlib.Path, rows: Iterable[Sequence]) -> None:
    """Write plain values as csv.

    Args:
        path: of the file.
        rows: None is written as an empty cell.

    Raises:
        UserError: the file cannot be written.
    """
    with (
        atomic_write(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        csv.writer(file).writerows(["" if v is None else v for v in row] for row in rows)
