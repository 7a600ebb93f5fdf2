"""Figures 2 to 6 of Elavarasi et al.: bars of precision, recall, F1, accuracy and PSNR, and files.

The article draws its method beside three others as pictures without numbers. Here every detector
of a comparison has a bar with its value, of the test set at its run's threshold.
"""

import pathlib

import matplotlib
from matplotlib.figure import Figure

from vadjax.comparison.article_tables import NUM_TABLES, article_tables, totals_of
from vadjax.comparison.csv_files import unique_slugs
from vadjax.comparison.groups import Group
from vadjax.comparison.markdown import article_lines
from vadjax.comparison.tables import Comparison, Table
from vadjax.report.figure_style import BAR, INK, METADATA, STYLE, sign
from vadjax.storage.csv_tables import write_csv
from vadjax.storage.files import atomic_write

MAX_GROUPS = 24  # more are not readable
FIGURES = {  # number in the article -> key, title
    2: ("precision", "Precision"),
    3: ("recall", "Recall (sensitivity)"),
    4: ("f1", "F1"),
    5: ("accuracy", "Accuracy"),
    6: ("psnr", "PSNR, dB"),
}


def write_article(folder: pathlib.Path, comparison: Comparison) -> list[pathlib.Path]:
    """Write tables.md, table_1.csv to table_4.csv and figure_2 to figure_6.

    Args:
        folder: several tables have a folder each in it for the figures, by their slugs.
        comparison: what to write.

    Returns:
        The paths written; a figure that no run has a value for is left out.

    Raises:
        UserError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = article_tables(comparison)
    written = [folder / "tables.md"]
    with atomic_write(written[0]) as beside:
        text = "\n".join(article_lines(tables)).rstrip() + "\n"
        beside.write_text(text, encoding="utf-8")
    for number, table in enumerate(tables):
        of = f"_of_{number // NUM_TABLES + 1}" if len(tables) > NUM_TABLES else ""
        name = f"table_{number % NUM_TABLES + 1}{of}"
        written.append(folder / f"{name}.csv")
        write_csv(written[-1], iter([table.heading, *table.rows]))
    for one, slug in zip(comparison.tables, unique_slugs(comparison.tables), strict=True):
        target = folder / slug if len(comparison.tables) > 1 else folder
        target.mkdir(parents=True, exist_ok=True)
        for number, (key, title) in FIGURES.items():
            figure = _bars(one, number, key, title)
            if figure is None:
                continue
            written.append(target / f"figure_{number}_{key}.png")
            with atomic_write(written[-1]) as beside, matplotlib.rc_context(STYLE):
                figure.savefig(beside, dpi=200, metadata=METADATA["png"], format="png")
    return written


def _bars(table: Table, number: int, key: str, title: str) -> Figure | None:
    """Return the bars of one figure over the detectors of a table; None where none has a value."""
    found = [(group, *_value(group, key)) for group in table.groups]
    groups = [(group, mean, sd) for group, mean, sd in found if mean is not None][:MAX_GROUPS]
    if not groups:
        return None
    with matplotlib.rc_context(STYLE):
        figure = Figure((4.6, 0.3 * len(groups) + 1.2), layout="constrained")
        axes = figure.subplots()
        largest = max(mean + (sd or 0) for _, mean, sd in groups)
        for y, (_, mean, sd) in enumerate(groups):
            axes.barh(y, mean, height=0.6, color=BAR, xerr=sd, ecolor=INK)
            text = f"{mean:.1f}" if key == "psnr" else f"{mean:.3f}"
            axes.text(0.02 * largest, y, text, va="center", fontsize=7)
        axes.set(title=f"Figure {number}. {title}")
        axes.set_xlim(0, largest * 1.05 if key == "psnr" else 1)
        axes.tick_params(axis="y", length=0)
        names = [f"{g.name}\n{g.backbone}" for g, _, _ in groups]
        axes.set_yticks(range(len(groups)), names, color=INK)
        axes.invert_yaxis()
        words = ["mean over seeds; line: ± sample standard deviation", table.title]
        sign(figure, "  ·  ".join([*words, table.leakage_warning, *table.warnings]).strip(" ·"))
    return figure


def _value(group: Group, key: str) -> tuple[float | None, float | None]:
    if key == "psnr":
        return totals_of(group, "test", key)
    stat = group.stat(key)
    return stat.mean, stat.sd
