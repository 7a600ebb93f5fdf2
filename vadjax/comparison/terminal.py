"""A comparison in the terminal, 80 columns wide."""

from collections.abc import Sequence

from rich import box
from rich.console import Group as Stacked
from rich.console import RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from vadjax.comparison.article_tables import ArticleTable
from vadjax.comparison.cells import SD, group_cells, heading
from vadjax.comparison.published import MODELS, PROTOCOL, PublishedValue
from vadjax.comparison.tables import Comparison, Table
from vadjax.report import wording

COLUMNS = {"AUC, micro", "95 %", "AP", "Image AUROC", "Pixel AUROC", "AUPRO"}
MAX_ROWS = 40
ARTICLE_WIDE = {"frames", "abnormal", "flow explains", "PSNR, dB"}
ARTICLE_SHORT = {
    **{"frame difference rate": "differs", "optical flow": "flow", "detector": "by"},
    **{"learning rate": "rate", "sensitivity": "sens.", "specificity": "spec."},
}


def as_renderable(comparison: Comparison) -> RenderableType:
    """Return the comparison as Rich prints it, the best groups of every table first."""
    parts: list[RenderableType] = []
    for table in comparison.tables:
        parts.append(Text(table.title, "bold"))
        if table.leakage_warning:
            parts.append(Text(table.leakage_warning, "bold red"))
        parts.append(_table(table))
        if len(table.groups) > MAX_ROWS:
            parts.append(Text(f"and {len(table.groups) - MAX_ROWS} more; --out writes all"))
        parts += [Text(f"[{n}] Warning: {text}", "red") for n, text in enumerate(table.warnings, 1)]
    for name, values in comparison.published_by_dataset().items():
        warning = f"{name} as published, LEAKY ({PROTOCOL}), AUC: not comparable with the above"
        parts += [Text(warning, "red"), _published_auc(values)]
    parts.append(Text(comparison.in_unit(SD), "dim"))
    parts += [Text(f"paired test: {test.text}") for test in comparison.tests]
    parts += [Text(f"note: {note}") for note in comparison.notes]
    return Stacked(*parts)


def as_article(tables: Sequence[ArticleTable]) -> RenderableType:
    """Return tables in the form of an article as Rich prints them, with their notes.

    Detectors are numbered, and columns that 80 characters have no room for are left out.

    Args:
        tables: see `article_tables`.

    Returns:
        What Rich prints.
    """
    parts: list[RenderableType] = []
    for table in tables:
        parts.append(Text(table.title, "bold"))
        rows = [list(row) for row in table.rows]
        shown = [n for n, name in enumerate(table.heading) if name not in ARTICLE_WIDE]
        if "detector" in table.heading and rows:
            at = list(table.heading).index("detector")
            names = list(dict.fromkeys(row[at] for row in rows))
            for row in rows:
                row[at] = str(names.index(row[at]) + 1)
            parts.append(Text(", ".join(f"{n} = {name}" for n, name in enumerate(names, 1)), "dim"))
        if rows:
            rich = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
            for n in shown:
                rich.add_column(ARTICLE_SHORT.get(table.heading[n], table.heading[n]))
            for row in rows:
                rich.add_row(*(Text(row[n]) for n in shown))
            parts.append(rich)
        parts += [Text(note, "dim") for note in table.notes]
    return Stacked(*parts)


def _table(table: Table) -> RenderableType:
    """Return a row for each group, with the conditions of its results below its name."""
    rich = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    rich.add_column("detector", overflow="fold", min_width=34)
    names = heading(table)
    shown = [n for n, name in enumerate(names) if name in COLUMNS]
    for n in shown:
        rich.add_column(names[n], justify="right", no_wrap=True)
    for group in table.groups[:MAX_ROWS]:
        cells = group_cells(group, table)
        coverage, leakage, warnings = cells[-3:]
        seeds = wording.plural(len(group.runs), "seed")
        words = [group.backbone, seeds, coverage, f"leakage {leakage}"]
        words += [] if warnings == "–" else [warnings]
        name = Text(f"{group.name}, {group.objective}\n")
        rich.add_row(name + Text(", ".join(words), "dim"), *(Text(cells[n]) for n in shown))
    baselines = [best for group in table.groups if (best := group.runs[0].best_baseline)]
    if baselines:
        baseline, value = max(baselines, key=lambda best: best[1])
        first = Text("best without learning: ", "yellow") + Text(baseline, "yellow")
        rich.add_row(first, Text(f"{value:.3f}", "yellow"), *[Text("")] * (len(shown) - 1))
    return rich


def _published_auc(values: Sequence[PublishedValue]) -> RenderableType:
    rich = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    rich.add_column("backbone")
    for name in MODELS:
        rich.add_column(name, justify="right", no_wrap=True)
    auc = {(v.backbone, v.model): f"{v.mean:.4f}±{v.sd:.4f}" for v in values if v.metric == "auc"}
    for backbone in dict.fromkeys(b for b, _ in auc):
        rich.add_row(backbone, *(auc.get((backbone, m), "–") for m in MODELS), style="dim")
    return rich
