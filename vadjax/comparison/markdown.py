"""A comparison as a Markdown file."""

import os
import pathlib
from collections.abc import Sequence

from vadjax.comparison.article_tables import ArticleTable, article_tables
from vadjax.comparison.cells import (
    PUBLISHED_HEADING,
    PUBLISHED_SD,
    SD,
    group_cells,
    heading,
    published_cells,
)
from vadjax.comparison.published import PROTOCOL
from vadjax.comparison.tables import Comparison
from vadjax.storage.files import atomic_write


def write_markdown(path: os.PathLike | str, comparison: Comparison) -> pathlib.Path:
    """Write one section for each table, then tests and notes.

    Args:
        path: of the file.
        comparison: what to write.

    Returns:
        The path.

    Raises:
        UserError: the file cannot be written.
    """
    lines = ["# Runs compared", ""]
    for table in comparison.tables:
        lines += [f"## {_escape(table.title)}", ""]
        if table.leakage_warning:
            lines += [f"**{_escape(table.leakage_warning)}**", ""]
        lines += markdown_table(
            heading(table), [group_cells(group, table) for group in table.groups]
        )
        warnings = enumerate(table.warnings, 1)
        lines += [f"[{n}] Warning: {_escape(text)}  " for n, text in warnings] + [""]
    lines += article_lines(article_tables(comparison)) if comparison.article else []
    for name, values in comparison.published_by_dataset().items():
        lines += [f"## {_escape(name)} as published", ""]
        lines += [f"**LEAKY (`{PROTOCOL}`): not comparable with the above.** {PUBLISHED_SD}", ""]
        lines += markdown_table(PUBLISHED_HEADING, published_cells(values))
    lines += [comparison.in_unit(SD), ""]
    lines += [f"- paired test: {_escape(test.text)}" for test in comparison.tests]
    lines += ["- note: " + _escape(note).replace("\n  ", "\n  - ") for note in comparison.notes]
    lines += [f"- left out: {_escape(name)}: {_escape(why)}" for name, why in comparison.problems]
    lines += ["", f"    {comparison.command}"] if comparison.command else []
    path = pathlib.Path(path)
    with atomic_write(path) as temporary:
        temporary.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    return path


def article_lines(tables: Sequence[ArticleTable]) -> list[str]:
    """Return the lines of tables in the form of an article.

    Args:
        tables: see `article_tables`.

    Returns:
        The lines, the last one empty.
    """
    lines: list[str] = []
    for table in tables:
        lines += [f"## {_escape(table.title)}", ""]
        lines += markdown_table(table.heading, table.rows) if table.rows else []
        for note in table.notes:
            lines += [note, ""]
    return lines


def markdown_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table.

    Args:
        heading: of the columns.
        rows: texts.

    Returns:
        The lines, the last one empty.
    """
    cells = [heading, ["---"] * len(heading), *rows]
    return [f"| {' | '.join(_escape(cell) for cell in row)} |" for row in cells] + [""]


def _escape(text: str) -> str:
    """Escape what Markdown reads as a column or as html."""
    return text.replace("|", "\\|").replace("<", "&lt;")
