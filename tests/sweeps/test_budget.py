"""What a sweep needs is known before it starts."""

import json

import jax
import numpy as np
import pytest

from tests.sweeps import tiny
from tests.sweeps.test_sweep import QUIET, Heard
from vadjax.errors import UserError
from vadjax.sweeps import budget, local, plan, run
from vadjax.sweeps.group import open_runs, prepare


@pytest.fixture(scope="module")
def swept(cache, tmp_path_factory):
    specs = tiny.specs(tiny.config(cache, train__batch_size=8), {"seed": 0}, {"seed": 1})
    workdir = tmp_path_factory.mktemp("swept")
    local.run_sweep(specs, workdir, console=QUIET)
    return specs, workdir


def test_bytes_are_those_of_the_arrays(swept):
    specs, workdir = swept
    group = prepare(open_runs(specs, workdir / "runs"))
    need = budget.budget(group)
    own, shared = group.tasks[0].member.own, group.shared
    assert need.shared_bytes == sum(x.nbytes for x in jax.tree.leaves(shared))
    # Twice for Adam's moments, once for the best parameters, once for the gradient; some scalars.
    metrics = json.loads((workdir / "runs" / specs[0].name / "metrics.json").read_text())
    params = 4 * metrics["detector"]["parameters"]
    batch = 2 * 8 * 4 * 1280 * 4
    tables = sum(np.asarray(x).nbytes for x in jax.tree.leaves(own))
    assert need.member_bytes == pytest.approx(5 * params + batch + tables, abs=400)
    assert need.slots == 2 and need.devices == 1


def test_members_that_fit_are_counted_on_every_device():
    assert budget.fitting(10, 200, devices=3, limit=1000) == 3 * 60
    assert budget.fitting(1, 0, devices=1, limit=10**9) == budget.MOST
    assert budget.fitting(10**12, 10**12, devices=1, limit=None) == budget.SLOTS
    with pytest.raises(UserError, match=r"one member needs 2.0 GB and the device has 1.5 GB"):
        budget.fitting(10**9, 10**9, devices=1, limit=1_500_000_000)


def test_a_budget_in_words():
    need = budget.Budget(50_000_000, 700_000_000, 96, 2, 16 * 10**9, 10**6, 9000.0)
    assert str(need) == "needs 3.1 GB of 16.0 GB, 48 members per device; at most 2.5 h"


def test_a_dry_run_says_all_and_does_nothing(swept, cache, tmp_path):
    specs, _ = swept
    heard = Heard()
    wide = tiny.specs(specs[0].config, {"seed": 7, "model.units": (6,)})
    run.foresee(plan.grouped([*specs, *wide]), heard)
    assert "2 x synthetic, random_window" in heard.lines[0]
    assert "2 members per device; at most" in heard.lines[0]
    assert "1 member per device; time not measured yet" in heard.lines[1]
    assert heard.lines[2].startswith("  in all: 3 runs, 2 compilations, at most ")
    assert heard.lines[2].endswith("1 groups not measured yet")
    assert not (tmp_path / "runs").exists()
    other = tiny.specs(tiny.config(cache, features__width=64), {"seed": 0})
    heard.lines.clear()
    run.foresee(plan.grouped(other), heard)
    assert "known once the features are extracted" in heard.lines[0]


def test_damaged_measurements_are_no_measurements(tmp_path):
    (tmp_path / budget.FILE).write_text('{"a": [1]}')
    assert budget.read(tmp_path) == {}
