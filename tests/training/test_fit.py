"""`fit` from end to end: resuming, stopping, logging, and what it refuses."""

import logging
import os
import pathlib
import signal
import struct
import subprocess
import sys

import numpy as np
import pytest
from tensorboardX.proto import event_pb2

from tests.training import tiny
from vadjax.data.splits.windows import window_table
from vadjax.errors import UserError
from vadjax.storage.checkpoints import Checkpoints
from vadjax.training.fit import fit
from vadjax.training.hyperparameters import hyperparameters
from vadjax.training.log import read_log
from vadjax.training.progress import Progress

ROOT = pathlib.Path(__file__).parents[2]


def _fit(workdir, *, objective=None, data=None, name="", report=lambda row: None, **train):
    return fit(
        tiny.Tiny(),
        objective or tiny.Predict(),
        data or tiny.data(),
        tiny.config(**train),
        workdir=workdir,
        name=name,
        report=report,
    )


def _kernel(result):
    return result.variables["params"]["kernel"]


def _records(path):
    """The records of a TFRecord file: length, its checksum, bytes, their checksum."""
    content = path.read_bytes()
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        yield content[12 : 12 + length]
        content = content[16 + length :]


def test_a_run_learns_logs_and_leaves_two_checkpoints(tmp_path):
    rows = []
    result = _fit(tmp_path, epochs=5, report=rows.append)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5]
    assert rows == result.history == read_log(tmp_path)
    assert set(rows[0]) == {
        *("epoch", "step", "wall_s", "windows_per_s", "train_loss", "select_loss"),
        *("learning_rate", "best_epoch"),
    }
    assert rows[-1]["select_loss"] < rows[0]["select_loss"]
    assert rows[1]["step"] == 2 * -(-44 // 8)  # 26 + 18 windows in batches of 8
    assert result.best_metric == min(row["select_loss"] for row in rows)
    assert result.stopped == "all 5 epochs done" and result.notes == ()
    assert result.compile_s > 0 and result.windows_per_s > 0
    (board,) = (tmp_path / "tensorboard").iterdir()
    scalars = [
        (event.step, value.tag, value.simple_value)
        for event in map(event_pb2.Event.FromString, _records(board))
        for value in event.summary.value
    ]
    assert len(scalars) == 5 * 4
    assert scalars[4] == (rows[1]["step"], "train_loss", pytest.approx(rows[1]["train_loss"]))
    with Checkpoints(tmp_path / "checkpoints") as checkpoints:
        assert checkpoints.latest("last") == 5
        variables, _ = checkpoints.restore("best", result.variables)
    np.testing.assert_array_equal(variables["params"]["kernel"], _kernel(result))


def test_a_finished_run_is_not_trained_again_and_may_be_prolonged(tmp_path, monkeypatch):
    said = []
    log = logging.getLogger("vadjax.training.fit")
    monkeypatch.setattr(log, "info", lambda text, *values: said.append(text % values))
    first = _fit(tmp_path, epochs=3)
    again = _fit(tmp_path, epochs=3, report=lambda row: pytest.fail("trained"))
    assert len(said) == 1  # where the data are
    np.testing.assert_array_equal(_kernel(first), _kernel(again))
    assert again.compile_s == 0 and again.history == first.history
    longer = _fit(tmp_path, epochs=6)
    assert said[1] == "resuming at epoch 4"
    at_once = _fit(tmp_path / "at_once", epochs=6)
    np.testing.assert_array_equal(_kernel(longer), _kernel(at_once))
    assert longer.notes == () and [row["epoch"] for row in read_log(tmp_path)] == [*range(1, 7)]


def test_a_prolonged_cosine_is_said():
    kept = {"epochs": 2, "history": [{"epoch": 1, "best_epoch": 1}, {"epoch": 2, "best_epoch": 2}]}

    def notes(**train):
        return Progress(tiny.config(**train).train, name="", windows=1, kept=kept).notes

    (note,) = notes(epochs=3, schedule="cosine")
    assert "planned for 2 epochs up to epoch 2 and for 3 from there on" in note
    assert notes(epochs=2, schedule="cosine") == notes(epochs=3, schedule="constant") == []


PROGRAM = """
import sys, pathlib
from tests.training import tiny
from vadjax.training.fit import fit
workdir, kill_at = pathlib.Path(sys.argv[1]), int(sys.argv[2])
def report(row):
    print(row["epoch"], flush=True)
    if row["epoch"] >= kill_at:
        sys.stdin.read()  # wait here to be killed
result = fit(tiny.Tiny(), tiny.Predict(), tiny.data(), tiny.config(epochs=9, checkpoint_every=2),
             workdir=workdir, report=report)
"""


def _killed(workdir, *, at):
    """Start a training in a process of its own and kill it after epoch `at`."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(workdir), str(at)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    epochs = []
    for line in process.stdout:
        epochs.append(int(line))
        if epochs[-1] >= at:
            break
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stdin.close(), process.stdout.close()
    return epochs


@pytest.mark.slow
def test_killed_twice_and_started_again_gives_the_same_bits(tmp_path):
    settings = {"epochs": 9, "checkpoint_every": 2}
    whole = _fit(tmp_path / "whole", **settings)
    assert _killed(tmp_path / "cut", at=5) == [1, 2, 3, 4, 5]
    with (tmp_path / "cut" / "log.jsonl").open("a") as log:
        log.write('{"epoch": 6, "st')  # a line that the kill cut off
    first = _killed(tmp_path / "cut", at=7)
    assert 1 < first[0] <= 5  # not from the beginning, and at a checkpoint
    rows = []
    resumed = _fit(tmp_path / "cut", **settings, report=rows.append)
    assert rows[0]["epoch"] in (5, 7) and rows[-1]["epoch"] == 9
    for a, b in zip(whole.history, resumed.history, strict=True):
        for key in ("epoch", "step", "train_loss", "select_loss", "learning_rate", "best_epoch"):
            assert a[key] == b[key]
    np.testing.assert_array_equal(_kernel(whole), _kernel(resumed))
    assert [row["epoch"] for row in read_log(tmp_path / "cut")] == [*range(1, 10)]
    assert resumed.history == read_log(tmp_path / "cut")


def test_early_stopping_keeps_the_best_epoch(tmp_path):
    # The held-out clip is noise about 0: what is learned from the others makes its loss rise.
    data = tiny.data()
    features = np.concatenate(data.clips)
    features[52:] = np.random.default_rng(1).normal(size=features[52:].shape)
    data = data._replace(clips=[features])
    result = _fit(tmp_path, data=data, epochs=60, patience=3)
    losses = [row["select_loss"] for row in result.history]
    assert len(losses) < 60 and result.best_epoch == 1 + int(np.argmin(losses))
    assert len(losses) - result.best_epoch == 3
    assert result.stopped == f"stopped after epoch {len(losses)}, 3 epochs without a better loss"
    exact = _fit(tmp_path / "exact", data=data, epochs=result.best_epoch)
    np.testing.assert_array_equal(_kernel(result), _kernel(exact))


def test_folds_share_a_workdir(tmp_path):
    for name in ("fold0", "fold1"):
        _fit(tmp_path, name=name, epochs=2)
    assert [(row["name"], row["epoch"]) for row in read_log(tmp_path)] == [
        *[("fold0", 1), ("fold0", 2), ("fold1", 1), ("fold1", 2)]
    ]
    assert (tmp_path / "checkpoints" / "fold1" / "best").is_dir()


def test_a_loss_that_is_not_finite_stops_and_keeps_the_state_before(tmp_path):
    _fit(tmp_path, epochs=2)

    class Exploding(tiny.Predict):
        def loss(self, outputs, windows, batch, hparams):
            sums, weights = super().loss(outputs, windows, batch, hparams)
            return sums / 0.0, weights

    with pytest.raises(UserError, match=r"not finite in epoch 3 at step 12\. Try a lower") as error:
        _fit(tmp_path, objective=Exploding(), epochs=3)
    assert "train.clip_norm (now 0.5)" in str(error.value)
    assert str(error.value).endswith("The last checkpoint is left as it was.")
    with Checkpoints(tmp_path / "checkpoints") as checkpoints:
        assert checkpoints.latest("last") == 2
    assert _fit(tmp_path, epochs=3).history[-1]["epoch"] == 3


def test_another_training_on_the_same_folder_is_refused(tmp_path):
    _fit(tmp_path, epochs=1)
    with pytest.raises(UserError, match=r"learning_rate: 0\.01 there, 0\.5 asked"):
        _fit(tmp_path, epochs=1, learning_rate=0.5)
    with pytest.raises(UserError, match=r"belongs to another model(?s:.)*kernel"):
        _fit(tmp_path, epochs=1, data=tiny.data(width=5))


def test_data_that_cannot_be_trained_on(tmp_path):
    data = tiny.data()
    features = np.concatenate(data.clips)
    features[3, 1], features[3, 2], features[60, 0] = np.nan, np.inf, -np.inf
    with pytest.raises(UserError, match="2 of 72 feature rows hold NaN or infinity"):
        _fit(tmp_path, data=data._replace(clips=[features]))
    too_long = window_table([30, 22], length=31, stride=1)
    with pytest.raises(UserError, match="31 rows is longer than every training clip"):
        _fit(tmp_path, data=data._replace(train=too_long))
    with pytest.raises(UserError, match="longer than every validation clip"):
        _fit(tmp_path, data=data._replace(validation=too_long))
    outside = window_table([100], length=5, stride=1)
    with pytest.raises(ValueError, match="outside the features"):
        _fit(tmp_path, data=data._replace(train=outside))
    with pytest.raises(UserError, match="learns from labels"):
        _fit(tmp_path, objective=tiny.Classify())
    with pytest.raises(UserError, match=r"num_devices is 99, but JAX sees"):
        _fit(tmp_path, num_devices=99)
    with pytest.raises(UserError, match=r"'pmapp' unknown.*Did you mean 'pmap'"):
        _fit(tmp_path, parallel="pmapp")
    assert not list(tmp_path.iterdir())


def test_class_weights_are_balanced_over_the_fitted_windows(tmp_path):
    data = tiny.data(labels=True)
    config = tiny.config()
    weights = hyperparameters(data, config, tiny.Classify())["class_weight"]
    labels = data.frame_labels[data.train.rows[:, -1]]
    np.testing.assert_allclose(weights[labels].sum(), len(labels), rtol=1e-6)
    np.testing.assert_allclose(weights[labels][labels == 1].sum(), len(labels) / 2, rtol=1e-6)
    assert np.isfinite(_fit(tmp_path, objective=tiny.Classify(), data=data).best_metric)
    one_class = data._replace(frame_labels=np.zeros_like(data.frame_labels))
    with pytest.raises(UserError, match="all 44 training windows are of class 0"):
        hyperparameters(one_class, config, tiny.Classify())
    config.objective.class_weight = "none"
    np.testing.assert_array_equal(
        hyperparameters(one_class, config, tiny.Classify())["class_weight"], [1, 1]
    )


def test_class_weights_may_be_given(tmp_path):
    data, config = tiny.data(labels=True), tiny.config()
    config.objective.class_weight = "1, 2.5"
    weights = hyperparameters(data, config, tiny.Classify())["class_weight"]
    assert weights.tolist() == [1, 2.5] and weights.dtype == np.float32
    config.objective.class_weight = "1,2,3"
    with pytest.raises(UserError, match="3 numbers for 2 classes"):
        hyperparameters(data, config, tiny.Classify())
