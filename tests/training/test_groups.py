"""Parameter groups with optimisers of their own, against hand-written optax code."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.training import tiny
from vadjax.models.model import ParameterGroup
from vadjax.training.batches import num_steps, permutation
from vadjax.training.fit import fit


class Gan:
    """A linear generator of a window's last row from its first, and a logistic discriminator."""

    reductions = {}  # noqa: RUF012 - never changed

    def init(self, key, windows):
        one, two = jax.random.split(key)
        width = windows.shape[-1]
        return {
            "params": {
                "generator": {"kernel": 0.3 * jax.random.normal(one, (width, width))},
                "discriminator": {"kernel": 0.3 * jax.random.normal(two, (width,))},
            }
        }

    def apply(self, variables, windows, *, train=False, hparams=None, rngs=None):
        return play(variables["params"], windows), {}


def play(params, windows):
    fake = windows[:, 0] @ params["generator"]["kernel"]
    judge = params["discriminator"]["kernel"]
    return {"fake": fake @ judge, "real": windows[:, -1] @ judge}


def discriminator_loss(outputs):
    return jax.nn.softplus(-outputs["real"]) + jax.nn.softplus(outputs["fake"])


def generator_loss(outputs):
    return jax.nn.softplus(-outputs["fake"])


class Adversarial:
    """The discriminator first, slowly and with a memory of its own; then the generator."""

    name, supervised, reads = "adversarial", False, ()

    @property
    def groups(self):
        return (
            ParameterGroup(
                *("discriminator", ("discriminator",), self._loss(discriminator_loss)),
                **{"optimizer": "adam", "learning_rate": 0.25, "b1": 0.5},
            ),
            ParameterGroup("generator", ("generator",), self.loss),
        )

    @staticmethod
    def _loss(of):
        def loss(outputs, windows, batch, hparams):
            return (batch["weight"] * of(outputs)).sum(), batch["weight"].sum()

        return loss

    def loss(self, outputs, windows, batch, hparams):
        return self._loss(generator_loss)(outputs, windows, batch, hparams)


CONFIG = {"optimizer": "adam", "weight_decay": 0.0, "clip_norm": 0.0, "warmup_epochs": 0}


def test_groups_are_updated_in_their_order_by_their_own_optimizers(tmp_path):
    data, config = tiny.data(), tiny.config(epochs=2, **CONFIG)
    result = fit(Gan(), Adversarial(), data, config, workdir=tmp_path)

    from vadjax.training.state import INIT, key_of

    rows, length = np.concatenate(data.clips), len(data.train)
    params = Gan().init(key_of(np.uint32(3), INIT), rows[data.train.rows[:1]])["params"]
    judge, make = optax.adam(0.25e-2, b1=0.5), optax.adam(1e-2)
    judge_state, make_state = judge.init(params["discriminator"]), make.init(params["generator"])
    best, losses = None, []
    for epoch in range(2):
        order = np.asarray(permutation(np.uint32(3), epoch, length))
        for step in range(num_steps(length, 8)):
            windows = rows[data.train.rows[order[8 * step : 8 * step + 8]]]

            def of(loss, windows=windows, **parts):
                return loss(play({**params, **parts}, windows)).mean()

            grads = jax.grad(lambda p, of=of: of(discriminator_loss, discriminator=p))(
                params["discriminator"]
            )
            updates, judge_state = judge.update(grads, judge_state)
            params["discriminator"] = optax.apply_updates(params["discriminator"], updates)
            grads = jax.grad(lambda p, of=of: of(generator_loss, generator=p))(params["generator"])
            updates, make_state = make.update(grads, make_state)
            params["generator"] = optax.apply_updates(params["generator"], updates)
        windows = rows[data.validation.rows]
        losses.append(float(generator_loss(play(params, windows)).mean()))
        if losses[-1] == min(losses):
            best = jax.tree.map(np.array, params)
    np.testing.assert_allclose([r["select_loss"] for r in result.history], losses, rtol=1e-5)
    for group in ("generator", "discriminator"):
        found = result.variables["params"][group]["kernel"]
        np.testing.assert_allclose(found, best[group]["kernel"], atol=1e-6)
    assert all(row["discriminator_loss"] > 0 for row in result.history)


def test_groups_go_on_exactly_after_an_interruption(tmp_path):
    data, config = tiny.data(), tiny.config(epochs=4, checkpoint_every=1, **CONFIG)
    whole = fit(Gan(), Adversarial(), data, config, workdir=tmp_path / "whole")

    def interrupt(row):
        if row["epoch"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(Gan(), Adversarial(), data, config, workdir=tmp_path / "run", report=interrupt)
    again = fit(Gan(), Adversarial(), data, config, workdir=tmp_path / "run")
    for a, b in zip(
        jax.tree.leaves(whole.variables), jax.tree.leaves(again.variables), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_every_parameter_belongs_to_one_group(tmp_path):
    class Partial(Adversarial):
        @property
        def groups(self):
            return (super().groups[0], super().groups[1]._replace(modules=()))

    with pytest.raises(ValueError, match="parameter groups hold"):
        fit(Gan(), Partial(), tiny.data(), tiny.config(**CONFIG), workdir=tmp_path)


class Ranking:
    """Multiple-instance ranking: an abnormal video's highest window beats a normal video's."""

    name, supervised, reads = "ranking", True, ("video_label", "bag")

    def loss(self, outputs, windows, batch, hparams):
        score = outputs["hidden"][:, -1, 0]
        inside = batch["bag"][:, None] == jnp.arange(2)[None]  # [b, bags]
        inside &= batch["weight"][:, None] > 0
        top = jnp.where(inside, score[:, None], -1e9).max(0)
        label = jnp.where(inside, batch["video_label"][:, None], 0).max(0)
        pairs = (label[:, None] == 1) & (label[None] == 0) & inside.any(0) & inside.any(0)[:, None]
        hinge = jnp.maximum(0.0, 1.0 - top[:, None] + top[None])
        return (pairs * hinge).sum(), pairs.sum().astype(jnp.float32)


def test_an_objective_ranks_bags_of_windows_by_the_labels_of_their_videos(tmp_path):
    data = tiny.data()._replace(video_labels=np.array([0, 1, 1], np.int32))
    config = tiny.config(epochs=25, batch_size=44, warmup_epochs=0)
    result = fit(tiny.Tiny(), Ranking(), data, config, workdir=tmp_path)
    losses = [row["train_loss"] for row in result.history]
    assert losses[-1] < 0.9 * losses[0]
    missing = data._replace(video_labels=None)
    with pytest.raises(ValueError, match="learns from labels of videos"):
        fit(tiny.Tiny(), Ranking(), missing, config, workdir=tmp_path / "missing")
