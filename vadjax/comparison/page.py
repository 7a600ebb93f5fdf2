"""A comparison as one html file: sortable tables in the style of a run's report."""

import base64
import hashlib
import os
import pathlib
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from vadjax.comparison import cells
from vadjax.comparison.article_tables import article_tables
from vadjax.comparison.columns import NAMES
from vadjax.comparison.groups import Group
from vadjax.comparison.published import PROTOCOL
from vadjax.comparison.tables import Comparison, Table
from vadjax.report import wording
from vadjax.report.page import TEMPLATE
from vadjax.storage.files import atomic_write

TARGETS = ("report.html", "metrics.json")  # of a run: runs of a sweep have no page


def write_page(path: os.PathLike | str, comparison: Comparison) -> pathlib.Path:
    """Write the page; it is one file that loads nothing else.

    Args:
        path: of the file.
        comparison: what to write.

    Returns:
        The path.

    Raises:
        UserError: the file cannot be written.
    """
    path = pathlib.Path(path)
    page = render(comparison, folder=path.parent)
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def render(comparison: Comparison, *, folder: pathlib.Path) -> str:
    """Return the page's html.

    Args:
        comparison: what to write.
        folder: of the page; rows link to the runs from there.

    Returns:
        The text of the page.
    """
    jinja = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    for name in ("number", "plural"):
        jinja.filters[name] = getattr(wording, name)
    script = (TEMPLATE / "table.js").read_text("utf-8")
    script = f'"use strict";\n(() => {{\n{script}\n'
    script += 'document.querySelectorAll("table.sortable").forEach(sortable);\n})();\n'
    return jinja.get_template("compare.html").render(
        tables=[_view(table, folder) for table in comparison.tables],
        num_runs=sum(len(table.runs) for table in comparison.tables),
        tests=comparison.tests,
        notes=comparison.notes,
        problems=comparison.problems,
        command=comparison.command,
        article=article_tables(comparison) if comparison.article else [],
        published=[
            (name, cells.published_cells(values))
            for name, values in comparison.published_by_dataset().items()
        ],
        published_protocol=PROTOCOL,
        published_text=wording.PROTOCOLS[PROTOCOL].text,
        published_heading=cells.PUBLISHED_HEADING,
        published_sd=cells.PUBLISHED_SD,
        sd=comparison.in_unit(
            f"{cells.SD} Metrics are by frame; thresholds come from held-out clips."
        ),
        same=comparison.in_unit("bootstrap over the same videos"),
        style=Markup((TEMPLATE / "style.css").read_text("utf-8")),
        script=Markup(script),
        sealed=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _view(table: Table, folder: pathlib.Path) -> dict:
    """Return the template's data of a table."""
    keys = table.shown
    shown = [group.interval[0] for group in table.groups if group.interval]
    shown += [mean for group in table.groups if (mean := group.stat(table.columns[0]).mean)]
    low = min([0.5, *(int(10 * value) / 10 for value in shown)])
    return {
        "table": table,
        "names": [NAMES[key] for key in keys],
        "low": float(low),
        "rows": [
            _row(group, table, keys, low) | {"links": _links(group, folder)}
            for group in table.groups
        ],
    }


def _row(group: Group, table: Table, keys: list[str], low: float) -> dict:
    stats = [group.stat(key) for key in keys]
    mean, best = group.stat(table.columns[0]).mean, group.runs[0].best_baseline
    texts = cells.group_cells(group, table)
    leakage, warnings = texts[-2:]
    return {
        "model": group.model,
        "variant": group.variant,
        "objective": group.objective,
        "backbone": group.backbone,
        "seeds": group.seeds,
        "cells": [(stat.mean, cells.plus_minus(stat, len(group.runs))) for stat in stats],
        "interval": cells.interval(group) if keys else "–",
        "track": _track(mean, group.interval, best, low) if mean is not None else None,
        "best": best,
        "leakage": leakage,
        "warnings": warnings,
    }


def _links(group: Group, folder: pathlib.Path) -> list[tuple[int, str, str]]:
    """Return (seed, address relative to `folder`, folder of the run) of each run that is there."""
    links = []
    for run in group.runs:
        there = [pathlib.Path(run.workdir) / name for name in TARGETS]
        found = next((path for path in there if path.is_file()), None)
        if found is not None:
            address = pathlib.Path(os.path.relpath(found, folder)).as_posix()
            links.append((run.seed, quote(address), run.workdir))
    return links


def _track(mean: float, interval, best, low: float) -> dict:
    """Return positions on the scale from `low` to 1, in percent."""

    def at(value: float) -> float:
        return round(100 * min(max((value - low) / (1 - low), 0), 1), 2)

    return {
        "dot": at(mean),
        "left": at(interval[0]) if interval else None,
        "width": at(interval[1]) - at(interval[0]) if interval else None,
        "mark": at(best[1]) if best else None,
    }
