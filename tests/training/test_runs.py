"""Runs of neighbouring windows: their frames projected once, with the results of the plain path."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models import build
from tests.training import tiny
from tests.training.test_population import assert_same, members_of, train
from vadjax.data.splits.windows import window_table
from vadjax.training.fit import fit
from vadjax.training.inputs import TrainingData, resident_arrays
from vadjax.training.population import train_members
from vadjax.training.runs import cut_runs, pad_runs
from vadjax.training.step import Settings


@settings(deadline=None, max_examples=40, derandomize=True)
@given(
    lengths=st.lists(st.integers(0, 30), min_size=1, max_size=4),
    length=st.integers(1, 5),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 3),
    size=st.integers(1, 9),
)
def test_runs_hold_every_window_once_and_cross_no_clip(lengths, length, stride, dilation, size):
    table = window_table(lengths, length=length, stride=stride, dilation=dilation)
    if not len(table):
        return
    runs = cut_runs(table, size)
    kept = runs["weight"] > 0
    assert sorted(runs["index"][kept]) == list(range(len(table)))
    rows = np.take_along_axis(runs["frames"][:, None], runs["local"], axis=2)
    np.testing.assert_array_equal(rows[kept], table.rows[runs["index"][kept]])
    for index, real in zip(runs["index"], kept, strict=True):
        assert len(set(table.video[index[real]])) == 1


def _data(model):
    rng = np.random.default_rng(0)
    return TrainingData(
        clips=[rng.normal(size=(60, *model.feature_shape)).astype(np.float32)],
        frame_labels=rng.integers(0, 2, 60).astype(np.int32),
        train=window_table([25, 21], length=build.STEPS, stride=1),
        validation=window_table([14], length=build.STEPS, stride=1, starts=[46]),
    )


@pytest.mark.parametrize(
    ("name", "bidirectional", "task"),
    [("gru", False, "predict"), ("lstm", True, "classify"), ("dense", False, "classify")],
)
def test_a_shared_projection_changes_nothing(name, bidirectional, task, monkeypatch):
    model = build.model(name, bidirectional=bidirectional, task=task)
    data, objective = _data(model), build.objective(task)
    config = tiny.config(epochs=2)
    members = members_of(data, config, objective, seeds=(4,), rates=(0.001,))
    arrays = resident_arrays(data, run_size=8)

    def trained(model):
        monkeypatch.setattr("tests.training.test_population.resident_arrays", lambda data: arrays)
        return train(model, objective, data, config, members, slots=1)["seed4"]

    class Plain:  # the same model without the method that shares
        reductions = model.reductions
        init, apply = staticmethod(model.init), staticmethod(model.apply)

    shared, plain = trained(model), trained(Plain())
    for a, b in zip(
        jax.tree.leaves(shared.variables), jax.tree.leaves(plain.variables), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-5)
    rows = [[r["train_loss"], r["select_loss"]] for r in shared.progress.history]
    wanted = [[r["train_loss"], r["select_loss"]] for r in plain.progress.history]
    np.testing.assert_allclose(rows, wanted, atol=1e-5)


def test_a_config_asks_for_runs(tmp_path):
    data = tiny.data()
    result = fit(
        tiny.Tiny(), tiny.Predict(), data, tiny.config(batches="runs"), workdir=tmp_path / "runs"
    )
    assert result.history[0]["step"] == 4 + 3  # clips of 26 and 18 windows in runs of 8
    plain = fit(tiny.Tiny(), tiny.Predict(), data, tiny.config(), workdir=tmp_path / "plain")
    assert plain.history[0]["step"] == 6
    assert result.history[-1]["select_loss"] < result.history[0]["select_loss"]


def run(model, objective, config, members, shared, *, slots):
    """Train members on what is shared; returns name -> what was left of each."""
    settings = Settings(batch_size=8, optimizer=config.train.optimizer)
    more = {"members": members, "shared": shared, "train": config.train, "slots": slots}
    return {e.member.name: e for e in train_members(model, objective, settings, **more)}


def test_members_of_a_population_train_on_runs_as_alone():
    model, objective = build.model("lstm"), build.objective("predict")
    config, data = tiny.config(epochs=2), _data(model)
    members = members_of(data, config, objective, seeds=(4, 5), rates=(0.001, 0.0003))
    shared = resident_arrays(data, run_size=8)
    found = [run(model, objective, config, members, shared, slots=n) for n in (2, 1)]
    assert_same(*found)


@pytest.mark.slow
def test_members_of_other_clips_train_on_runs_as_alone():
    model, objective = build.model("gru"), build.objective("predict")
    config, data = tiny.config(epochs=3), _data(model)
    members, alone, own = members_of(data, config, objective, rates=(0.003, 0.001, 0.0003)), {}, []
    for lengths, starts in (([25, 21], [0, 25]), ([12], [30]), ([9, 8, 7], [0, 20, 40])):
        table = window_table(lengths, length=build.STEPS, stride=1, starts=starts)
        own.append((table, cut_runs(table, 8)))
    shapes = [cut["frames"].shape for _, cut in own]
    num_runs, num_frames = (max(n) for n in zip(*shapes, strict=True))
    assert len({shape[0] for shape in shapes}) > 1 and len({shape[1] for shape in shapes}) > 1
    longest = max(len(table) for table, _ in own)
    together = []
    for member, (table, cut) in zip(members, own, strict=True):
        alone |= run(
            model,
            objective,
            config,
            [member],
            resident_arrays(data._replace(train=table), run_size=8),
            slots=1,
        )
        fill = longest - len(table)
        rows = np.pad(table.rows, ((0, fill), (0, 0)), mode="edge")
        padded = pad_runs(cut, num_runs=num_runs, num_frames=num_frames)
        padded |= {"rows": rows, "video": np.pad(table.video, (0, fill))}
        together.append(member._replace(own={"train": padded}))
    shared = resident_arrays(data, run_size=8)
    found = run(model, objective, config, together, shared, slots=3)
    assert_same(found, alone)
    for name, ended in found.items():
        steps = [[row["step"] for row in e.progress.history] for e in (ended, alone[name])]
        assert steps[0] == steps[1]
