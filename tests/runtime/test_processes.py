"""Two processes with two devices each: the same training as in one process, and its ends."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from configs.synthetic_motion import get_config
from tests.training import tiny
from vadjax.config import validate
from vadjax.errors import UserError
from vadjax.features.extract import share
from vadjax.pipeline import stages
from vadjax.runtime import processes
from vadjax.storage import artifacts
from vadjax.training.fit import fit
from vadjax.training.log import read_log

ROOT = pathlib.Path(__file__).parents[2]
pytestmark = pytest.mark.slow
TOGETHER = """
import jax, numpy as np
jax.config.update("jax_num_cpu_devices", 2)
from tests.training import tiny
from tests.runtime.test_processes import RATES
from tests.training.test_population import members_of, train
def main(argv):
    process = processes.connect(wait_s=60)
    assert (jax.device_count(), jax.local_device_count()) == (4, 2)
    # Each process has a disk of its own: nobody asks what the second one's holds.
    out = pathlib.Path(argv[1]) / str(process.index)
    for name, epochs in (("fresh", 3), ("from_one", 4)):
        config = tiny.config(epochs=epochs, num_devices=4, batch_size=7)
        result = fit(tiny.Tiny(), tiny.Predict(), tiny.data(), config, workdir=out / name)
        np.savez(out / f"{name}.npz", **result.variables["params"],
                 losses=[(r["train_loss"], r["select_loss"]) for r in result.history])
    data, config = tiny.data(), tiny.config(epochs=2, num_devices=4)
    members = members_of(data, config, tiny.Predict(), seeds=range(4, 9), rates=RATES)
    found = train(tiny.Tiny(), tiny.Predict(), data, config, members, slots=4)
    kernels = {name: e.variables["params"]["kernel"] for name, e in found.items()}
    np.savez(out / "members.npz", **kernels)
    for count, mode in ((3, "shard_map"), (4, "pmap")):
        config = tiny.config(num_devices=count, parallel=mode)
        try:
            fit(tiny.Tiny(), tiny.Predict(), tiny.data(), config, workdir=out / "never")
        except UserError as error:
            print(error)
    with processes.barrier("meeting"):
        pass
    with processes.barrier("meeting again"):
        if process.index:
            raise UserError("no such file")
"""
KILLED = """
import jax
jax.config.update("jax_num_cpu_devices", 2)
from tests.training import tiny
def main(argv):
    process = processes.connect(wait_s=60, heartbeat_s=10)
    def report(row):
        if process.index and row["epoch"] == 4:
            os.kill(os.getpid(), signal.SIGKILL)
    config = tiny.config(epochs=6, num_devices=4, batch_size=7)
    out = pathlib.Path(argv[1]) / "run"
    fit(tiny.Tiny(), tiny.Predict(), tiny.data(), config, workdir=out, report=report)
"""
BEFORE = """
import os, pathlib, signal
from vadjax import cli
from vadjax.runtime import processes
from vadjax.storage import artifacts
from vadjax.errors import UserError
from vadjax.training.fit import fit
"""
MAIN = """
from tests.runtime.test_processes import motion_config
from vadjax.runtime import devices
from vadjax.pipeline import stages
def main(argv):
    devices.setup(argv[1])
    processes.connect(wait_s=60)
    for stage in ("extract", "train"):
        stages.run(motion_config(argv[1]), pathlib.Path(argv[2]), stage=stage)
"""
RATES = (0.05, 0.01, 0.002, 0.03, 0.1)


def motion_config(cache):
    """A run whose features take no network and whose model is small."""
    config = get_config()
    config.dataset.update(num_train=4, num_test=3, num_frames=40, height=96, width=128)
    config.features.update(cache_dir=str(cache), height=32, width=32)
    config.model.channels = (6, 6)
    config.train.update(epochs=2, patience=0, num_devices=0)
    return validate(config)


def run_together(program, *arguments, **environment):
    """Run a program in two processes; return (exit code, standard output, error) of each."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    started = []
    for index in range(2):
        own = {"VADJAX_COORDINATOR": address, "VADJAX_NUM_PROCESSES": "2"}
        own |= {"VADJAX_PROCESS_ID": str(index), "PYTHONPATH": str(ROOT), **environment}
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", f"{BEFORE}{program}\ncli.run(main)", *map(str, arguments)],
                cwd=ROOT,
                env={**os.environ, **own},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    try:
        outputs = [process.communicate(timeout=120) for process in started]
    finally:
        for process in started:
            process.kill()
    return [(p.returncode, *texts) for p, texts in zip(started, outputs, strict=True)]


def alone(workdir, **train):
    """The same training in this process, on one device."""
    config = tiny.config(num_devices=1, batch_size=7, **train)
    return fit(tiny.Tiny(), tiny.Predict(), tiny.data(), config, workdir=workdir)


def assert_equal(found, result):
    losses = [(r["train_loss"], r["select_loss"]) for r in result.history]
    np.testing.assert_allclose(found["losses"], losses, atol=1e-5)
    for key, value in result.variables["params"].items():
        np.testing.assert_allclose(found[key], value, atol=1e-5)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Outputs of two processes; before, one process has trained three epochs of "from_one"."""
    out = tmp_path_factory.mktemp("pair")
    alone(out / "0" / "from_one", epochs=3)
    (out / "1").mkdir()
    done = run_together(TOGETHER, out)
    assert [code for code, *_ in done] == [1, 1], done  # they fail at last, together
    return out, done


def test_two_processes_train_as_one(pair, tmp_path):
    out, _ = pair
    result = alone(tmp_path, epochs=3)
    for index in "01":
        assert_equal(np.load(out / index / "fresh.npz"), result)


def test_only_the_first_process_writes(pair):
    out, _ = pair
    assert {"log.jsonl", "checkpoints"} <= {p.name for p in (out / "0" / "fresh").iterdir()}
    assert not (out / "1" / "fresh").exists()


def test_two_processes_go_on_from_the_checkpoint_of_one(pair, tmp_path):
    out, _ = pair
    assert [row["epoch"] for row in read_log(out / "0" / "from_one")] == [1, 2, 3, 4]
    assert_equal(np.load(out / "1" / "from_one.npz"), alone(tmp_path, epochs=4))


def test_one_process_goes_on_from_the_checkpoint_of_two(pair, tmp_path):
    out, _ = pair
    gone_on, whole = alone(out / "0" / "fresh", epochs=5), alone(tmp_path, epochs=5)
    assert [row["epoch"] for row in gone_on.history] == [1, 2, 3, 4, 5]
    for a, b in zip(
        jax.tree.leaves(gone_on.variables), jax.tree.leaves(whole.variables), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_members_lie_on_the_devices_of_two_processes(pair):
    from tests.training.test_population import members_of, train

    out, _ = pair
    data, config = tiny.data(), tiny.config(epochs=2)
    members = members_of(data, config, tiny.Predict(), seeds=range(4, 9), rates=RATES)
    expected = train(tiny.Tiny(), tiny.Predict(), data, config, members, slots=1)
    for index in "01":
        found = np.load(out / index / "members.npz")
        for name, ended in expected.items():
            kernel = ended.variables["params"]["kernel"]
            np.testing.assert_allclose(found[name], kernel, atol=1e-5)


def test_what_does_not_fit_several_processes_is_said(pair):
    _, done = pair
    for _, text, _ in done:
        assert "choose a multiple of 2" in text and "pmap is for one process" in text


def test_one_that_fails_tells_the_other(pair):
    _, (first, second) = pair
    assert "process 1 of 2 has stopped while meeting again" in first[2]
    assert "vadjax: no such file" in second[2]


def test_a_lost_process_ends_the_run_which_goes_on_from_the_last_checkpoint(tmp_path):
    first, second = run_together(KILLED, tmp_path)
    assert second[0] == -signal.SIGKILL and first[0] == 1
    assert "process 1 of this run was lost" in first[2] and "Traceback" not in first[2]
    assert "last checkpoint" in first[2]
    resumed = alone(tmp_path / "run", epochs=6)
    assert len(read_log(tmp_path / "run")) == 6
    whole = alone(tmp_path / "whole", epochs=6)
    for a, b in zip(
        jax.tree.leaves(resumed.variables), jax.tree.leaves(whole.variables), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_run_of_two_processes_divides_the_videos_and_trains_as_one(tmp_path):
    cache, workdir = tmp_path / "cache", tmp_path / "two"
    done = run_together(MAIN, cache, workdir, JAX_NUM_CPU_DEVICES="2")
    assert [code for code, *_ in done] == [0, 0], done
    assert "144 frames in" in done[0][1]  # of 256
    assert not [line for line in done[1][1].splitlines() if "Gloo" not in line]
    # Its features are there, so one process has only to train.
    stages.run(motion_config(cache), tmp_path / "one", stage="train", quiet=True)
    one, two = (artifacts.read_state(tmp_path / x, 0) for x in ("one", "two"))
    assert one.pop("fitted_on") == two.pop("fitted_on") != {}
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    np.testing.assert_array_equal(one["mean"], two["mean"])


def test_videos_are_divided_evenly_by_their_frames():
    lengths = [5, 100, 7, 40, 40, 20, 8]
    videos = [SimpleNamespace(id=i, frames=range(n)) for i, n in enumerate(lengths)]
    for count in (1, 2, 3, 9):
        shares = [share(videos, index, count) for index in range(count)]
        assert sorted(v.id for mine in shares for v in mine) == list(range(7))  # each once
        assert all([v.id for v in mine] == sorted(v.id for v in mine) for mine in shares)
        frames = [sum(len(v.frames) for v in mine) for mine in shares]
        assert max(frames) <= max(100, sum(lengths) / count + 20)
    assert share(videos, 0, 1) == videos


SLURM = {
    **{"SLURM_JOB_ID": "7", "SLURM_STEP_NODELIST": "n[1-2]", "SLURM_PROCID": "1"},
    **{"SLURM_LOCALID": "0", "SLURM_NTASKS": "2"},
}
ASKED = dict(zip(processes.VARIABLES, ("n1:1234", "4", "3"), strict=True))


@pytest.mark.parametrize(
    ("arguments", "environment", "plan"),
    [
        ({}, {}, None),
        ({}, SLURM, processes.Plan()),
        ({}, {**SLURM, "SLURM_NTASKS": "1"}, None),  # a job, but of one task
        ({}, {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "2"}, None),  # a shell in an allocation
        ({}, {**SLURM, "VADJAX_COORDINATOR": "none"}, None),
        ({}, {**SLURM, **ASKED}, processes.Plan("n1:1234", 4, 3)),
        ({"coordinator": "auto"}, {}, processes.Plan()),
        ({"process_id": 0}, ASKED, processes.Plan("n1:1234", 4, 0)),  # flags before variables
        ({"num_processes": 1, "process_id": 0}, ASKED, None),
    ],
)
def test_processes_are_asked_for_or_detected(arguments, environment, plan):
    assert processes.plan(**arguments, environment=environment) == plan


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"VADJAX_PROCESS_ID": ""}, "needs --process_id too"),
        ({"VADJAX_COORDINATOR": "n1"}, "give host:port and two whole numbers"),
        ({"VADJAX_PROCESS_ID": "4"}, "with 4 processes it is 0 to 3"),
    ],
)
def test_what_processes_are_told_is_checked(changes, message):
    with pytest.raises(UserError, match=message):
        processes.plan(environment={**ASKED, **changes})


def test_a_coordinator_that_does_not_answer_is_named():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(UserError, match=f"nothing answers at the coordinator {address}"):
        processes.connect(address, num_processes=2, process_id=1, wait_s=0)
