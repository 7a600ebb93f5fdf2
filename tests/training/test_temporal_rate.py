"""Rates of windows by their context: closed forms, and a step against gradients one by one."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.training import tiny
from vadjax.training import state as states
from vadjax.training.step import Settings, make_train_step
from vadjax.training.temporal_rate import DECAY, changes_of, rate_factors


def by_loop(window):
    """The factor of one window, written out."""
    changes = [np.mean((b - a) ** 2) for a, b in itertools.pairwise(window)]
    weights = [DECAY**k for k in range(len(changes))][::-1]
    recent = sum(w * c for w, c in zip(weights, changes, strict=True)) / sum(weights)
    return min(max(recent / np.mean(changes), 0.5), 2.0)


def test_factors_are_those_of_a_loop():
    rng = np.random.default_rng(0)
    windows = rng.normal(size=(20, 6, 2, 3)) * rng.gamma(0.3, size=(20, 6, 1, 1))
    wanted = [by_loop(w) for w in windows]
    assert 0.5 < min(wanted) < 0.9 and 1.1 < max(wanted) < 2  # between the bounds
    np.testing.assert_allclose(rate_factors(changes_of(windows)), wanted, rtol=1e-5)


def test_even_motion_has_the_rate_itself_and_ends_have_bounds():
    even = np.arange(8.0)[None, :, None]
    still = np.zeros((1, 8, 3))
    end, start = np.zeros((2, 1, 20, 1))
    end[0, -1], start[0, 0] = 1, 1
    cases = (even, still, even[:, :1], end, start)
    factors = [float(rate_factors(changes_of(case))[0]) for case in cases]
    assert factors == pytest.approx([1, 1, 1, 2, 0.5], abs=1e-6)


def test_a_step_moves_by_each_windows_own_rate():
    """Under plain descent: parameters - rate / n * sum of factor * gradient of the window."""
    model, objective, rate = tiny.Tiny(), tiny.Predict(), 0.1
    hparams = {"learning_rate": rate, "weight_decay": 0.0, "dropout": 0.0}
    rng = np.random.default_rng(1)
    windows = rng.normal(size=(6, 5, 3)).astype(np.float32)
    windows[2, :3] = windows[2, 0]  # moves at its end alone
    weight = np.array([1, 1, 1, 1, 1, 0], np.float32)  # the last is padding
    state = states.create(model, windows[:1], seed=0, hparams=hparams, optimizer="sgd")
    settings = Settings(batch_size=6, optimizer="sgd", adapt="temporal")
    batch = {"windows": windows, "weight": weight, "index": np.arange(6)}
    halves = jax.tree.map(lambda x: jnp.asarray(x).reshape(2, 3, *x.shape[1:]), batch)
    step = jax.vmap(make_train_step(model, objective, settings), (None, 0), axis_name="data")
    new, metrics = step(state, halves)  # two devices

    def loss(params, window):
        outputs, _ = model.apply({"params": params, "counts": {"steps": 0.0}}, window[None])
        return jnp.square(outputs["hidden"][:, :-1] - window[None, 1:]).mean()

    params, factors = state.params["model"], np.array([by_loop(w) for w in windows])
    assert len(set(np.round(factors, 4))) > 3
    for name, before in params.items():
        grads = [jax.grad(loss)(params, jnp.asarray(w))[name] for w in windows[:5]]
        moved = sum(f * g for f, g in zip(factors, grads, strict=False)) / 5
        np.testing.assert_allclose(
            new.params["model"][name][0], before - rate * moved, rtol=1e-4, atol=1e-6
        )
    np.testing.assert_allclose(metrics["learning_rate"], rate * factors[:5].mean(), rtol=1e-5)
