"""Paired tests: do two runs differ by more than the choice of test videos explains?

scores.npz is read only for the runs that are tested.
"""

import pathlib
from collections.abc import Sequence

import numpy as np

from vadjax.comparison.groups import RunRow
from vadjax.comparison.tables import Comparison, PairedTest, Table
from vadjax.errors import UserError, unknown
from vadjax.storage import artifacts

MAX_PAIRS = 10  # seeds of two groups


class UnusableScores(UserError):
    """The scores.npz of a run cannot be used.

    Args:
        workdir: the run.
        reason: why not.
    """

    def __init__(self, workdir: str, reason: str):
        super().__init__(f"{workdir}: {reason}")
        self.workdir, self.reason = workdir, reason


def run_tests(comparison: Comparison, named: Sequence[str] = ()) -> tuple[list[PairedTest], list]:
    """Test the named pairs, or the `default_pairs` where none is named.

    Args:
        comparison: the runs.
        named: "DIR,DIR" each.

    Returns:
        The tests, and (workdir, reason) of runs whose scores are damaged.

    Raises:
        UserError: a text does not name two of the runs.
    """
    pairs = [_named(text, comparison) for text in named] if named else default_pairs(comparison)
    tests, problems = [], {}
    for a, b in pairs:
        try:
            tests.append(compare_runs(a, b))
        except UnusableScores as error:
            problems[error.workdir] = error.reason
            tests.append(PairedTest(a.workdir, b.workdir, reason=str(error)))
    return tests, list(problems.items())


def default_pairs(comparison: Comparison) -> list[tuple[RunRow, RunRow]]:
    """Return the runs of tables with two groups, paired by seed.

    Seeds of one detector are never tested: their difference is chance by construction.
    """
    pairs = []
    for table in comparison.tables:
        if len(table.groups) == 2:  # better minus worse, seed by seed
            better, worse = ({run.seed: run for run in group.runs} for group in table.groups)
            seeds = [seed for seed in better if seed in worse][:MAX_PAIRS]
            if not seeds and len(table.runs) == 2:
                pairs.append((table.runs[1], table.runs[0]))
            pairs += [(worse[seed], better[seed]) for seed in seeds]
    if not pairs and [len(table.runs) for table in comparison.tables] == [1, 1]:
        first, second = comparison.tables  # the test then says why there is none
        pairs = [(first.runs[0], second.runs[0])]
    return pairs


def _named(text: str, comparison: Comparison) -> tuple[RunRow, RunRow]:
    known = {str(pathlib.Path(run.workdir).resolve()): run for run in _all(comparison.tables)}
    names = [name for name in text.split(",") if name]
    if len(names) != 2:
        raise UserError(f"--pair={text} names {len(names)} workdir(s); write --pair=DIR,DIR.")
    for name in names:
        if str(pathlib.Path(name).resolve()) not in known:
            raise unknown("workdir of --pair", name, [run.workdir for run in known.values()])
    first, second = (known[str(pathlib.Path(name).resolve())] for name in names)
    return first, second


def _all(tables: Sequence[Table]) -> list[RunRow]:
    return [r for t in tables for g in t.groups for r in (*g.runs, *g.repeats)]


def compare_runs(a: RunRow, b: RunRow, *, resamples: int = 2000) -> PairedTest:
    """Compare two runs by the paired bootstrap over videos.

    Args:
        a: first run.
        b: second run.
        resamples: number of bootstrap samples.

    Returns:
        The test; without numbers but with a reason where data set, protocol, label version, videos
        or labels differ, or where scores.npz is missing or has no labels.

    Raises:
        UnusableScores: scores.npz is damaged.
    """
    from vadjax.evaluation.bootstrap import paired_test

    none = PairedTest(a.workdir, b.workdir)
    for key in ("dataset", "label_version", "protocol"):
        if a.metrics.get(key) != b.metrics.get(key):
            words = f"{a.metrics.get(key) or 'none'} and {b.metrics.get(key) or 'none'}"
            return none._replace(reason=f"{key.replace('_', ' ')} differs, {words}")
    for run in (a, b):
        if not (pathlib.Path(run.workdir) / "scores.npz").is_file():
            return none._replace(reason=f"{run.workdir} has no scores.npz")
    (scores_a, labels_a), (scores_b, labels_b) = read_test(a.workdir), read_test(b.workdir)
    for run, labels in ((a, labels_a), (b, labels_b)):
        if not labels:
            return none._replace(
                reason=f"scores.npz of {run.workdir} has no labels; run --stage=score again"
            )
    if labels_a.keys() != labels_b.keys():
        other = min(labels_a.keys() ^ labels_b.keys())
        return none._replace(reason=f"the runs have other labelled videos, such as {other}")
    ids = sorted(labels_a)
    for video in ids:
        if not np.array_equal(labels_a[video], labels_b[video]):
            return none._replace(reason=f"the labels of {video} differ")
    videos = [[known[v] for v in ids] for known in (scores_a, scores_b, labels_a)]
    result = paired_test(*videos, resamples=resamples)
    within = paired_test(*videos, part="within", resamples=resamples)
    return none._replace(
        difference=result.difference,
        low=result.low,
        high=result.high,
        p_value=result.p_value,
        videos=result.videos,
        resamples=result.resamples,
        reason=result.reason,
        within=_within(within),
        unit="image" if a.metrics.get("unit") == "image" else "video",
    )


def _within(test) -> str:
    """Say how two runs differ in the AUC within clips; "" without an interval."""
    if test.low is None:
        return ""
    interval = f"{test.low:+.3f} to {test.high:+.3f}, p = {test.p_value:.3g}"
    return f"within clips {test.difference:+.3f} ({interval})"


def read_test(workdir: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the test scores float32 [t] and labels uint8 [t] of each labelled test video.

    Raises:
        UnusableScores: scores.npz is damaged.
    """
    try:
        test = artifacts.read_scores(pathlib.Path(workdir)).test
    except UserError as error:
        raise UnusableScores(workdir, str(error)) from error
    known = [video for video in test if video.labels is not None]
    return {v.id: v.scores for v in known}, {v.id: v.truth for v in known}
