"""Jobs of an array end once each; those without an answer are submitted again."""

import os
import pathlib
import signal

import pytest

from tests.launchers import fake_slurm
from vadjax.runtime.console import Console

pytest.importorskip("submitit", reason="submitit is not installed (extra sweep)")
pytestmark = pytest.mark.slow


@pytest.fixture
def submitted(tmp_path, monkeypatch):
    from submitit.slurm.slurm import SlurmJob

    monkeypatch.setattr(SlurmJob.watcher, "_delay_s", 0.2)
    monkeypatch.setenv("PYTHONPATH", str(pathlib.Path(__file__).parents[2]))
    return fake_slurm.install(tmp_path / "slurm", monkeypatch)


def launched(folder, work, jobs, **options):
    from vadjax.launchers.slurm import SlurmLauncher

    launcher, ended = SlurmLauncher(folder / "jobs", **options), {}
    assert launcher.start(Console(quiet=True)) == 16

    def on_done(number, outcome):
        assert number not in ended
        ended[number] = outcome

    launcher.run(work, jobs, on_done=on_done)
    return ended


def test_a_killed_task_is_submitted_again_and_an_error_is_not(tmp_path, submitted):
    folder = tmp_path / "made"
    folder.mkdir()

    def work(name, number):
        mark = folder / name
        mark.write_text(mark.read_text() + "x" if mark.exists() else "x")
        if name == "killed" and mark.read_text() == "x":
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "wrong":
            raise ValueError("no such number")
        return number * 2

    ended = launched(tmp_path, work, [("fine", 1), ("killed", 2), ("wrong", 3)])
    assert ended[0] == 2 and ended[1] == 4 and "no such number" in str(ended[2])
    assert {p.name: p.read_text() for p in folder.iterdir()} == {
        "fine": "x",
        "killed": "xx",
        "wrong": "x",
    }
    first, second = (path.read_text() for path in sorted(submitted.glob("*.job")))
    assert "#SBATCH --array=0-2" in first and "--array" not in second
    assert "#SBATCH --gpus-per-node=1" in first


def test_a_task_that_is_killed_each_time_is_given_up(tmp_path, submitted):
    def work(number):
        os.kill(os.getpid(), signal.SIGKILL)

    ended = launched(tmp_path, work, [(1,)], retries=1)
    assert isinstance(ended[0], RuntimeError) and len(list(submitted.glob("*.job"))) == 2
