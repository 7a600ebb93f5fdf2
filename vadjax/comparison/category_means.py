"""Runs on one category each of a data set of images: the figures of all, and their mean."""

import collections
import statistics
from collections.abc import Sequence

from vadjax.comparison.columns import NAMES
from vadjax.comparison.groups import Group
from vadjax.comparison.tables import Table

KEYS = ("image_auroc", "image_ap", "image_f1_max", "pixel_auroc", "aupro")
SCENE = "dataset.scene"


def category_notes(tables: Sequence[Table]) -> list[str]:
    """Return a note for each detector that was run on several categories, a line each and the mean.

    Args:
        tables: of which each has runs of one category.

    Returns:
        The notes; none where no category is one of several.
    """
    alike: dict[tuple, dict[str, Group]] = collections.defaultdict(dict)
    for table in tables:
        for group in table.groups:
            run = group.runs[0]
            if run.metrics.get("unit") != "image" or not run.settings.get(SCENE):
                continue
            settings = sorted((k, v) for k, v in run.settings.items() if k != SCENE)
            key = (group.model, run.metrics.get("dataset"), tuple(settings))
            alike[key][str(run.settings[SCENE])] = group
    return [_note(groups) for groups in alike.values() if len(groups) > 1]


def _note(groups: dict[str, Group]) -> str:
    """Return the lines of one detector, by category."""
    rows = {name: _values(group) for name, group in sorted(groups.items())}
    lines = [f"{name}: {_words(row)}" for name, row in rows.items()]
    means: dict[str, float | None] = {}
    for key in KEYS:
        known = [value for row in rows.values() if (value := row[key]) is not None]
        # A mean of some categories is not comparable with one of all.
        means[key] = statistics.fmean(known) if len(known) == len(rows) else None
    first = next(iter(groups.values()))
    head = f"{first.name} on {len(rows)} categories, a detector each:"
    return "\n  ".join([head, *lines, f"mean: {_words(means)}"])


def _values(group: Group) -> dict[str, float | None]:
    """Return the mean over seeds of each figure."""
    return {key: group.stat(key).mean for key in KEYS}


def _words(row: dict[str, float | None]) -> str:
    return ", ".join(
        f"{NAMES[key]} {'–' if row[key] is None else f'{row[key]:.3f}'}" for key in KEYS
    )
