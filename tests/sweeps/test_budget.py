"""Memory and time of a sweep are estimated before it starts."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from tests.models import build
from tests.sweeps import tiny
from tests.sweeps.test_jobs import QUIET, RecordingConsole
from tests.training import tiny as training
from tests.training.test_population import members_of
from vadjax.data.splits.windows import window_table
from vadjax.errors import UserError
from vadjax.sweeps import budget, measurements, plan
from vadjax.sweeps.command import run_command
from vadjax.sweeps.dry_run import print_estimates
from vadjax.sweeps.folder import run_sweep
from vadjax.sweeps.group import open_runs, prepare
from vadjax.training import member as training_member
from vadjax.training import population
from vadjax.training.inputs import TrainingData, resident_arrays
from vadjax.training.parallel import Devices
from vadjax.training.step import Settings


@pytest.fixture(scope="module")
def swept(cache, tmp_path_factory):
    specs = tiny.specs(tiny.config(cache, train__batch_size=8), {"seed": 0}, {"seed": 1})
    workdir = tmp_path_factory.mktemp("swept")
    run_sweep(specs, workdir, console=QUIET)
    return specs, workdir


def test_bytes_are_those_of_the_arrays(swept):
    specs, workdir = swept
    group = prepare(open_runs(specs, workdir / "runs"))
    need = budget.estimate_budget(group)
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
    assert budget.max_members(10, 200, devices=3, limit=1000) == 3 * 60
    assert budget.max_members(1, 0, devices=1, limit=10**9) == budget.MAX_PER_DEVICE
    assert budget.max_members(10**12, 10**12, devices=1, limit=None) == budget.DEFAULT_SLOTS
    with pytest.raises(UserError, match=r"one member needs 2.0 GB and the device has 1.5 GB"):
        budget.max_members(10**9, 10**9, devices=1, limit=1_500_000_000)


def test_a_budget_in_words():
    need = budget.Budget(50_000_000, 700_000_000, 96, 2, 16 * 10**9, 10**6, 9000.0, True)
    assert (
        str(need) == "needs 3.1 GB of 16.0 GB, 48 members per device; training at most 2 h 30 min"
    )


def test_a_dry_run_says_all_and_does_nothing(swept, cache, tmp_path):
    specs, _ = swept
    console = RecordingConsole()
    wide = tiny.specs(specs[0].config, {"seed": 7, "model.units": (6,)})
    print_estimates(plan.group_by_shape([*specs, *wide]), console)
    assert "2 x synthetic, random_window" in console.lines[0]
    assert "2 members per device; training at most" in console.lines[0]
    assert "1 member per device; time not measured yet" in console.lines[1]
    assert console.lines[2].startswith("  total: 3 runs, 2 compilations, training at most ")
    assert console.lines[2].endswith("1 group not measured yet")
    assert not (tmp_path / "runs").exists()
    other = tiny.specs(tiny.config(cache, features__width=64), {"seed": 0})
    console.lines.clear()
    print_estimates(plan.group_by_shape(other), console)
    assert "known once the features are extracted" in console.lines[0]


def test_a_dry_run_on_the_workdir_of_something_else_says_so(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"config": {}, "identity": {"seed": 1}}))
    with pytest.raises(UserError, match="the workdir of one run"):
        run_command([], tmp_path, dry_run=True, quiet=True)


def test_a_dry_run_is_of_what_is_left(swept, capsys):
    specs, workdir = swept
    more = tiny.specs(specs[0].config, {"seed": 0}, {"seed": 1}, {"seed": 2})
    run_command(more, workdir, dry_run=True)
    said = capsys.readouterr().out
    assert "2 of 3 runs are done already" in said and "total: 1 run, 1 compilation" in said
    run_command(more[:2], workdir, dry_run=True)
    said = capsys.readouterr().out
    assert "2 of 2 runs are done already" in said and "total" not in said


def test_a_dry_run_of_what_cannot_run_fails_and_says_each_cause_once(cache, tmp_path):
    lost = tiny.config(cache, dataset__name="folder", dataset__data_dir=str(tmp_path / "none"))
    specs = tiny.specs(lost, {"seed": 0}, {"seed": 1, "model.units": (6,)})
    console = RecordingConsole()
    with pytest.raises(UserError, match=r"2 of 2 groups cannot run; fix this first: .*none"):
        print_estimates(plan.group_by_shape(specs), console)
    assert "does not exist" in console.lines[0]
    assert console.lines[1].endswith("cannot run, as above")


def test_damaged_measurements_are_no_measurements(tmp_path):
    (tmp_path / measurements.THROUGHPUT).write_text('{"a": [1]}')
    assert measurements.read_measurements(tmp_path) == {}


def test_what_the_compiler_plans_for_two_holds_for_more(cache):
    """A plan from one compilation covers what XLA then takes for four, and not thrice that."""
    model, objective = build.model("lstm"), build.objective("predict")
    data, config = _windows(model), training.config(batch_size=16)
    members = members_of(data, config, objective, seeds=range(4, 8), rates=(0.01,) * 4)
    settings, shared = Settings(batch_size=16), resident_arrays(data)
    each = training_member.working_bytes(
        model, objective, settings, member=members[0], shared=shared
    )
    taken = []

    class Watched(Devices):
        def program(self, *args, **kwargs):
            made = super().program(*args, **kwargs)
            taken.append(made.memory_analysis().temp_size_in_bytes)
            return made

    more = {"members": members, "shared": shared, "devices": Watched(1, members=4)}
    population.Population(model, objective, settings, **more)
    assert taken[0] <= 1.1 * 4 * each <= 3 * taken[0]


def test_a_device_that_tells_its_memory_is_planned_by_the_compiler(swept, monkeypatch):
    specs, workdir = swept
    group = prepare(open_runs(specs, workdir / "runs"))
    (group.runs[0].cache / measurements.MEMORY).unlink(missing_ok=True)
    asked = []
    monkeypatch.setattr(budget, "training_devices", lambda count: (1, 10**9))
    monkeypatch.setattr(
        budget.training_member, "working_bytes", lambda *a, **k: asked.append(k) or 10**8
    )
    need = budget.estimate_budget(group)
    assert need.planned and need.slots == 2 and 10**8 < need.member_bytes < 1.1 * 10**8
    assert "by the sizes" not in str(need) and "of 1.0 GB, 2 members per device" in str(need)
    assert "by the sizes of arrays" in str(dataclasses.replace(need, planned=False))
    budget.estimate_budget(group)
    assert len(asked) == 1  # kept
    (group.runs[0].cache / measurements.MEMORY).unlink()


def _windows(model):
    features = np.random.default_rng(0).normal(size=(120, *model.feature_shape))
    return TrainingData(
        clips=[features.astype(np.float32)],
        train=window_table([100], length=build.STEPS, stride=1),
        validation=window_table([20], length=build.STEPS, stride=1, starts=[100]),
    )
