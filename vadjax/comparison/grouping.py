"""Puts runs into tables: which runs are comparable, and which differ in their seed alone."""

import collections
import dataclasses
from collections.abc import Sequence

from vadjax.comparison.category_means import category_notes
from vadjax.comparison.groups import Group, RunRow
from vadjax.comparison.tables import Table
from vadjax.comparison.variance_notes import variance_notes
from vadjax.report import wording

# Settings of the data set that the other keys of `scope` cover, or that make another detector.
OF_DETECTOR = (
    "dataset.protocol",
    "dataset.holdout",
    "dataset.num_folds",
    "dataset.label_version",
)
MAX_LISTED = 6  # runs in a note


def scope(run: RunRow) -> dict[str, object]:
    """Return what has to be equal for two runs to be in one table, by its name."""
    m = run.metrics
    # Windows are drawn anew by every seed, with one abnormal window more or less.
    counts = ("frames",) if m.get("unit") == "window" else ("frames", "abnormal")
    videos = sorted((str(v["id"]), *(v[key] for key in counts)) for v in m["videos"])
    # Copies of whole clips are trained on alone, those of the published recipe are tested too.
    trained = () if m.get("unit") == "window" else ("dataset.augment",)
    settings = sorted(
        # Of feature files, DATASET/BACKBONE: backbones of one data set are compared.
        (k, str(v).rpartition("/")[0] if k == "dataset.feature_name" else v)
        for k, v in run.settings.items()
        if k.startswith("dataset.") and k not in (*OF_DETECTOR, *trained)
    )
    return {
        **{k: m.get(k) for k in ("dataset", "label_version", "protocol")},
        "coverage": wording.coverage(m),
        "test videos": tuple(videos),
        "data set's settings": tuple(settings),
    }


def make_tables(runs: Sequence[RunRow]) -> list[Table]:
    """Put runs into tables, and within these into groups by detector, best headline first."""
    by_scope = collections.defaultdict(list)
    for run in runs:
        by_scope[tuple(scope(run).values())].append(run)
    tables = []
    for members in by_scope.values():
        by_settings = collections.defaultdict(list)
        for run in members:
            by_settings[tuple(sorted(run.settings.items()))].append(run)
        groups = _with_variants([_group(seeds) for seeds in by_settings.values()])
        table = Table(groups)
        ranked = sorted(groups, key=lambda g: -(g.stat(table.columns[0]).mean or 0))
        tables.append(dataclasses.replace(table, groups=ranked))
    return tables


def _group(runs: Sequence[RunRow]) -> Group:
    """Return the group of the first run of each seed; further runs of a seed are repeats."""
    by_seed: dict[int, RunRow] = {}
    for run in runs:
        by_seed.setdefault(run.seed, run)
    kept = sorted(by_seed.values(), key=lambda run: run.seed)
    return Group(kept, repeats=[run for run in runs if run not in kept])


def _with_variants(groups: Sequence[Group]) -> list[Group]:
    """Name the settings that differ between groups with one model and backbone."""
    # The keys are collected by model, so that a variant has one name for all backbones.
    differing: dict[str, set[str]] = collections.defaultdict(set)
    alike = collections.defaultdict(list)
    for group in groups:
        alike[group.model, group.backbone].append(group.runs[0].settings)
    for (model, _), settings in alike.items():
        keys = set().union(*settings)
        differing[model] |= {k for k in keys if len({s.get(k) for s in settings}) > 1}
    return [
        Group(
            group.runs,
            ", ".join(
                f"{key}={group.runs[0].settings.get(key)}" for key in sorted(differing[group.model])
            ),
            group.repeats,
        )
        for group in groups
    ]


def table_notes(tables: Sequence[Table]) -> list[str]:
    """Return notes: why there are several tables, repeats, means over categories, variances."""
    repeats = [
        f"{run.workdir} has the settings and the seed ({run.seed}) of another run; "
        "no mean includes it"
        for table in tables
        for group in table.groups
        for run in group.repeats
    ]
    variances = variance_notes([group for table in tables for group in table.groups])
    return [*_why_several(tables), *repeats, *category_notes(tables), *variances]


def _why_several(tables: Sequence[Table]) -> list[str]:
    """Return a note of what differs between tables, and the runs of each."""
    if len(tables) < 2:
        return []
    scopes = [scope(table.runs[0]) for table in tables]
    texts = [{k: v for k, v in s.items() if not isinstance(v, tuple)} for s in scopes]
    differing = [k for k in texts[0] if len({t[k] for t in texts}) > 1]
    lines = [f"{len(tables)} tables, because these runs are not comparable in one column:"]
    for number, (table, own, text) in enumerate(zip(tables, scopes, texts, strict=True), 1):
        words = [f"{key} {text[key] or 'none'}" for key in differing]
        twins = [s for s, t in zip(scopes, texts, strict=True) if t == text]
        words += [f"other {k}" for k in own if k not in text and len({s[k] for s in twins}) > 1]
        runs = [run.workdir for run in table.runs]
        more = f" and {len(runs) - MAX_LISTED} more" if len(runs) > MAX_LISTED else ""
        listed = ", ".join(runs[:MAX_LISTED]) + more
        lines.append(f"  table {number} ({', '.join(words).replace('_', ' ')}): {listed}")
    return ["\n".join(lines)]
