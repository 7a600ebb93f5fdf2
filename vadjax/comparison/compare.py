"""Finished runs -> tables of what may stand in one column.

Runs that differ in the seed alone are one group; runs whose data set, test set, coverage, label
version or protocol differ never share a table.
"""

import collections
import dataclasses
import pathlib
from collections.abc import Iterable, Mapping, Sequence

from vadjax.comparison.load_run import read_run, run_of
from vadjax.comparison.tables import Comparison, Group, RunRow, Table
from vadjax.errors import UserError
from vadjax.report import wording

SAME_DATA = ("dataset.protocol", "dataset.holdout", "dataset.num_folds", "dataset.label_version")


def run(
    workdirs: Sequence[str],
    *,
    console,
    outs: Sequence[pathlib.Path] = (),
    published: Sequence[pathlib.Path] = (),
    pairs: Sequence[str] = (),
    figures: pathlib.Path | None = None,
    command: str = "",
    notes: Sequence[str] = (),
) -> Comparison:
    """Compare runs: print the tables and tests, write the files.

    Args:
        workdirs: folders of finished runs.
        console: where the tables go.
        outs: files to write; the suffix is the format.
        published: published workbooks to set beside.
        pairs: "DIR,DIR" each, to be tested; else what stands two by two.
        figures: folder for pictures and csv files as published.
        command: how a person would make this again.
        notes: what else a reader has to know.

    Raises:
        UserError: no run can be used; or, when all else is done, some could not.
    """
    from vadjax.comparison import paired_test
    from vadjax.comparison import texts as texts
    from vadjax.comparison.published import read_published

    figures_of = [figure for path in published for figure in read_published(path)]
    found = compare(workdirs, published=figures_of, command=command)
    tests, damaged = paired_test.tests_of(found, pairs)
    unused = {f.dataset for f in figures_of} - {t.metrics.get("dataset") for t in found.tables}
    notes = [*notes, *(f"no run here is on {n}, which was published" for n in sorted(unused))]
    found = dataclasses.replace(
        found,
        tests=tests,
        problems=[*found.problems, *damaged],
        notes=[*found.notes, *notes],
    )
    console.show(texts.printed(found))
    for path in outs:
        for written in _write(path, found):
            console.say(f"wrote {written}")
    if figures:
        from vadjax.comparison.figures import write_figures

        drawn = write_figures(figures, found)
        console.say(f"wrote {len(drawn)} files into {figures}")
    if found.problems:
        number = f"{len(found.problems)} of {len(workdirs)} workdir(s) could not be used"
        raise UserError(f"{number}, the rest is done:{listed(found.problems)}")
    return found


def _write(path: pathlib.Path, found: Comparison) -> list[pathlib.Path]:
    """Write a comparison in the format of the suffix; return what was written."""
    from vadjax.comparison import page, workbook
    from vadjax.comparison import texts as texts

    if path.suffix == ".csv":
        return texts.write_csv(path, found)
    write = {
        ".html": page.write_page,
        ".md": texts.write_markdown,
        ".xlsx": workbook.write_workbook,
    }[path.suffix]
    return [write(path, found)]


def write_own(workdir: pathlib.Path, *, metrics: Mapping, config, command: str) -> None:
    """Write results.xlsx of one run into its folder.

    Args:
        workdir: the folder.
        metrics: the dict of metrics.json.
        config: the run's ConfigDict.
        command: how a person would start the run again.
    """
    from vadjax import config as configs
    from vadjax.comparison.workbook import write_workbook

    own = run_of(metrics, config.to_dict(), configs.identity(config), workdir=workdir.name)
    write_workbook(workdir / "results.xlsx", Comparison(tables_of([own]), command=command))


def compare(workdirs: Sequence[str], *, published=(), command: str = "") -> Comparison:
    """Read runs and put them into tables; the tests are not made yet.

    Args:
        workdirs: folders of finished runs; one that is named twice counts once.
        published: figures of published workbooks, to stand beside.
        command: how a person would make this again.

    Raises:
        UserError: not one of them can be used; lists why.
    """
    runs, problems, seen = [], [], set()
    for name in workdirs:
        place = pathlib.Path(name).resolve()
        if place in seen:
            continue
        seen.add(place)
        try:
            runs.append(read_run(pathlib.Path(name)))
        except UserError as error:
            problems.append((str(name), str(error)))
    if not runs:
        raise UserError(f"none of {len(workdirs)} workdir(s) can be used:{listed(problems)}")
    tables = tables_of(runs)
    notes = [*_apart(tables), *_repeated(tables)]
    return Comparison(tables, problems, notes, published=published, command=command)


def listed(problems: Iterable[tuple[str, str]]) -> str:
    """Return one indented line for each problem."""
    return "".join(f"\n  {name}: {reason}" for name, reason in problems)


def scope(run: RunRow) -> dict[str, object]:
    """Return what has to be equal for two runs to stand in one column."""
    m = run.metrics
    # Windows are drawn anew by every seed, one abnormal window more or less.
    counted = ("frames",) if m.get("unit") == "window" else ("frames", "abnormal")
    videos = sorted((str(v["id"]), *(v[key] for key in counted)) for v in m["videos"])
    data = sorted(
        (k, v) for k, v in run.settings.items() if k.startswith("dataset.") and k not in SAME_DATA
    )
    found = {k: m.get(k) for k in ("dataset", "label_version", "protocol")}
    found = {**found, "coverage": wording.coverage(m)}
    return {**found, "test videos": tuple(videos), "data set's settings": tuple(data)}


def tables_of(runs: Sequence[RunRow]) -> list[Table]:
    """Group runs into tables, and within them by detector, best micro AUC first."""
    by_scope = collections.defaultdict(list)
    for run in runs:
        by_scope[tuple(scope(run).values())].append(run)
    tables = []
    for members in by_scope.values():
        by_settings = collections.defaultdict(list)
        for run in members:
            by_settings[tuple(sorted(run.settings.items()))].append(run)
        named = _named([_group(found) for found in by_settings.values()])
        tables.append(Table(sorted(named, key=lambda g: -(g.stat("auc_micro").mean or 0))))
    return tables


def _group(runs: Sequence[RunRow]) -> Group:
    """One run a seed; what has a seed that is there already is a repeat."""
    by_seed: dict[int, RunRow] = {}
    for run in runs:
        by_seed.setdefault(run.seed, run)
    kept = sorted(by_seed.values(), key=lambda run: run.seed)
    return Group(kept, repeats=[run for run in runs if run not in kept])


def _named(groups: Sequence[Group]) -> list[Group]:
    """Say of groups with one model and backbone what sets them apart."""
    # By model, so that a column is one over backbones.
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


def _apart(tables: Sequence[Table]) -> list[str]:
    """Say which runs do not share a table, and why."""
    if len(tables) < 2:
        return []
    scopes = [scope(table.runs[0]) for table in tables]
    texts = [{k: v for k, v in s.items() if not isinstance(v, tuple)} for s in scopes]
    differing = [k for k in texts[0] if len({t[k] for t in texts}) > 1]
    lines = [f"{len(tables)} tables, for these runs' figures belong in no common column:"]
    for number, (table, found, text) in enumerate(zip(tables, scopes, texts, strict=True), 1):
        words = [f"{key} {text[key] or 'none'}" for key in differing]
        twins = [s for s, t in zip(scopes, texts, strict=True) if t == text]
        words += [f"other {k}" for k in found if k not in text and len({s[k] for s in twins}) > 1]
        runs = [run.workdir for run in table.runs]
        shown = ", ".join(runs[:6]) + (f" and {len(runs) - 6} more" if len(runs) > 6 else "")
        lines.append(f"  table {number} ({', '.join(words).replace('_', ' ')}): {shown}")
    return ["\n".join(lines)]


def _repeated(tables: Sequence[Table]) -> list[str]:
    return [
        f"{run.workdir} has the settings and the seed ({run.seed}) of another run here; "
        "it counts in no mean"
        for table in tables
        for group in table.groups
        for run in group.repeats
    ]
