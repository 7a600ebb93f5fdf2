"""A search proposes valid runs, ranks them by held-out loss, and can be resumed."""

import json
import sys

import numpy as np
import pytest

from tests.sweeps import tiny
from tests.sweeps.test_jobs import RecordingConsole
from vadjax import config as configs
from vadjax.errors import UserError
from vadjax.sweeps import group, plan
from vadjax.sweeps.command import run_command
from vadjax.sweeps.search import Search
from vadjax.sweeps.search_space import read_space

optuna = pytest.importorskip("optuna", reason="Optuna is not installed (extra sweep)")
BASE = configs.default_config()


def space(add):
    add("train.lr", low=1e-4, high=1e-2, log=True)
    add("model.units", choices=[(3,), (4, 5)])


@pytest.mark.parametrize("kind", ["random", "sobol"])
def test_proposals_are_valid_runs_and_the_same_again(kind):
    axes = read_space(space, BASE)
    specs = Search(kind, axes, BASE, 8).specs
    rates = [s.config.train.learning_rate for s in specs]
    assert len(set(rates)) == 8 and min(rates) >= 1e-4 and max(rates) <= 1e-2
    assert all(rate == float(f"{rate:.4g}") for rate in rates), "as people write them"
    assert {s.config.model.units for s in specs} == {(3,), (4, 5)}
    assert len(plan.group_by_shape(specs)) == 2
    assert [s.values for s in Search(kind, axes, BASE, 8).specs] == [s.values for s in specs]


def test_sobol_fills_the_space_evenly():
    axes = read_space(lambda add: add("model.dropout", low=0.0, high=0.8), BASE)
    found = [s.config.model.dropout for s in Search("sobol", axes, BASE, 17).specs]
    counts = np.histogram(found[1:], bins=8, range=(0, 0.8))[0]  # Optuna draws the first at random
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize(
    ("axis", "said"),
    [
        (("train.learning_rat", {"low": 0, "high": 1}), "Did you mean 'train.learning_rate'"),
        (("model.units", {"choices": []}), "axis model.units is empty"),
        (("train.lr", {"low": 1.0, "high": 0.1}), "axis train.learning_rate is empty"),
        (("seed", {"low": 0, "high": 9}), "seed cannot be an axis of a search"),
        (("features.backbone", {"choices": ["resnet18"]}), "features.backbone cannot be an axis"),
    ],
)
def test_an_axis_that_cannot_be_is_said(axis, said):
    with pytest.raises(UserError, match=said):
        read_space(lambda add: add(axis[0], **axis[1]), BASE)


def test_a_protocol_without_held_out_windows_is_not_searched(cache):
    axes = read_space(space, BASE)
    leaky = tiny.quick(cache, dataset__protocol="published_shuffled")
    with pytest.raises(UserError, match="early stopping uses the very windows"):
        Search("random", axes, leaky, 2)
    with pytest.raises(UserError, match="one fold after another"):
        Search("halving", axes, tiny.quick(cache, dataset__protocol="by_video"), 2)


def test_without_optuna_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UserError, match=r"pip install 'vadjax\[sweep\]'"):
        Search("random", {}, BASE, 1)


def test_halving_stops_the_worse_and_goes_on(cache, tmp_path, monkeypatch):
    def rates(add):
        add("train.learning_rate", low=1e-7, high=1e-2, log=True)

    base = tiny.quick(cache, train__epochs=9)
    axes = read_space(rates, base)
    monkeypatch.setattr("vadjax.comparison.compare.run", lambda *a, **k: None)  # tested elsewhere
    search = Search("halving", axes, base, 6)
    run_command(search.specs, tmp_path, search=search, slots=6, quiet=True)
    found = json.loads((tmp_path / "search.json").read_text())
    states = {row["run"]: row["state"] for row in found["runs"]}
    assert set(states.values()) == {"COMPLETE", "PRUNED"}
    losses = {row["run"]: row["loss"] for row in found["runs"]}
    assert found["best"]["loss"] == min(v for k, v in losses.items() if states[k] == "COMPLETE")
    for name, state in states.items():
        workdir = tmp_path / "runs" / name
        epochs = len((workdir / "log.jsonl").read_text().splitlines())
        assert (workdir / "metrics.json").exists() == (state == "COMPLETE")
        assert epochs == 9 if state == "COMPLETE" else epochs in (1, 3)
        if state == "PRUNED":
            assert json.loads((workdir / "stopped.json").read_text())["epochs"] == epochs
    # Started again, nothing is trained, and the study ends as it did.
    monkeypatch.setattr(group, "train_members", None)
    again = Search("halving", axes, base, 6)
    run_command(again.specs, tmp_path, search=again, slots=6, quiet=True)
    assert json.loads((tmp_path / "search.json").read_text()) == found
    # A plain sweep of the same runs trains those to the end that were stopped.
    console = RecordingConsole()
    from vadjax.sweeps.status import is_done

    stopped = [s for s in again.specs if states[s.name] == "PRUNED"]
    assert not any(is_done(s, tmp_path / "runs", console) for s in stopped)
