"""Populations: each member is the training that it would be alone."""

import os
import pathlib
import subprocess
import sys

import jax
import numpy as np
import pytest

from tests.models import build
from tests.training import tiny
from vadjax.data.splits.windows import window_table
from vadjax.training.hyperparameters import hyperparameters
from vadjax.training.inputs import TrainingData, resident_arrays
from vadjax.training.member import Member
from vadjax.training.population import train_members
from vadjax.training.step import Settings

ROOT = pathlib.Path(__file__).parents[2]
RATES = (0.05, 0.01, 0.002)


def members_of(data, config, objective, *, seeds=(4, 5, 6), rates=RATES):
    """Members that differ in seed, learning rate and dropout."""
    found = []
    for seed, rate in zip(seeds, rates, strict=True):
        hparams = hyperparameters(data, config, objective)
        hparams["learning_rate"] = np.float32(rate)
        hparams["dropout"] = np.float32(0.1 * (seed - 4))
        found.append(Member(f"seed{seed}", seed, hparams))
    return found


def train(model, objective, data, config, members, *, slots):
    """Train the members; returns name -> what was left of each."""
    ended = train_members(
        model,
        objective,
        Settings(batch_size=config.train.batch_size, optimizer=config.train.optimizer),
        members=members,
        shared=resident_arrays(data),
        train=config.train,
        slots=slots,
    )
    return {e.member.name: e for e in ended}


def assert_same(one, other, atol=1e-5):
    """Histories and parameters of two populations are the same."""
    assert one.keys() == other.keys()
    for name, a in one.items():
        b = other[name]
        for x, y in zip(jax.tree.leaves(a.variables), jax.tree.leaves(b.variables), strict=True):
            np.testing.assert_allclose(x, y, atol=atol, rtol=1e-5)
        losses = [[r["train_loss"], r["select_loss"]] for r in a.progress.history]
        assert losses
        np.testing.assert_allclose(
            losses, [[r["train_loss"], r["select_loss"]] for r in b.progress.history], atol=atol
        )


def test_members_take_turns_in_the_slots_and_are_what_they_would_be_alone():
    config, data = tiny.config(epochs=6, patience=2), tiny.data()
    members = members_of(data, config, tiny.Predict(), seeds=range(4, 9), rates=(*RATES, 0.3, 1e-4))
    together = train(tiny.Tiny(), tiny.Predict(), data, config, members, slots=2)
    alone = train(tiny.Tiny(), tiny.Predict(), data, config, members, slots=1)
    assert len({len(e.progress.history) for e in alone.values()}) > 1  # some stop early
    assert_same(together, alone)


def test_members_take_turns_on_another_device_as_on_the_host(monkeypatch):
    """On a CPU states change places in host memory, elsewhere on the device."""
    config, data = tiny.config(epochs=4, patience=1), tiny.data()
    members = members_of(data, config, tiny.Predict(), seeds=range(4, 9), rates=(*RATES, 0.3, 1e-4))
    on_host = train(tiny.Tiny(), tiny.Predict(), data, config, members, slots=2)
    monkeypatch.setattr(jax, "default_backend", lambda: "an accelerator")
    assert_same(train(tiny.Tiny(), tiny.Predict(), data, config, members, slots=2), on_host)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "bidirectional", "task"),
    # Batch statistics enlarge rounding: these have a test of their own, test_video_models.py.
    [case for case in build.ONCE if case[0] not in build.NORMALISED],
)
def test_every_model_trains_in_a_population_as_alone(name, bidirectional, task):
    model = build.model(name, bidirectional=bidirectional, task=task, dropout=0.1)
    rng = np.random.default_rng(1)  # no gradient so near 0 that Adam blows up its rounding
    data = TrainingData(
        clips=[rng.normal(size=(40, *model.feature_shape)).astype(np.float32)],
        frame_labels=rng.integers(0, 2, 40).astype(np.int32),
        video_classes=np.arange(40, dtype=np.int32) // 2 % 2,
        train=window_table([26], length=build.STEPS, stride=2),
        validation=window_table([14], length=build.STEPS, stride=2, starts=[26]),
    )
    objective = build.objective(task)
    config = tiny.config(epochs=2)
    members = members_of(data, config, objective, seeds=(4, 5), rates=(0.001, 0.0003))
    assert_same(
        train(model, objective, data, config, members, slots=2),
        train(model, objective, data, config, members, slots=1),
    )


def test_members_may_have_windows_of_their_own():
    config, data = tiny.config(epochs=2), tiny.data()
    half = len(data.train.rows) // 2
    members = []
    for i, member in enumerate(members_of(data, config, tiny.Predict())[:2]):
        mine = slice(i * half, (i + 1) * half)
        own = {"train": {"rows": data.train.rows[mine], "video": data.train.video[mine]}}
        members.append(member._replace(own=own))
    together = train(tiny.Tiny(), tiny.Predict(), data, config, members, slots=2)
    for i, member in enumerate(members):
        mine = slice(i * half, (i + 1) * half)
        table = type(data.train)(data.train.rows[mine], data.train.video[mine])
        single = member._replace(own={})
        alone = train(
            tiny.Tiny(), tiny.Predict(), data._replace(train=table), config, [single], slots=1
        )
        assert_same({member.name: together[member.name]}, alone)


def test_members_may_have_more_or_fewer_windows_and_standardise_by_themselves():
    config, data = tiny.config(epochs=3), tiny.data()
    members, alone = members_of(data, config, tiny.Predict()), {}
    spread = {"mean": np.float32([0.1, 0, 0, 0.2]), "std": np.float32([1, 2, 1, 0.5])}
    padded = []
    for member, count in zip(members, (44, 31, 9), strict=True):  # 6, 4 and 2 batches of 8
        rows, video = data.train.rows, data.train.video
        table = {"rows": rows.copy(), "video": video, "count": np.int32(count)}
        table["rows"][count:] = 0
        padded.append(member._replace(own={"train": table, "standard": spread}))
        one = data._replace(
            clips=[(clip - spread["mean"]) / spread["std"] for clip in data.clips],
            train=type(data.train)(rows[:count], video[:count]),
        )
        alone |= train(tiny.Tiny(), tiny.Predict(), one, config, [member], slots=1)
    together = train(tiny.Tiny(), tiny.Predict(), data, config, padded, slots=3)
    assert_same(together, alone)
    for name, ended in together.items():
        for a, b in zip(ended.progress.history, alone[name].progress.history, strict=True):
            assert a["step"] == b["step"]
            assert a["learning_rate"] == pytest.approx(b["learning_rate"])


def test_one_that_fails_stops_no_other():
    config, data = tiny.config(epochs=3), tiny.data()
    members = members_of(data, config, tiny.Predict(), rates=(0.05, np.nan, 0.01))
    ended = train(tiny.Tiny(), tiny.Predict(), data, config, members, slots=3)
    assert [bool(ended[m.name].error) for m in members] == [False, True, False]
    assert "not finite" in ended["seed5"].error and ended["seed5"].variables is None
    kept = train(tiny.Tiny(), tiny.Predict(), data, config, members[::2], slots=2)
    assert_same({m.name: ended[m.name] for m in members[::2]}, kept)


PROGRAM = """
import jax
jax.config.update("jax_num_cpu_devices", 4)
from tests.training import tiny
from tests.training.test_population import assert_same, members_of, train
data, one = tiny.data(), tiny.config(epochs=2)
members = members_of(data, one, tiny.Predict(), seeds=range(4, 9), rates=(.05, .01, .002, .03, .1))
alone = train(tiny.Tiny(), tiny.Predict(), data, one, members, slots=1)
for mode in ("shard_map", "pmap"):
    for slots in (4, 2):  # a member a device; a member on two devices, its batches divided
        config = tiny.config(epochs=2, parallel=mode, num_devices=4)
        found = train(tiny.Tiny(), tiny.Predict(), data, config, members, slots=slots)
        assert_same(found, alone)
        print(mode, slots)
"""


@pytest.mark.slow
def test_members_lie_on_four_devices():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 4
