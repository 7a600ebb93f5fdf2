"""Schedules and optimizers against optax's own and against hand-made steps."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.training import tiny
from vadjax import config as configs
from vadjax.errors import UserError
from vadjax.training import OPTIMIZERS, optimizers
from vadjax.training.fit import fit


def test_cosine_with_warm_up_equals_optax():
    ours = [
        float(optimizers.schedule("cosine", jnp.int32(s), total_steps=20, warmup_steps=4))
        for s in range(22)
    ]
    theirs = optax.cosine_decay_schedule(1.0, 16)
    np.testing.assert_allclose(ours[:4], [0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(ours[4:], [theirs(s) for s in range(18)], atol=1e-6)


def test_constant_stays_one():
    assert optimizers.schedule("constant", jnp.int32(7), total_steps=9) == 1.0


REFERENCES = {
    "adam": lambda: optax.adam(0.1),
    "adamw": lambda: optax.adamw(0.1, weight_decay=0.01),
    "adagrad": lambda: optax.adagrad(0.1, initial_accumulator_value=0.0, eps=1e-8),
    "sgd": lambda: optax.sgd(0.1),
    "momentum": lambda: optax.sgd(0.1, momentum=0.9),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rates_may_be_traced_and_equal_optax(name):
    params = {"w": jnp.array([1.0, -2.0, 3.0])}
    grads = [{"w": jnp.array([3.0, 0.0, -4.0]) * sign} for sign in (1, 1, -1)]  # norm 5

    @jax.jit
    def steps(rate, decay):
        optimizer = optimizers.create(name, learning_rate=rate, weight_decay=decay, clip_norm=1.0)
        now, state = params, optimizer.init(params)
        for grad in grads:
            updates, state = optimizer.update(grad, state, now)
            now = optax.apply_updates(now, updates)
        return now["w"]

    reference = REFERENCES[name]()
    now, state = params, reference.init(params)
    for grad in grads:
        clipped = grad["w"] / 5 + (0 if name == "adamw" else 0.01 * now["w"])
        updates, state = reference.update({"w": clipped}, state, now)
        now = optax.apply_updates(now, updates)
    np.testing.assert_allclose(steps(0.1, 0.01), now["w"], rtol=1e-5)


def test_momentum_is_that_of_torch():
    torch = pytest.importorskip("torch")
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    theirs = torch.optim.SGD([weight], lr=0.1, momentum=0.9, weight_decay=0.01)
    ours = optimizers.create("momentum", learning_rate=0.1, weight_decay=0.01)
    now = jnp.array([1.0, -2.0])
    state = ours.init(now)
    for _ in range(4):
        theirs.zero_grad()
        (weight**2).sum().backward()
        theirs.step()
        updates, state = ours.update(2 * now, state, now)
        now = optax.apply_updates(now, updates)
    np.testing.assert_allclose(now, weight.detach().numpy(), rtol=1e-5)


def test_unknown_names_are_listed():
    with pytest.raises(
        UserError,
        match=r"'adan' unknown; choose one of adagrad, adam, adamw, momentum, sgd\. Did you",
    ):
        optimizers.create("adan", learning_rate=1.0, weight_decay=0.0)
    with pytest.raises(UserError, match="'cosin' unknown"):
        optimizers.schedule("cosin", jnp.int32(0), total_steps=1)


LOSSES = (5, 4, 4.5, 4.2, 4.1, 4.3, 3.9, 4, 4, 3.9, 3.95, 4, 4.2, 3, 3.1, 2, 2, 2, 2)


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_plateau_equals_optax_and_torch(patience):
    hparams = {"plateau_patience": jnp.float32(patience), "plateau_factor": jnp.float32(0.3)}
    ours, state, best = [], optimizers.start_plateau(hparams), jnp.inf
    reference = optax.contrib.reduce_on_plateau(factor=0.3, patience=patience, rtol=0, atol=1e-9)
    theirs, placed = [], reference.init({"w": jnp.zeros(1)})
    step, update = jax.jit(optimizers.after_epoch), jax.jit(reference.update)
    for loss in LOSSES:
        state, best = step(state, loss < best, hparams), min(best, loss)
        ours.append(float(state["factor"]))
        _, placed = update({"w": jnp.ones(1)}, placed, value=jnp.float32(loss))
        theirs.append(float(placed.scale))
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert 0.3 > ours[-1] > 0
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    torchs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.3, patience=patience - 1, threshold=0, min_lr=0, eps=0
    )
    for loss, factor in zip(LOSSES, ours, strict=True):
        torchs.step(loss)
        assert optimizer.param_groups[0]["lr"] == pytest.approx(factor)


def test_members_have_plateaus_of_their_own():
    hparams = {"plateau_patience": jnp.float32([1, 2]), "plateau_factor": jnp.float32([0.5, 0.1])}
    state = jax.vmap(optimizers.start_plateau)(hparams)
    for _ in range(2):
        state = jax.vmap(optimizers.after_epoch)(state, jnp.array([False, False]), hparams)
    np.testing.assert_allclose(state["factor"], [0.25, 0.1])
    assert optimizers.start_plateau({"dropout": jnp.float32(0)}) == {}


def plateau(workdir, **train):
    """Train with a rate that is too high, falling."""
    given = {"schedule": "plateau", "plateau_patience": 1, "plateau_factor": 0.5}
    settings = tiny.config(**{**given, "learning_rate": 0.3, "warmup_epochs": 0, **train})
    return fit(tiny.Tiny(), tiny.Predict(), tiny.data(), settings, workdir=workdir)


def test_a_training_lowers_its_rate_and_is_the_same_when_resumed(tmp_path):
    whole = plateau(tmp_path / "whole", epochs=8)
    rate, best = 0.3, np.inf
    for row in whole.history:
        assert row["learning_rate"] == pytest.approx(rate)
        rate *= 0.5 if row["select_loss"] >= best else 1.0
        best = min(best, row["select_loss"])
    assert rate < 0.3
    plateau(tmp_path / "parts", epochs=5)
    resumed = plateau(tmp_path / "parts", epochs=8)
    for a, b in zip(*map(jax.tree.leaves, (whole.variables, resumed.variables)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"plateau_factor": 1.0}, r"train\.plateau_factor is 1\.0; it must be in \(0, 1\)"),
        ({"plateau_patience": 0}, r"train\.plateau_patience is 0; it must be above 0"),
        ({"plateau_patience": 5}, r"train\.patience=5 ends the training before"),
    ],
)
def test_a_plateau_that_cannot_be_is_said(changes, message):
    config = configs.default_config()
    config.train.update({"schedule": "plateau", **changes})
    with pytest.raises(UserError, match=message):
        configs.validate(config)
