"""Sweeps end to end: each run equals a run alone; none is executed twice or lost."""

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import jax
import numpy as np
import pytest

from tests.sweeps import tiny
from vadjax.errors import UserError
from vadjax.evaluation import schema
from vadjax.pipeline import stages
from vadjax.pipeline.run import Run
from vadjax.pipeline.train import fold_name
from vadjax.runtime.console import Console
from vadjax.storage import artifacts
from vadjax.storage import workdir as workdirs
from vadjax.storage.run_store import pull_run
from vadjax.sweeps import complete, group, jobs, plan
from vadjax.sweeps import folder as sweep_folder
from vadjax.sweeps.command import run_command
from vadjax.sweeps.folder import run_sweep
from vadjax.sweeps.status import is_done

ROOT = pathlib.Path(__file__).parents[2]
QUIET = Console(quiet=True)


class RecordingConsole(Console):
    """A console whose lines are kept."""

    def __init__(self):
        super().__init__(quiet=True)
        self.lines = []

    def say(self, text):
        self.lines.append(text)


def scores(workdir):
    scored = artifacts.read_scores(workdir)
    return {video.id: video.scores for side in scored for video in side}


def assert_equals_single_run(spec, there, workdir):
    """A run of a sweep left what the stages of `vadjax.main` leave in `workdir`."""
    run = Run(spec.config, workdir, QUIET)
    for stage in ("train", "score", "evaluate"):
        stages.STAGES[stage](run)
    mine, alone = (json.loads((f / "metrics.json").read_text()) for f in (there, workdir))
    schema.validate(mine)
    ours, want = scores(there), scores(workdir)
    assert ours.keys() == want.keys()
    for name, values in want.items():
        np.testing.assert_allclose(ours[name], values, atol=1e-4)
    for part in ("leakage", "detector", "accounting", "warnings", "protocol"):
        assert mine[part] == alone[part], part
    assert mine["frame"]["auc_micro"] == pytest.approx(alone["frame"]["auc_micro"], abs=0.01)
    histories = []
    for folder in (there, workdir):
        rows = [artifacts.read_history(folder, fold_name(run, fold)) for fold in run.folds]
        histories.append([[(r["epoch"], r["select_loss"]) for r in fold] for fold in rows])
    assert all(histories[0]) and np.shape(histories[0]) == np.shape(histories[1])
    np.testing.assert_allclose(histories[0], histories[1], atol=1e-4)


def test_detectors_without_gradient_are_fitted_run_by_run(tmp_path):
    base = tiny.one_class(tmp_path / "cache")

    def sweep(add):
        for name in ("flow_box", "knn"):
            add(detector=name, seed=0)

    specs = plan.read_sweep(sweep, base)
    folder = tmp_path / "runs"
    assert jobs.run_jobs(plan.group_by_shape(specs), folder, console=QUIET) == {}
    for spec in specs:
        alone = stages.run(spec.config, tmp_path / "alone" / spec.name, quiet=True)
        metrics = json.loads((folder / spec.name / "metrics.json").read_text())
        assert metrics["detector"] == alone["detector"]
        assert metrics["frame"]["auc_micro"] == alone["frame"]["auc_micro"]


@pytest.mark.parametrize(
    ("protocol", "batches"),
    [
        ("one_class", "windows"),
        pytest.param("one_class", "runs", marks=pytest.mark.slow),
        pytest.param("by_video", "windows", marks=pytest.mark.slow),
        pytest.param("by_video", "runs", marks=pytest.mark.slow),
        ("random_window", "windows"),
        pytest.param("weak_by_video", "pairs", marks=pytest.mark.slow),
    ],
)
def test_each_run_equals_a_single_run(cache, tmp_path, protocol, batches):
    base = tiny.one_class(cache) if protocol == "one_class" else tiny.config(cache)
    base.dataset.protocol, base.train.batches = protocol, batches
    if protocol == "by_video":  # folds of two lengths, and a schedule that knows its length
        base.dataset.num_folds, base.evaluate.threshold = 2, "f1"
        base.train.schedule = "cosine"
    if batches == "pairs":
        base.dataset.num_folds, base.dataset.num_test, base.bag.segments = 2, 6, 4
        base.detector.name, base.model.name, base.model.dropout = "bag_model", "bag_mlp", 0.3
        base.objective.name, base.evaluate.threshold = "mil_topk", "quantile"
    specs = tiny.specs(base, {"seed": 3}, {"seed": 4, "train.lr": 1e-2}, {"seed": 4})
    folders, errors = run_sweep(specs, tmp_path / "sweep", console=QUIET, slots=2)
    assert not errors and [f.name for f in folders] == [s.name for s in specs]
    assert_equals_single_run(specs[1], folders[1], tmp_path / "alone")


@pytest.fixture(scope="module")
def swept(cache, tmp_path_factory):
    """A sweep of three runs, one of which fails; two groups."""
    base = tiny.one_class(cache)
    runs = {"seed": 0}, {"seed": 1, "train.lr": 1e30}, {"seed": 2, "model.units": (3,)}
    specs = tiny.specs(base, *runs)
    workdir = tmp_path_factory.mktemp("swept")
    return specs, workdir, run_sweep(specs, workdir, console=QUIET)


def test_a_failing_run_stops_no_other(swept):
    specs, workdir, (folders, errors) = swept
    assert [f.name for f in folders] == [specs[0].name, specs[2].name]
    assert list(errors) == [specs[1].name] and "not finite" in errors[specs[1].name]
    assert "(now 1e+30)" in errors[specs[1].name], "its own learning rate, not the first member's"
    note = json.loads((workdir / "runs" / specs[1].name / "error.json").read_text())
    assert "not finite" in note["error"]


def test_done_runs_are_skipped_and_damaged_ones_repeated(swept, monkeypatch):
    specs, workdir, _ = swept
    trained, train = [], group.train_members
    monkeypatch.setattr(
        group, "train_members", lambda *a, **k: trained.append(k["members"]) or train(*a, **k)
    )
    console = RecordingConsole()
    whole, damaged = (workdir / "runs" / specs[n].name for n in (0, 2))
    before = (whole / "metrics.json").stat().st_mtime_ns
    (damaged / "metrics.json").write_text('{"frame": ')
    folders, _ = run_sweep([specs[0], specs[2]], workdir, console=console)
    assert len(folders) == 2 and [len(m) for m in trained] == [1]
    assert (whole / "metrics.json").stat().st_mtime_ns == before
    assert any("is run again: metrics.json is damaged" in line for line in console.lines)
    json.loads((damaged / "metrics.json").read_text())


def test_other_settings_are_run_again(swept):
    specs, workdir, _ = swept
    longer = tiny.specs(specs[0].config, {"train.epochs": 3})[0]
    console = RecordingConsole()
    as_first = type(longer)(specs[0].name, {}, longer.config)
    assert is_done(specs[0], workdir / "runs", console) and not console.lines
    assert not is_done(as_first, workdir / "runs", console)
    assert "made with another train.epochs" in console.lines[0]


def test_another_evaluation_trains_nothing(cache, tmp_path, monkeypatch):
    specs = tiny.specs(tiny.one_class(cache), {"seed": 0}, {"seed": 1})
    run_sweep(specs, tmp_path, console=QUIET)
    folders = [tmp_path / "runs" / spec.name for spec in specs]
    before = [(folder / "log.jsonl").read_bytes() for folder in folders]
    stricter = specs[0].config.copy_and_resolve_references()
    stricter.evaluate.quantile = 0.6
    again = [
        dataclasses.replace(spec, config=new.config)
        for spec, new in zip(specs, tiny.specs(stricter, {"seed": 0}, {"seed": 1}), strict=True)
    ]
    monkeypatch.setattr(group, "train_members", None)
    console = RecordingConsole()
    _, errors = run_sweep(again, tmp_path, console=console)
    assert not errors
    assert (
        "scored and evaluated again: it was made with another evaluate.quantile" in console.lines[0]
    )
    for folder, log in zip(folders, before, strict=True):
        assert (folder / "log.jsonl").read_bytes() == log
        config = json.loads((folder / "config.json").read_text())["config"]
        assert config["evaluate"]["quantile"] == 0.6 and (folder / "metrics.json").is_file()
    assert all(is_done(spec, tmp_path / "runs", QUIET) for spec in again)


def test_metrics_are_removed_before_their_detector_is_overwritten(cache, tmp_path, monkeypatch):
    """Otherwise a run that is killed in between would keep the metrics of its former detector."""
    specs = tiny.specs(tiny.quick(cache), {"seed": 0})
    (folder,), _ = run_sweep(specs, tmp_path, console=QUIET)
    longer = specs[0].config.copy_and_resolve_references()
    longer.train.epochs += 1
    there = []

    def killed(run, pairs):
        there.append((folder / "metrics.json").exists())
        raise RuntimeError("killed")

    monkeypatch.setattr(complete, "_write_detectors", killed)
    again = [dataclasses.replace(specs[0], config=longer)]
    _, errors = run_sweep(again, tmp_path, console=QUIET)
    assert there == [False] and "killed" in errors[specs[0].name]


def test_a_finished_run_of_another_kind_is_not_overwritten(swept):
    """A run's name has the values of the axes only; its base config may differ."""
    specs, workdir, _ = swept
    wider = tiny.specs(specs[0].config, {"model.units": (5,)})[0]
    as_first = type(wider)(specs[0].name, {}, wider.config)
    before = (workdir / "runs" / specs[0].name / "metrics.json").read_bytes()
    with pytest.raises(UserError, match=r"another model\.units; give another --workdir"):
        run_sweep([as_first], workdir, console=QUIET)
    assert (workdir / "runs" / specs[0].name / "metrics.json").read_bytes() == before


def test_out_of_memory_halves_the_slots(cache, tmp_path, monkeypatch):
    asked, train = [], group.train_members

    def short_of_memory(*args, slots, **more):
        asked.append(slots)
        if slots > 1:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")
        return train(*args, slots=slots, **more)

    monkeypatch.setattr(group, "train_members", short_of_memory)
    specs, console = tiny.specs(tiny.quick(cache), {"seed": 0}, {"seed": 1}), RecordingConsole()
    folders, errors = run_sweep(specs, tmp_path, console=console, slots=8)
    assert len(folders) == 2 and not errors and asked == [2, 1]
    assert any("out of memory: continuing with 1 members" in line for line in console.lines)


def test_an_unexpected_fault_of_one_group_stops_no_other(cache, tmp_path, monkeypatch):
    def broken(group, **more):
        if group.runs[0].config.seed == 0:
            raise KeyError("surprise")
        yield from train_group(group, **more)

    train_group = jobs.train_group
    monkeypatch.setattr(jobs, "train_group", broken)
    base = tiny.config(cache)
    specs = tiny.specs(base, {"seed": 0}, {"seed": 1, "model.units": (3,)})
    folders, errors = run_sweep(specs, tmp_path, console=QUIET)
    assert errors == {specs[0].name: "KeyError: 'surprise'"} and len(folders) == 1
    assert (folders[0] / "metrics.json").is_file()


def test_a_training_that_fails_keeps_the_trained_runs(cache, tmp_path, monkeypatch):
    train = group.train_members

    def breaks(*args, **more):
        yield next(train(*args, **more))
        raise RuntimeError("the device is gone")

    monkeypatch.setattr(group, "train_members", breaks)
    specs = tiny.specs(tiny.quick(cache), {"seed": 0}, {"seed": 1})
    folders, errors = run_sweep(specs, tmp_path, console=QUIET)
    assert [*errors.values()] == ["RuntimeError: the device is gone"]
    assert len(folders) == 1 and (folders[0] / "metrics.json").is_file()


def test_the_last_runs_of_a_group_are_completed_while_the_next_one_trains(
    cache, tmp_path, monkeypatch
):
    """So that a sweep of many small groups does not wait at the end of each."""
    second_trains, seen, prepare = threading.Event(), [], jobs.prepare

    def prepared(runs):
        if runs[0].config.seed == 1:
            second_trains.set()
        return prepare(runs)

    def finish(run, pairs, **more):
        seen.append(second_trains.wait(30))
        return complete.complete_run(run, pairs, **more)

    monkeypatch.setattr(jobs, "prepare", prepared)
    monkeypatch.setattr(jobs, "complete_run", finish)
    specs = tiny.specs(tiny.quick(cache), {"seed": 0}, {"seed": 1, "model.units": (3,)})
    folders, errors = run_sweep(specs, tmp_path, console=QUIET)
    assert len(folders) == 2 and not errors and seen == [True, True]


def test_progress_counts_detectors_an_hour_and_names_the_failed(monkeypatch):
    monkeypatch.setattr(sweep_folder.time, "perf_counter", lambda: 1810.0)
    assert (
        sweep_folder.Progress(8, done=5, failed=1, started=10.0).rate()
        == "8 detectors/hour, 1 failed"
    )


def test_two_sweeps_on_one_workdir(cache, tmp_path):
    specs = tiny.specs(tiny.config(cache), {"seed": 0})
    with (
        workdirs.opened(tmp_path / "here", identity={"sweep_format": sweep_folder.FORMAT}),
        pytest.raises(UserError, match=r"another process.*works in"),
    ):
        run_sweep(specs, tmp_path / "here", console=QUIET)


@pytest.mark.parametrize(
    ("identity", "said"),
    [({"sweep_format": 9}, "a sweep of format 9.*reads and writes 1"), ({"seed": 1}, "of one run")],
)
def test_the_workdir_of_something_else(cache, tmp_path, identity, said):
    (tmp_path / "config.json").write_text(json.dumps({"config": {}, "identity": identity}))
    with pytest.raises(UserError, match=said):
        run_sweep(tiny.specs(tiny.config(cache), {"seed": 0}), tmp_path, console=QUIET)


CONFIG = """
from vadjax.config import default_config

def get_config():
    config = default_config()
    config.update_from_flattened_dict({values!r})
    return config

def sweep(add):
    for seed in range(4):
        add(seed=seed, **{{"train.learning_rate": 1e30 if seed == 1 else 1e-3}})
"""


@pytest.mark.slow
def test_a_killed_sweep_goes_on_and_a_failed_run_is_listed_last(cache, tmp_path):
    from vadjax import config as configs

    config, workdir = tmp_path / "sweep.py", tmp_path / "sweep"
    config.write_text(CONFIG.format(values=configs.flatten(tiny.quick(cache).to_dict())))
    command = [sys.executable, "-m", "vadjax.sweep", f"--config={config}", f"--workdir={workdir}"]
    command.append("--slots=1")
    first = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 120
    while not (done := list(workdir.glob("runs/*/metrics.json"))):
        assert first.poll() is None and time.monotonic() < deadline, first.communicate()
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    before = {path: path.stat().st_mtime_ns for path in done}
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 1 and "Traceback" not in again.stderr
    assert "1 of 4 runs failed" in again.stderr and "not finite" in again.stderr
    assert "of 4 runs are done already" in again.stdout
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in before.items())
    assert len(list(workdir.glob("runs/*/metrics.json"))) == 3
    assert {p.name for p in workdir.glob("results*")} >= {"results.xlsx", "results.html"}
    assert (workdir / "runs.csv").is_file() and (workdir / "best.json").is_file()
    assert len(list((workdir / "runs").iterdir())) == 4


def test_a_sweep_is_pushed_with_its_tables(cache, tmp_path):
    pytest.importorskip("fsspec", reason="fsspec is not installed (extra stores)")
    address = f"memory://bucket/{tmp_path.name}"
    specs = tiny.specs(tiny.quick(cache), {"seed": 0}, {"seed": 1})
    run_command(specs, tmp_path / "mine", push=address, quiet=True)
    for spec in specs:
        copy = pull_run(f"{address}/runs/{spec.name}", cache_dir=tmp_path / "copies")
        assert scores(copy).keys() == scores(tmp_path / "mine" / "runs" / spec.name).keys()
    tables = pull_run(f"{address}/tables", cache_dir=tmp_path / "copies")
    assert {"results.csv", "results.html", "best.json", "runs.csv"} <= {
        path.name for path in tables.iterdir()
    }


def test_a_store_that_cannot_be_used_is_told_before_training(cache, tmp_path):
    specs = tiny.specs(tiny.quick(cache), {"seed": 0})
    with pytest.raises(UserError, match="nosuch"):
        run_command(specs, tmp_path / "mine", push="nosuch://bucket/sweeps", quiet=True)
    assert not (tmp_path / "mine" / "runs").exists()
