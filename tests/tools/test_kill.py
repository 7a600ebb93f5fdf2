"""tools/kill.py notices what a kill has lost, and loses nothing of a sweep and of detect."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tools.kill import Outcome, Process, table
from tools.killing.jobs import make_jobs
from tools.killing.results import differences, unreadable


@pytest.fixture
def results(tmp_path):
    """Return two equal folders of results, of two runs of other times on other machines."""
    for name, host in (("wanted", "a"), ("found", "b")):
        folder = tmp_path / name / "runs" / "one"
        (folder / "tensorboard").mkdir(parents=True)
        (folder / "tensorboard" / f"events.{host}").write_bytes(b"")
        (folder / "run.log").write_text(host)
        np.savez(folder / "scores.npz", scores=np.arange(5, dtype=np.float32))
        metrics = {"frame": {"auc_micro": 0.75}, "environment": {"host": host}, "timing": host}
        (folder / "metrics.json").write_text(json.dumps(metrics))
        (folder / "scores.csv").write_text("video,frame,score\nd,0,1.5\n")
        (folder / "report.html").write_text(f"<html>{host}</html>")
    return tmp_path / "wanted", tmp_path / "found"


def test_times_and_machines_are_no_difference(results):
    assert differences(*results) == [] and unreadable(results[1]) == []


def change_a_bit(folder):
    scores = np.arange(5, dtype=np.float32)
    scores[3] = np.nextafter(scores[3], np.float32(9))
    np.savez(folder / "scores.npz", scores=scores)


def change_a_figure(folder):
    text = (folder / "metrics.json").read_text()
    (folder / "metrics.json").write_text(text.replace("0.75", "0.7500001"))


CHANGES = {
    "runs/one/scores.npz: scores": change_a_bit,
    "runs/one/metrics.json: frame": change_a_figure,
    "runs/one/scores.csv: other rows": lambda f: (f / "scores.csv").write_text("a,b\nd,1\n"),
    "runs/one/report.html: missing": lambda f: (f / "report.html").unlink(),
    "runs/one/.tmp-1.npz: left over": lambda f: (f / ".tmp-1.npz").write_bytes(b""),
}


@pytest.mark.parametrize("fault", CHANGES)
def test_each_loss_is_noticed(results, fault):
    CHANGES[fault](results[1] / "runs" / "one")
    assert differences(*results) == [fault]


@pytest.mark.parametrize("name", ["scores.npz", "metrics.json", "scores.csv", "report.html"])
def test_half_a_file_is_noticed(results, name):
    path = results[1] / "runs" / "one" / name
    path.write_bytes(path.read_bytes()[:-3])
    [fault] = unreadable(results[1])
    assert fault.startswith(f"runs/one/{name}: ")


def test_the_table_counts_by_job_and_stage(tmp_path):
    jobs = {job.name: job for job in make_jobs(tmp_path)}
    assert list(jobs) == ["synthetic", "folder", "sweep", "detect"]
    outcomes = [
        (jobs["sweep"], Outcome("whole", [], 2.0)),
        (jobs["sweep"], Outcome("whole", ["gone"], 4.0)),
        (jobs["folder"], Outcome("", [])),
    ]
    assert table(outcomes).splitlines()[2:] == ["| sweep | whole | 2 | 1 | 3.0 |"]


@pytest.mark.slow
def test_killed_runs_end_as_others_do(tmp_path):
    command = [sys.executable, "tools/kill.py", "--kills=4", "--seed=3"]
    command += [f"--folder={tmp_path / 'kills'}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 kills, 0 with something lost" in done.stdout
    shutil.rmtree(tmp_path / "kills")


def test_a_process_that_ends_before_its_stage_is_not_waited_for():
    code = "print('[1/6] extract', flush=True)"
    process = Process([sys.executable, "-c", code], dict(os.environ), ("extract", "train"))
    process.wait_for("train")
    assert list(process.moments) == ["start", "extract"]
    assert process.end(timeout=10) == 0 and not process.kill()
