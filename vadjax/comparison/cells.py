"""The text cells of a comparison, the same in the terminal, in Markdown and on the page."""

from collections.abc import Sequence

from vadjax.comparison.columns import NAMES
from vadjax.comparison.groups import Group, Stat
from vadjax.comparison.published import PublishedValue
from vadjax.comparison.tables import Table
from vadjax.report import wording

IDENTITY = ("model", "objective", "backbone", "seeds")
EPOCHS = "epochs trained (asked)"
CONDITIONS = ("best without learning", "coverage", "leakage", "warnings")
SD = "± is the sample standard deviation over seeds; 95 % is over test videos, lowest seed's run."
PUBLISHED_SD = "± is the population standard deviation over runs, as published."
PUBLISHED_HEADING = ("model", "backbone", "runs", "AUC", "Accuracy", "Precision", "Recall", "F1")


def plus_minus(stat: Stat, of: int, digits: int = 3) -> str:
    """Format a statistic, with the number of runs where only some have the value.

    >>> plus_minus(Stat(0.8238, 0.0036, 3), 3), plus_minus(Stat(0.5, None, 1), 2)
    ('0.824 ± 0.004', '0.500 (1 of 2)')

    Args:
        stat: the statistic.
        of: the number of runs of the group.
        digits: after the point.

    Returns:
        The text.
    """
    if stat.mean is None:
        return "–"
    text = wording.number(stat.mean, digits)
    text += "" if stat.sd is None else f" ± {stat.sd:.{digits}f}"
    return text if stat.num == of else f"{text} ({stat.num} of {of})"


def heading(table: Table) -> list[str]:
    """Return the headings of `group_cells`."""
    names = [NAMES[key] for key in table.shown]
    names[:1] = [*names[:1], "95 %"] if names else []
    epochs = [EPOCHS] if any(run.epochs_trained for run in table.runs) else []
    return [*IDENTITY, *epochs, *names, *CONDITIONS]


def group_cells(group: Group, table: Table) -> list[str]:
    """Return a group as text.

    Args:
        group: of the table.
        table: determines the columns; warnings are numbers of `table.warnings`, from 1.

    Returns:
        A text for each heading.
    """
    cells = [plus_minus(group.stat(key), len(group.runs)) for key in table.shown]
    cells[:1] = [*cells[:1], interval(group)] if cells else []
    first = group.runs[0]
    if any(run.epochs_trained for run in table.runs):
        known = group.epochs_trained is not None
        cells.insert(0, f"{group.epochs_trained} ({first.epochs_asked})" if known else "–")
    best = first.best_baseline
    seeds = ", ".join(map(str, group.seeds[:5])) + (", …" if len(group.seeds) > 5 else "")
    return [
        *(group.name, group.objective, group.backbone, f"{len(group.runs)} ({seeds})"),
        *cells,
        f"{best[1]:.3f} {best[0]}" if best else "–",
        wording.coverage(first.metrics),
        "LEAKY" if group.leakage == "leaky" else group.leakage,
        ", ".join(f"[{table.warnings.index(text) + 1}]" for text in group.warnings) or "–",
    ]


def interval(group: Group) -> str:
    """Return the interval of a group's AUC as text."""
    ends = group.interval
    return f"{ends[0]:.3f} to {ends[1]:.3f}" if ends else "–"


def published_cells(values: Sequence[PublishedValue]) -> list[list[str]]:
    """Return a row for each published model and backbone, with `PUBLISHED_HEADING`."""
    by_model: dict[tuple, dict[str, PublishedValue]] = {}
    for value in values:
        by_model.setdefault((value.model, value.backbone), {})[value.metric] = value
    return [
        [
            *(model, backbone, str(metrics["auc"].runs)),
            *(
                f"{metrics[k].mean:.4f} ± {metrics[k].sd:.4f}"
                for k in ("auc", "accuracy", "precision", "recall", "f1")
            ),
        ]
        for (model, backbone), metrics in by_model.items()
    ]
