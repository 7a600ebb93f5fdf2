"""A killed sweep goes on with its members in training, and ends with the same bits."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.sweeps import tiny
from vadjax.runtime.console import Console
from vadjax.storage import artifacts
from vadjax.sweeps import kept_members
from vadjax.sweeps.folder import run_sweep
from vadjax.training.population import Population

ROOT = pathlib.Path(__file__).parents[2]
QUIET = Console(quiet=True)


class Killed(BaseException):
    """Stands in for the end of the process: nothing catches it."""


@pytest.fixture
def epochs(monkeypatch):
    """Count the epochs of populations; `limit` ends the process at one of them."""
    train = Population.epoch

    def epoch(self):
        if epoch.count == epoch.limit:
            raise Killed
        epoch.count += 1
        return train(self)

    epoch.count, epoch.limit = 0, -1
    monkeypatch.setattr(Population, "epoch", epoch)
    return epoch


def left(folders) -> list[dict]:
    """Return what sweeps must leave alike: variables and losses of each run."""
    found = []
    for folder in folders:
        state = artifacts.read_state(folder, 0)
        rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        losses = [(row["epoch"], row["train_loss"], row["select_loss"]) for row in rows]
        found.append({"losses": losses, "variables": state["variables"]})
    return found


def alike(one, other):
    import jax

    assert [run["losses"] for run in one] == [run["losses"] for run in other]
    for a, b in zip(one, other, strict=True):
        jax.tree.map(np.testing.assert_array_equal, a["variables"], b["variables"])


def specs_of(cache, num=3, **changes):
    base = tiny.one_class(cache, train__epochs=6, **changes)
    return tiny.specs(base, *({"seed": seed} for seed in range(num)))


def test_a_killed_sweep_goes_on_and_ends_with_the_same_bits(cache, tmp_path, monkeypatch, epochs):
    specs = specs_of(cache)
    whole, _ = run_sweep(specs, tmp_path / "whole", console=QUIET, slots=2)
    assert epochs.count == 12  # two slots of six epochs, then the third
    assert not list((tmp_path / "whole").rglob("training-*"))
    monkeypatch.setattr(kept_members, "SAVE_S", 0.0)
    monkeypatch.setattr(kept_members, "SHARE", 1e9)
    epochs.count, epochs.limit = 0, 4
    with pytest.raises(Killed):
        run_sweep(specs, tmp_path / "killed", console=QUIET, slots=2)
    assert len(list((tmp_path / "killed").rglob("training-fold0.npz"))) == 2
    epochs.count, epochs.limit = 0, -1
    again, errors = run_sweep(specs, tmp_path / "killed", console=QUIET, slots=2)
    assert epochs.count == 8 and not errors  # the last two epochs of two, and the third
    alike(left(whole), left(again))
    assert not list((tmp_path / "killed").rglob("training-*"))


def test_members_of_another_training_start_again(cache, tmp_path, monkeypatch, epochs):
    monkeypatch.setattr(kept_members, "SAVE_S", 0.0)
    monkeypatch.setattr(kept_members, "SHARE", 1e9)
    specs, epochs.limit = specs_of(cache, 1), 3
    with pytest.raises(Killed):
        run_sweep(specs, tmp_path, console=QUIET)
    (path,) = tmp_path.rglob("training-fold0.npz")
    kept = path.read_bytes()
    for wrong in (kept[: len(kept) // 2], b""):  # damaged
        path.write_bytes(wrong)
        epochs.count, epochs.limit = 0, 1
        with pytest.raises(Killed):
            run_sweep(specs, tmp_path, console=QUIET)
    path.write_bytes(kept)
    (other,) = specs_of(cache, 1, train__learning_rate=3e-3)
    epochs.count, epochs.limit = 0, -1
    _, errors = run_sweep(
        [type(other)(specs[0].name, other.values, other.config)], tmp_path, console=QUIET
    )
    assert epochs.count == 6 and not errors


def test_folds_that_ended_are_not_trained_again(cache, tmp_path, monkeypatch, epochs):
    base = tiny.quick(cache, dataset__protocol="by_video", dataset__num_folds=2, train__epochs=4)
    base.evaluate.threshold = "f1"
    specs = tiny.specs(base, {"seed": 0})
    whole, _ = run_sweep(specs, tmp_path / "whole", console=QUIET, slots=1)
    assert epochs.count == 8
    epochs.count, epochs.limit = 0, 5  # in the second fold; nothing was due for writing
    with pytest.raises(Killed):
        run_sweep(specs, tmp_path / "killed", console=QUIET, slots=1)
    epochs.count, epochs.limit = 0, -1
    again, errors = run_sweep(specs, tmp_path / "killed", console=QUIET, slots=1)
    assert epochs.count == 4 and not errors
    alike(left(whole), left(again))


def test_writing_takes_a_twentieth_of_the_time_at_most(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(kept_members.time, "perf_counter", lambda: now[0])
    keeper = kept_members.KeptMembers([])
    assert not keeper.due()
    now[0] += kept_members.SAVE_S
    assert keeper.due()

    def slow(*_):
        now[0] += 10.0

    monkeypatch.setattr(keeper, "_write", slow)
    keeper.write([(None, None, {})])
    now[0] += 199
    assert not keeper.due()
    now[0] += 1
    assert keeper.due()


CONFIG = """
from ml_collections import ConfigDict
from vadjax import config as configs
from vadjax.sweeps import kept_members
kept_members.SAVE_S, kept_members.SHARE = 0.1, 1e9

def get_config(arg=""):
    config = configs.default_config()
    config.update_from_flattened_dict({values!r})
    config.train.epochs = 300
    return config

def sweep(add):
    add(seed=0)
    add(seed=1)
"""


@pytest.mark.slow
def test_a_sweep_killed_by_the_system_goes_on(cache, tmp_path):
    from vadjax import config as configs

    config, workdir = tmp_path / "sweep.py", tmp_path / "sweep"
    config.write_text(CONFIG.format(values=configs.flatten(tiny.one_class(cache).to_dict())))
    command = [sys.executable, "-m", "vadjax.sweep", f"--config={config}", f"--workdir={workdir}"]
    first = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 240
    while not (kept := list(workdir.glob("runs/*/training-fold0.npz"))):
        assert first.poll() is None and time.monotonic() < deadline, first.communicate()
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()

    def epoch(path):
        with np.load(path) as file:
            return len(json.loads(file["kept.json"].tobytes())["history"])

    before = {path: epoch(path) for path in kept}
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert min(before.values()) > 0
    for path in kept:
        rows = [json.loads(line) for line in (path.parent / "log.jsonl").read_text().splitlines()]
        assert [row["epoch"] for row in rows] == list(range(1, 301))
