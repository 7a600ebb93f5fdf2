"""Other processes evaluate as this one does, and none of them is ever needed."""

import json
import subprocess
import sys

import pytest

from tests.sweeps import tiny
from vadjax.errors import UserError
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console
from vadjax.sweeps import evaluator, evaluators, judge
from vadjax.sweeps.complete import complete_run
from vadjax.sweeps.evaluators import Evaluators
from vadjax.sweeps.jobs import run_jobs

QUIET = Console(quiet=True)
DIFFERS = ("timing", "environment")  # seconds, and the moment


def figures(workdir):
    metrics = json.loads((workdir / "metrics.json").read_text())
    return {key: value for key, value in metrics.items() if key not in DIFFERS}


@pytest.fixture(scope="module")
def scored(cache, tmp_path_factory):
    """Two runs that this process has evaluated."""
    folder = tmp_path_factory.mktemp("runs")
    specs = tiny.specs(tiny.quick(cache), {"seed": 0}, {"seed": 1})
    assert run_jobs([specs], folder, console=QUIET, evaluators=0) == {}
    return {spec.name: Run(spec.config, folder / spec.name, QUIET) for spec in specs}


@pytest.fixture
def runs(scored):
    """The same without their metrics.json, and what was in it."""
    want = {}
    for name, run in scored.items():
        want[name] = figures(run.workdir)
        (run.workdir / "metrics.json").rename(run.workdir / "kept.json")
    yield list(scored.values()), want
    for run in scored.values():
        (run.workdir / "kept.json").replace(run.workdir / "metrics.json")


def test_a_process_leaves_what_this_one_leaves(runs, monkeypatch):
    monkeypatch.setattr(evaluators, "judge", pytest.fail)
    with Evaluators(1, worth=1) as evaluate:
        for run in runs[0]:
            evaluate(run)
    assert {run.workdir.name: figures(run.workdir) for run in runs[0]} == runs[1]
    assert json.loads((run.workdir / "metrics.json").read_text())["environment"] == run.environment


def test_few_runs_start_no_process(runs, monkeypatch):
    monkeypatch.setattr(evaluators, "_start", pytest.fail)
    with Evaluators(4, worth=3) as evaluate:
        for run in runs[0]:
            evaluate(run)
    assert {run.workdir.name: figures(run.workdir) for run in runs[0]} == runs[1]


def test_this_process_evaluates_where_the_others_were_killed(runs):
    with Evaluators(2, worth=1) as evaluate:
        evaluate(runs[0][0])
        for process in evaluate._started:
            process.popen.kill()
            process.popen.wait()
        for run in runs[0]:
            (run.workdir / "metrics.json").unlink(missing_ok=True)
            evaluate(run)
    assert {run.workdir.name: figures(run.workdir) for run in runs[0]} == runs[1]


def test_a_detector_that_only_this_process_knows_is_no_error(runs):
    run = runs[0][0]
    config = run.config.to_dict()
    config["detector"] = {**config["detector"], "name": "of_the_user"}
    question = {"config": config, "workdir": str(run.workdir), "environment": run.environment}
    assert evaluator.answer(question, {}) is None


def test_an_error_is_that_of_the_process(runs):
    run = runs[0][0]
    path = run.workdir / "scores.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    try:
        with Evaluators(1, worth=1) as evaluate:
            with pytest.raises(UserError, match=r"scores\.npz is damaged"):
                evaluate(run)
            path.write_bytes(whole)
            evaluate(run)  # the process goes on
    finally:
        path.write_bytes(whole)
    assert figures(run.workdir) == runs[1][run.workdir.name]


def test_a_process_ends_with_its_input():
    process = subprocess.Popen(
        [sys.executable, "-m", "vadjax.sweeps.evaluator"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    answers, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and answers == b""


def test_a_sweep_evaluates_in_processes_and_reports_each_run(cache, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluators, "WORTH", 1)
    asked = []
    monkeypatch.setattr(evaluators, "_ask", lambda *a: asked.append(a) or ask(*a))
    specs = tiny.specs(tiny.quick(cache), {"seed": 0}, {"seed": 1}, {"seed": 2})
    done = []
    errors = run_jobs(
        [specs], tmp_path, console=QUIET, evaluators=2, on_done=lambda *each: done.append(each)
    )
    assert errors == {} and sorted(done) == [(spec.name, "") for spec in specs]
    assert len(asked) == 3 and all((tmp_path / s.name / "metrics.json").is_file() for s in specs)


ask = evaluators._ask


def test_a_run_that_cannot_be_evaluated_is_a_failed_run(scored):
    def refuse(run):
        raise UserError("not this one")

    assert complete_run(next(iter(scored.values())), (), judge=refuse) == "not this one"
    judge.judge(next(iter(scored.values())))
