"""Notes of a comparison: how much of a headline's variance is seed, test videos, drawing."""

import collections
from collections.abc import Sequence

from vadjax.comparison.groups import Group
from vadjax.evaluation.variance import Variance, decompose

DRAWING = "dataset.seed"  # of the synthetic set: another drawing has other clips


def variance_notes(groups: Sequence[Group]) -> list[str]:
    """Return a sentence for each detector that has several seeds.

    Args:
        groups: of all tables; those that differ in the drawing of the data alone count as one.

    Returns:
        The sentences, in the order of the groups.
    """
    alike = collections.defaultdict(list)
    for group in groups:
        settings = tuple(sorted((k, v) for k, v in group.runs[0].settings.items() if k != DRAWING))
        alike[settings].append(group)
    notes = []
    for members in alike.values():
        runs = {
            str(group.runs[0].settings.get(DRAWING, number)): [
                (value, run.at("frame.auc_micro_ci95"))
                for run in group.runs
                if (value := run.at("frame.auc_micro")) is not None
            ]
            for number, group in enumerate(members)
        }
        found = decompose({name: seeds for name, seeds in runs.items() if seeds})
        if found.seed is not None:
            notes.append(f"{members[0].name}, {members[0].backbone}: {_said(found)}")
    return notes


def _said(found: Variance) -> str:
    known = {name: value for name, value in found._asdict().items() if value is not None}
    total = sum(known.values())
    words = {"seed": "the seed", "video": "the test videos", "drawing": "the drawing of the data"}
    parts = [
        f"{words[name]} {100 * value / total if total else 0:.0f} % (sd {value**0.5:.3f})"
        for name, value in known.items()
    ]
    missing = [words[name] for name, value in found._asdict().items() if value is None]
    more = f"; not known: {', '.join(missing)}" if missing else ""
    return f"variance of the micro AUC: {', '.join(parts)}{more}"
