"""Runs of neighbouring windows: their frames projected once, with the results of the plain path."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models import build
from tests.training import tiny
from tests.training.test_population import members_of, train
from vadjax.data.windows import window_table
from vadjax.training.fit import fit
from vadjax.training.inputs import TrainingData, resident_arrays
from vadjax.training.runs import cut_runs


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
        features=rng.normal(size=(60, *model.feature_shape)).astype(np.float32),
        frame_labels=rng.integers(0, 2, 60).astype(np.int32),
        video_labels=None,
        train=window_table([25, 21], length=build.STEPS, stride=1),
        select=window_table([14], length=build.STEPS, stride=1, starts=[46]),
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
