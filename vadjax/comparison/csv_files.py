"""A comparison as csv files, one for each table, with full precision."""

import os
import pathlib
from collections.abc import Sequence

from vadjax.comparison.rows import for_unit, group_rows
from vadjax.comparison.tables import Comparison, Table
from vadjax.storage import csv_tables


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
        csv_tables.write_csv(file, for_unit(table, group_rows(table)))
        written.append(file)
    return written


def unique_slugs(tables: Sequence[Table]) -> list[str]:
    """Return the slug of each table, numbered where several have the same."""
    names = [table.slug for table in tables]
    return [
        f"{name}-{names[: n + 1].count(name)}" if names.count(name) > 1 else name
        for n, name in enumerate(names)
    ]
