"""Ray loses no run and executes none twice; SLURM gets the script that was asked for."""

import os
import pathlib
import shutil
import signal
import sys
import time

import pytest

from tests.launchers import local_cluster
from tests.sweeps import tiny
from tests.sweeps.test_jobs import QUIET
from vadjax.errors import UserError
from vadjax.launchers import choose
from vadjax.sweeps import launch, worker
from vadjax.sweeps.folder import run_sweep

ROOT = pathlib.Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("name", "package"), [("ray", "ray"), ("slurm", "submitit")])
def test_a_launcher_that_is_not_installed(name, package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=rf"needs {package}, which is not.*vadjax\[sweep\]"):
        choose.choose_launcher(name, folder=tmp_path)


def test_options_that_cannot_be(tmp_path):
    with pytest.raises(UserError, match="'address' does not have the form key=value"):
        choose.choose_launcher("ray", "address", folder=tmp_path)
    pytest.importorskip("ray", reason="Ray is not installed (extra sweep)")
    with pytest.raises(UserError, match=r"Ray option 'adress' unknown.*Did you mean 'address'"):
        choose.choose_launcher("ray", "adress=auto", folder=tmp_path)
    with pytest.raises(UserError, match="retries=x is no number"):
        choose.choose_launcher("ray", "retries=x", folder=tmp_path)
    with pytest.raises(UserError, match="are for --launcher=ray or slurm"):
        choose.choose_launcher("local", "address=auto", folder=tmp_path)


def test_a_lost_worker_is_the_fault_of_what_it_left_undone(tmp_path, cache):
    specs, ended = tiny.specs(tiny.quick(cache), {"seed": 0}), {}
    worker.report_job(specs, tmp_path, RuntimeError("long\nout of luck"), ended.__setitem__)
    assert ended == {specs[0].name: "its worker was lost: RuntimeError: out of luck"}


def test_slurm_without_slurm_is_said(tmp_path, monkeypatch):
    pytest.importorskip("submitit", reason="submitit is not installed (extra sweep)")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UserError, match=r"SLURM cannot be used.*srun"):
        choose.choose_launcher("slurm", folder=tmp_path)


def test_the_sbatch_script_asks_for_what_was_asked(tmp_path, monkeypatch):
    pytest.importorskip("submitit", reason="submitit is not installed (extra sweep)")
    from vadjax.launchers import slurm

    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    options = {"slurm_partition": "gpu", "timeout_min": 90, "slurm_array_parallelism": 8}
    made = slurm.executor(tmp_path, **options)
    inner = made._executor
    command = inner._submitit_command_str
    lines = inner._make_submission_file_text(command, "uid").splitlines()
    asked = {line for line in lines if line.startswith("#SBATCH")}
    assert lines[0] == "#!/bin/bash" and asked >= {
        "#SBATCH --partition=gpu",
        "#SBATCH --time=90",
        "#SBATCH --gpus-per-node=1",
        "#SBATCH --cpus-per-task=4",
        "#SBATCH --job-name=vadjax",
        "#SBATCH --signal=USR2@90",  # before the time is over, the job is put into the queue again
    }
    assert any(sys.executable in line and "submitit" in line for line in lines)
    with pytest.raises(UserError, match="SLURM cannot be used"):
        slurm.executor(tmp_path, slurm_partitoin="gpu")


def test_submitit_does_the_units_and_lists_what_failed(cache, tmp_path):
    pytest.importorskip("submitit", reason="submitit is not installed (extra sweep)")
    from vadjax.launchers.slurm import SlurmLauncher

    specs = tiny.specs(tiny.quick(cache), {"seed": 0}, {"seed": 1, "train.lr": 1e30})
    slurm = SlurmLauncher(tmp_path / "slurm", cluster="local", max_jobs=1, gpus_per_node=0)
    jobs = launch.launched_by(slurm)
    folders, errors = run_sweep(specs, tmp_path, console=QUIET, launch=jobs)
    assert [f.name for f in folders] == [specs[0].name]
    assert list(errors) == [specs[1].name] and "not finite" in errors[specs[1].name]
    assert list((tmp_path / "slurm").glob("*_log.out"))


def test_a_job_that_is_put_into_the_queue_again_is_the_same(tmp_path):
    pytest.importorskip("submitit", reason="submitit is not installed (extra sweep)")
    from vadjax.launchers.slurm import Job

    again = Job(worker.run_job).checkpoint(["a"], tmp_path, 3)
    assert isinstance(again.function, Job) and again.function.work is worker.run_job
    assert again.args == (["a"], tmp_path, 3)


@pytest.mark.filterwarnings("ignore:os.fork")  # Ray starts its nodes from here
def test_ray_loses_no_run_and_does_none_twice_when_a_worker_is_killed(cache, tmp_path, monkeypatch):
    """Two nodes; one worker dies after its first run, in the middle of its unit."""
    ray = pytest.importorskip("ray", reason="Ray is not installed (extra sweep)")
    from vadjax.launchers.ray import RayLauncher
    from vadjax.sweeps import executor

    seen, killed = tmp_path / "seen", tmp_path / "killed"

    def work(job, folder, slots):
        executor.MAX_PENDING = 0  # a run is reported before the next one trains

        def on_done(name, error):
            with seen.open("a") as file:
                file.write(f"{name} {os.getpid()} {ray.get_runtime_context().get_node_id()}\n")
            if job[0].config.seed == 2 and not killed.exists():
                killed.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            until = time.monotonic() + 120
            while not killed.exists() and time.monotonic() < until:
                time.sleep(0.1)  # so that both workers are at work when one dies

        return worker.run_job(job, folder, slots, on_done)

    with local_cluster.two_nodes(monkeypatch, ROOT):
        specs = tiny.specs(tiny.quick(cache), *({"seed": s} for s in range(4)))
        jobs = launch.launched_by(RayLauncher(), work)
        folders, errors = run_sweep(specs, tmp_path / "sweep", console=QUIET, slots=1, launch=jobs)
    names, pids, nodes = zip(*(line.split() for line in seen.read_text().splitlines()), strict=True)
    assert killed.exists() and not errors
    assert sorted(names) == [s.name for s in specs] == sorted(f.name for f in folders)
    assert all((folder / "metrics.json").is_file() for folder in folders)
    dead = pids[names.index(specs[2].name)]
    assert pids.count(dead) == 1 and len(set(nodes)) == 2
