"""Plots and csv files in the form of the published systems: box plots, bars, a csv per backbone."""

import pathlib
from collections.abc import Iterator, Sequence

import matplotlib
from matplotlib.figure import Figure

from vadjax.comparison.columns import NAMES, PATHS
from vadjax.comparison.csv_files import unique_slugs
from vadjax.comparison.groups import Group
from vadjax.comparison.rows import class_rows
from vadjax.comparison.tables import Comparison, Table
from vadjax.report.figure_style import ACCENT, BAR, INK, METADATA, SOFT, STYLE, sign
from vadjax.storage.csv_tables import write_csv
from vadjax.storage.files import atomic_write

BOXES = ("accuracy", "f1", "auc_micro")  # of the published box plots
BARS = ("accuracy", "precision", "recall", "f1", "auc_micro")
CSV_COLUMNS = ("Model", "Run", "Accuracy", "Precision", "Recall", "F1", "AUC")
MAX_GROUPS = 24  # more are not readable


def write_figures(folder: pathlib.Path, comparison: Comparison) -> list[pathlib.Path]:
    """Write box plots over runs, bars and csv files of each table.

    Args:
        folder: several tables have a folder each in it, by their slugs.
        comparison: what to write; the csv's `Run` is the seed.

    Returns:
        The paths written.

    Raises:
        UserError: a file cannot be written.
    """
    written = []
    for table, slug in zip(comparison.tables, unique_slugs(comparison.tables), strict=True):
        target = folder / slug if len(comparison.tables) > 1 else folder
        target.mkdir(parents=True, exist_ok=True)
        for name, figure in (("boxes", _boxes(table)), ("bars", _bars(table))):
            if figure is None:
                continue
            path = target / f"{name}.png"
            with atomic_write(path) as temporary, matplotlib.rc_context(STYLE):
                figure.savefig(temporary, dpi=200, metadata=METADATA["png"])
            written.append(path)
        for backbone in dict.fromkeys(group.backbone for group in table.groups):
            safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in backbone)
            path = target / f"results_all_models_{safe}.csv"
            write_csv(path, published_form(table, backbone))
            written.append(path)
        path = target / "classification_report.csv"
        write_csv(path, class_rows(table))
        written.append(path)
    return written


def published_form(table: Table, backbone: str) -> Iterator[Sequence]:
    """Yield the rows of results_all_models_<backbone>.csv.

    Args:
        table: the table.
        backbone: its name, as `Group.backbone`.

    Yields:
        A heading, then a row for each model and run.
    """
    yield CSV_COLUMNS
    for group in table.groups:
        if group.backbone != backbone:
            continue
        for run in group.runs:
            yield group.name, run.seed, *(run.at(PATHS[key]) for key in BARS)


def _shown(table: Table, keys: Sequence[str]) -> tuple[list[Group], list[str], str]:
    """Return the groups and metrics to draw, and the caption."""
    groups, keys = list(table.groups[:MAX_GROUPS]), table.known(keys)
    words = [table.title, table.leakage_warning]
    if len(table.groups) > len(groups):
        words.append(f"the best {len(groups)} of {len(table.groups)} by micro AUC")
    words += table.warnings
    return groups, keys, "  ·  ".join(word for word in words if word)


def _names(groups: Sequence[Group]) -> list[str]:
    several = len({group.backbone for group in groups}) > 1
    return [f"{g.name}\n{g.backbone}" if several else g.name for g in groups]


def _boxes(table: Table) -> Figure | None:
    """Return box plots over the seeds with a dot for each run."""
    groups, keys, caption = _shown(table, BOXES)
    if not keys:
        return None
    with matplotlib.rc_context(STYLE):
        height = 0.34 * len(groups) + 1.0
        figure = Figure((2.4 * len(keys) + 1.2, height), layout="constrained")
        all_axes = figure.subplots(1, len(keys), sharey=True, squeeze=False)[0]
        for axes, key in zip(all_axes, keys, strict=True):
            values = [[v for r in g.runs if (v := r.at(PATHS[key])) is not None] for g in groups]
            axes.boxplot(
                values,
                orientation="horizontal",
                widths=0.5,
                showfliers=False,
                medianprops={"color": ACCENT, "linewidth": 1.4},
                boxprops={"color": SOFT, "linewidth": 0.8},
                whiskerprops={"color": SOFT, "linewidth": 0.8},
                capprops={"color": SOFT, "linewidth": 0.8},
            )
            for y, own in enumerate(values, 1):
                axes.plot(own, [y] * len(own), ".", color=INK, markersize=3, zorder=3)
            axes.set(title=NAMES[key])
            axes.tick_params(axis="y", length=0)
        all_axes[0].set_yticks(range(1, len(groups) + 1), _names(groups), color=INK)
        all_axes[0].invert_yaxis()
        sign(figure, f"box: quartiles over seeds; dot: a run  ·  {caption}")
    return figure


def _bars(table: Table) -> Figure | None:
    """Return bars of the mean of each metric with the sample deviation over seeds."""
    groups, keys, caption = _shown(table, BARS)
    if not keys:
        return None
    with matplotlib.rc_context(STYLE):
        figure = Figure((1.7 * len(keys) + 1.2, 0.26 * len(groups) + 1.0), layout="constrained")
        all_axes = figure.subplots(1, len(keys), sharey=True, squeeze=False)[0]
        for axes, key in zip(all_axes, keys, strict=True):
            for y, stat in enumerate(group.stat(key) for group in groups):
                if stat.mean is None:
                    continue
                axes.barh(y, stat.mean, height=0.6, color=BAR, xerr=stat.sd, ecolor=INK)
                axes.text(0.02, y, f"{stat.mean:.3f}", va="center", fontsize=7)
            axes.set(title=NAMES[key], xlim=(0, 1))
            axes.tick_params(axis="y", length=0)
        all_axes[0].set_yticks(range(len(groups)), _names(groups), color=INK)
        all_axes[0].invert_yaxis()
        sign(figure, f"mean over seeds; line: ± sample standard deviation  ·  {caption}")
    return figure
