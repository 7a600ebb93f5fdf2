"""What `vadjax transfer` found: a table for the terminal, and a page."""

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from vadjax.report import wording
from vadjax.report.page import TEMPLATE
from vadjax.report.timelines import data_uri
from vadjax.storage.files import atomic_write

MAX_COPIES = 50  # of the page; transfer.json has all


def write(
    path: os.PathLike | str,
    result: Mapping[str, Any],
    *,
    pictures: Sequence[Mapping[str, Any]] = (),
) -> pathlib.Path:
    """Write the page; it is one file that loads nothing else, and runs no script.

    Args:
        path: of the file.
        result: what transfer.json holds.
        pictures: the first of its copies, with two `jpegs` each.

    Returns:
        The path.

    Raises:
        UserError: the file cannot be written.
    """
    path = pathlib.Path(path)
    jinja = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    for name in ("number", "percent", "plural", "duration"):
        jinja.filters[name] = getattr(wording, name)
    page = jinja.get_template("transfer.html").render(
        result=result,
        max_copies=MAX_COPIES,
        links=[_link(run, path.parent) for run in result["runs"]],
        pictures=[{**row, "uris": list(map(data_uri, row["jpegs"]))} for row in pictures],
        style=Markup((TEMPLATE / "style.css").read_text("utf-8")),
    )
    with atomic_write(path) as beside:
        beside.write_text(page, encoding="utf-8")
    return path


def _link(run: str, folder: pathlib.Path) -> str | None:
    """Return the address of a run's page from a folder; None where it is not there."""
    page = pathlib.Path(run) / "report.html"
    if not page.is_file():
        return None
    return quote(pathlib.Path(os.path.relpath(page, folder)).as_posix())


def table(result: Mapping[str, Any]) -> Any:
    """Return AUC and share of normal frames called as a table for the terminal.

    Args:
        result: what transfer.json holds.

    Returns:
        A table of rich.
    """
    from rich.table import Table

    shown = Table(title="AUC (normal frames called abnormal); rows: trained on, columns: tested on")
    shown.add_column("", no_wrap=True)
    for name in result["columns"]:
        shown.add_column(name, justify="right")
    for name, row in zip(result["names"], result["cells"], strict=True):
        shown.add_row(name, *map(_cell, row))
    return shown


def _cell(cell: Mapping[str, Any]) -> str:
    if cell["auc"] is None:
        return "–"
    called = cell["normal_called"]
    return f"{cell['auc']:.3f}" + ("" if called is None else f" ({100 * called:.1f} %)")
