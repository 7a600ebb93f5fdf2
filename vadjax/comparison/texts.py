"""A comparison for reading: in the terminal, as Markdown, as csv."""

import csv
import os
import pathlib
from collections.abc import Sequence

from rich import box
from rich.console import Group as Stacked
from rich.console import RenderableType
from rich.table import Table as Drawn
from rich.text import Text

from vadjax.comparison.published import MODELS, PROTOCOL, Figure
from vadjax.comparison.rows import group_rows
from vadjax.comparison.tables import BRIEF, NAMES, Comparison, Group, Stat, Table
from vadjax.report import wording
from vadjax.storage.files import atomic_write

HEADING = (
    *("model", "objective", "backbone", "seeds"),
    *("best without learning", "coverage", "leakage", "smoothing", "stamps"),
)
TERMINAL = {"AUC, micro", "95 %", "AP"}
MAX_SHOWN = 40  # rows of a table in the terminal
SD = "± is the sample standard deviation over seeds; 95 % is over test videos, lowest seed's run."
PUBLISHED_SD = "± is the population standard deviation over runs, as published."


def plus_minus(stat: Stat, of: int, digits: int = 3) -> str:
    """Format a statistic over `of` runs, saying where fewer have the figure.

    >>> plus_minus(Stat(0.8238, 0.0036, 3), 3), plus_minus(Stat(0.5, None, 1), 2)
    ('0.824 ± 0.004', '0.500 (1 of 2)')
    """
    if stat.mean is None:
        return "–"
    text = wording.number(stat.mean, digits)
    text += "" if stat.sd is None else f" ± {stat.sd:.{digits}f}"
    return text if stat.num == of else f"{text} ({stat.num} of {of})"


def heading(table: Table) -> list[str]:
    """Return the columns of `row`."""
    names = [NAMES[key] for key in table.known(BRIEF)]
    names[:1] = [*names[:1], "95 %"] if names else []
    return [*HEADING[:4], *names, *HEADING[4:]]


def row(group: Group, table: Table) -> list[str]:
    """Return a group as text; stamps are numbers of `table.stamps`."""
    first = group.runs[0]
    cells = [plus_minus(group.stat(key), len(group.runs)) for key in table.known(BRIEF)]
    low_high = group.interval
    interval = f"{low_high[0]:.3f} to {low_high[1]:.3f}" if low_high else "–"
    cells[:1] = [*cells[:1], interval] if cells else []
    best = first.best_baseline
    seeds = ", ".join(map(str, group.seeds[:5])) + (", …" if len(group.seeds) > 5 else "")
    return [
        *(group.column, group.objective, group.backbone, f"{len(group.runs)} ({seeds})"),
        *cells,
        f"{best[1]:.3f} {best[0]}" if best else "–",
        wording.coverage(first.metrics),
        "LEAKY" if group.leakage == "leaky" else group.leakage,
        first.smoothing,
        ", ".join(f"[{table.stamps.index(stamp) + 1}]" for stamp in group.stamps) or "–",
    ]


def printed(comparison: Comparison) -> RenderableType:
    """Return the comparison for a terminal of 80 columns, the best of every table first."""
    parts: list[RenderableType] = []
    for table in comparison.tables:
        parts.append(Text(table.title, "bold"))
        if table.warning:
            parts.append(Text(table.warning, "bold red"))
        parts.append(_drawn(table))
        if len(table.groups) > MAX_SHOWN:
            parts.append(Text(f"and {len(table.groups) - MAX_SHOWN} more; --out has them all"))
        parts += [Text(f"[{n}] TAKE CARE. {s}", "red") for n, s in enumerate(table.stamps, 1)]
    for name, figures in comparison.published_on().items():
        warning = f"{name} as published, LEAKY ({PROTOCOL}), AUC: in no column with the above"
        parts += [Text(warning, "red"), _published_auc(figures)]
    parts.append(Text(SD, "dim"))
    parts += [Text(f"paired test: {test.text}") for test in comparison.tests]
    parts += [Text(f"note: {note}") for note in comparison.notes]
    return Stacked(*parts)


def _drawn(table: Table) -> RenderableType:
    """A row a detector, under its name what has to be known of its figures."""
    drawn = Drawn(box=box.SIMPLE_HEAD, pad_edge=False)
    drawn.add_column("detector", overflow="fold", min_width=34)
    names = heading(table)
    keep = [n for n, name in enumerate(names) if name in TERMINAL]
    for n in keep:
        drawn.add_column(names[n], justify="right", no_wrap=True)
    for group in table.groups[:MAX_SHOWN]:
        cells = row(group, table)
        coverage, leakage, smoothing, stamps = cells[-4:]
        seeds = wording.plural(len(group.runs), "seed")
        words = [group.backbone, seeds, coverage]
        words += [f"leakage {leakage}", "raw" if smoothing == "none" else smoothing]
        words += [] if stamps == "–" else [stamps]
        name = Text(f"{group.column}, {group.objective}\n")
        drawn.add_row(name + Text(", ".join(words), "dim"), *(Text(cells[n]) for n in keep))
    best = [found for group in table.groups if (found := group.runs[0].best_baseline)]
    if best:
        baseline, value = max(best, key=lambda found: found[1])
        first = Text("best without learning: ", "yellow") + Text(baseline, "yellow")
        drawn.add_row(first, Text(f"{value:.3f}", "yellow"), *[Text("")] * (len(keep) - 1))
    return drawn


def _published_auc(figures: Sequence[Figure]) -> RenderableType:
    drawn = Drawn(box=box.SIMPLE_HEAD, pad_edge=False)
    drawn.add_column("backbone")
    for name in MODELS:
        drawn.add_column(name, justify="right", no_wrap=True)
    found = {
        (f.backbone, f.model): f"{f.mean:.4f}±{f.sd:.4f}" for f in figures if f.metric == "auc"
    }
    for backbone in dict.fromkeys(b for b, _ in found):
        drawn.add_row(backbone, *(found.get((backbone, m), "–") for m in MODELS), style="dim")
    return drawn


PUBLISHED_HEADING = ("model", "backbone", "runs", "AUC", "Accuracy", "Precision", "Recall", "F1")


def published_rows(figures: Sequence[Figure]) -> list[list[str]]:
    """Return a row a published model and backbone, as `PUBLISHED_HEADING` has it."""
    by_model: dict[tuple, dict[str, Figure]] = {}
    for figure in figures:
        by_model.setdefault((figure.model, figure.backbone), {})[figure.metric] = figure
    return [
        [
            *(model, backbone, str(found["auc"].runs)),
            *(
                f"{found[k].mean:.4f} ± {found[k].sd:.4f}"
                for k in ("auc", "accuracy", "precision", "recall", "f1")
            ),
        ]
        for (model, backbone), found in by_model.items()
    ]


def write_markdown(path: os.PathLike | str, comparison: Comparison) -> pathlib.Path:
    """Write one section a table, then tests and notes."""
    lines = ["# Runs compared", ""]
    for table in comparison.tables:
        lines += [f"## {_safe(table.title)}", ""]
        lines += [f"**{_safe(table.warning)}**", ""] if table.warning else []
        lines += _lines(heading(table), [row(group, table) for group in table.groups])
        lines += [f"[{n}] TAKE CARE. {_safe(s)}  " for n, s in enumerate(table.stamps, 1)] + [""]
    for name, figures in comparison.published_on().items():
        lines += [f"## {_safe(name)} as published", ""]
        lines += [f"**LEAKY (`{PROTOCOL}`): in no column with the above.** {PUBLISHED_SD}", ""]
        lines += _lines(PUBLISHED_HEADING, published_rows(figures))
    lines += [SD, ""]
    lines += [f"- paired test: {_safe(test.text)}" for test in comparison.tests]
    lines += ["- note: " + _safe(note).replace("\n  ", "\n  - ") for note in comparison.notes]
    lines += [f"- left out: {_safe(name)}: {_safe(why)}" for name, why in comparison.problems]
    lines += ["", f"    {comparison.command}"] if comparison.command else []
    path = pathlib.Path(path)
    with atomic_write(path) as beside:
        beside.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    return path


def _lines(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [heading, ["---"] * len(heading), *rows]
    return [f"| {' | '.join(_safe(cell) for cell in row)} |" for row in cells] + [""]


def _safe(text: str) -> str:
    """A name is neither a column nor a tag."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def write_csv(path: os.PathLike | str, comparison: Comparison) -> list[pathlib.Path]:
    """Write a row a group with full precision; one file a table.

    With several tables the name of each is added, "results.ucsd_ped2-one_class-official.csv", for
    one csv column must not hold figures of two protocols.

    Returns:
        The paths written.
    """
    path, written = pathlib.Path(path), []
    for table, slug in zip(comparison.tables, slugs(comparison.tables), strict=True):
        place = path
        if len(comparison.tables) > 1:
            place = path.with_name(f"{path.stem}.{slug}{path.suffix}")
        write_rows(place, group_rows(table))
        written.append(place)
    return written


def slugs(tables: Sequence[Table]) -> list[str]:
    """Return a name for each table that no other has."""
    names = [table.slug for table in tables]
    return [
        f"{name}-{names[: n + 1].count(name)}" if names.count(name) > 1 else name
        for n, name in enumerate(names)
    ]


def write_rows(path: pathlib.Path, rows) -> None:
    """Write plain values as csv; what is undefined is empty."""
    with atomic_write(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(["" if v is None else v for v in row] for row in rows)
