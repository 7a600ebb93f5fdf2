"""Compares finished runs: reads them, puts them into tables, tests pairs, writes files.

Runs that differ in the seed alone are one group; runs whose data set, test set, coverage, label
version or protocol differ never share a table.
"""

import dataclasses
import pathlib
from collections.abc import Iterable, Mapping, Sequence

from vadjax.comparison.grouping import make_tables, table_notes
from vadjax.comparison.load_run import make_row, read_run
from vadjax.comparison.tables import Comparison, with_columns
from vadjax.errors import UserError
from vadjax.report import wording


def run(
    workdirs: Sequence[str],
    *,
    console,
    outs: Sequence[pathlib.Path] = (),
    published: Sequence[pathlib.Path] = (),
    pairs: Sequence[str] = (),
    figures: pathlib.Path | None = None,
    workbooks: pathlib.Path | None = None,
    metrics: Sequence[str] = (),
    article: bool = False,
    command: str = "",
    notes: Sequence[str] = (),
) -> Comparison:
    """Compare runs: print the tables and tests, write the files.

    Args:
        workdirs: folders of finished runs.
        console: where the tables are printed.
        outs: files to write; the suffix is the format.
        published: published workbooks, shown beside the runs.
        pairs: "DIR,DIR" each, to be tested; empty tests the pairs of `paired_test.default_pairs`.
        figures: folder for plots and csv files in the published form.
        workbooks: folder for workbooks in the published form.
        metrics: columns of narrow tables besides the micro AUC; empty: `columns.BRIEF`.
        article: show the tables of `article_tables` too, in `outs` as on the console, and write
            them and their figures into `figures` (see `article_figures`) in the place of the
            published form.
        command: the command line that repeats this.
        notes: further notes for the reader.

    Returns:
        The comparison.

    Raises:
        UserError: no run can be used; or, after everything is written, some runs could not be used.
    """
    from vadjax.comparison import paired_test
    from vadjax.comparison.published import read_published
    from vadjax.comparison.terminal import as_renderable

    values = [value for path in published for value in read_published(path)]
    comparison = compare(workdirs, published=values, command=command)
    if metrics:
        comparison = dataclasses.replace(
            comparison, tables=[with_columns(table, metrics) for table in comparison.tables]
        )
    tests, damaged = paired_test.run_tests(comparison, pairs)
    unused = {v.dataset for v in values} - {t.metrics.get("dataset") for t in comparison.tables}
    notes = [*notes, *(f"no run is on {name}, which was published" for name in sorted(unused))]
    comparison = dataclasses.replace(
        comparison,
        tests=tests,
        problems=[*comparison.problems, *damaged],
        notes=[*comparison.notes, *notes],
        article=article,
    )
    console.show(as_renderable(comparison))
    if article:
        from vadjax.comparison.article_tables import article_tables
        from vadjax.comparison.terminal import as_article

        console.show(as_article(article_tables(comparison)))
    for path in outs:
        for written in _write(path, comparison):
            console.say(f"wrote {written}")
    if figures:
        from vadjax.comparison.article_figures import write_article
        from vadjax.comparison.figures import write_figures

        paths = (write_article if article else write_figures)(figures, comparison)
        console.say(f"wrote {len(paths)} files into {figures}")
    if workbooks:
        from vadjax.comparison.published_form import write_published_form

        paths, left_out = write_published_form(workbooks, comparison)
        console.say(f"wrote {wording.plural(len(paths), 'workbook')} into {workbooks}")
        for what in left_out:
            console.say(f"  left out of it: {what}")
    if problems := comparison.problems:
        number = f"{len(problems)} of {len(workdirs)} workdir(s) could not be used"
        raise UserError(f"{number}, the others are compared:{_listed(problems)}")
    return comparison


def _write(path: pathlib.Path, comparison: Comparison) -> list[pathlib.Path]:
    """Write a comparison in the format of the suffix; return the paths written."""
    from vadjax.comparison import csv_files, markdown, page, workbook

    if path.suffix == ".csv":
        return csv_files.write_csv(path, comparison)
    write = {
        ".html": page.write_page,
        ".md": markdown.write_markdown,
        ".xlsx": workbook.write_workbook,
    }[path.suffix]
    return [write(path, comparison)]


def write_results(workdir: pathlib.Path, *, metrics: Mapping, config, command: str) -> None:
    """Write results.xlsx of one run into its folder.

    Args:
        workdir: the folder.
        metrics: the dict of metrics.json.
        config: the run's ConfigDict.
        command: the command line that repeats the run.
    """
    from vadjax import config as configs
    from vadjax.comparison.workbook import write_workbook

    row = make_row(metrics, config.to_dict(), configs.identity(config), workdir=workdir.name)
    write_workbook(workdir / "results.xlsx", Comparison(make_tables([row]), command=command))


def compare(workdirs: Sequence[str], *, published=(), command: str = "") -> Comparison:
    """Read runs and put them into tables, without paired tests.

    Args:
        workdirs: folders of finished runs; one that is named twice counts once.
        published: values of published workbooks, shown beside the runs.
        command: the command line that repeats this.

    Returns:
        The comparison; runs that cannot be used are in its `problems`.

    Raises:
        UserError: no run can be used; lists the reasons.
    """
    runs, problems, seen = [], [], set()
    for name in workdirs:
        path = pathlib.Path(name).resolve()
        if path in seen:
            continue
        seen.add(path)
        try:
            runs.append(read_run(pathlib.Path(name)))
        except UserError as error:
            problems.append((str(name), str(error)))
    if not runs:
        raise UserError(f"none of {len(workdirs)} workdir(s) can be used:{_listed(problems)}")
    tables = make_tables(runs)
    return Comparison(tables, problems, table_notes(tables), published=published, command=command)


def _listed(problems: Iterable[tuple[str, str]]) -> str:
    """Return one indented line for each problem."""
    return "".join(f"\n  {name}: {reason}" for name, reason in problems)
