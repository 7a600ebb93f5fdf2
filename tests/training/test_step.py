"""The step and the epoch: against a plain loop, under padding, and under vmap."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training import tiny
from vadjax.training import state as states
from vadjax.training.batches import batches, gather, num_steps, permutation, pick
from vadjax.training.epoch import make_epoch
from vadjax.training.inputs import resident_arrays
from vadjax.training.parallel import Devices
from vadjax.training.state import DROPOUT, ORDER
from vadjax.training.step import Settings, make_train_step

HPARAMS = {"learning_rate": 0.05, "weight_decay": 0.02, "dropout": 0.3, "class_weight": np.ones(2)}
SETTINGS = Settings(batch_size=8, optimizer="adamw", clip_norm=0.1, total_steps=100)


def _create(seed, hparams=HPARAMS):
    windows = np.zeros((1, 5, DATA["features"].shape[1]), np.float32)
    return states.create(tiny.Tiny(), windows, seed=seed, hparams=hparams, optimizer="adamw")


DATA = resident_arrays(tiny.data())


def _without_own(epoch, state, own, data):
    return epoch(state, data)


def _runner(epoch, *, epochs=1):
    """Return state -> (state, scalars) after some epochs, compiled at the first call."""
    devices, compiled = Devices(1), []

    def run(state):
        state, data = jax.tree.map(lambda x: np.array(x)[None], state), devices.place(DATA)
        state = devices.place_members(state)
        if not compiled:
            of_one = functools.partial(_without_own, epoch)
            compiled.append(devices.compile(of_one, state, {}, data))
        for _ in range(epochs):
            state, scalars = compiled[0](state, {}, data)
        return devices.fetch(state, 0), devices.fetch(scalars, 0)

    return run


def test_an_epoch_equals_a_plain_loop_with_optax():
    state = _create(np.uint32(1))
    got, scalars = _runner(make_epoch(tiny.Tiny(), tiny.Predict(), SETTINGS))(state)

    model, params = tiny.Tiny(), state.params["model"]
    optimizer = optax.chain(optax.clip_by_global_norm(0.1), optax.adamw(0.05, weight_decay=0.02))
    moments = optimizer.init(params)
    order = np.array(permutation(np.uint32(1), 0, len(DATA["train"]["rows"])))
    total = 0.0

    @jax.jit
    def plain_step(step, chosen, params, moments):
        windows = jnp.asarray(DATA["features"])[jnp.asarray(DATA["train"]["rows"])[chosen]]
        key = jax.random.fold_in(states.key_of(np.uint32(1), DROPOUT), step)
        keys = jnp.stack([jax.random.fold_in(key, i) for i in chosen])

        def loss(params):
            variables = {"params": params, **state.model_state}
            outputs, _ = model.apply(
                variables, windows, train=True, hparams=HPARAMS, rngs={"dropout": keys}
            )
            return jnp.square(outputs["hidden"][:, :-1] - windows[:, 1:]).mean()

        value, grads = jax.value_and_grad(loss)(params)
        updates, moments = optimizer.update(grads, moments, params)
        return value, optax.apply_updates(params, updates), moments

    for step in range(num_steps(len(order), 8)):
        chosen = order[8 * step : 8 * step + 8]
        value, params, moments = plain_step(step, chosen, params, moments)
        total += float(value) * len(chosen)

    for name, leaf in params.items():
        np.testing.assert_allclose(got.params["model"][name], leaf, atol=2e-6)
    np.testing.assert_allclose(scalars["train_loss"], total / len(order), rtol=1e-5)
    windows = DATA["features"][DATA["validation"]["rows"]]
    outputs, _ = model.apply({"params": params, **state.model_state}, windows)
    error = np.square(outputs["hidden"][:, :-1] - windows[:, 1:]).mean()
    np.testing.assert_allclose(scalars["select_loss"], error, rtol=1e-5)
    assert got.step == num_steps(len(order), 8) == got.model_state["counts"]["steps"]
    assert got.epoch == 1 and scalars["bad_step"] == -1


def test_a_batch_padded_with_weight_zero_changes_nothing():
    # 44 windows: batches of 44 and of 64 see the same windows, the second padded by 20.
    batch = {"index": jnp.arange(44), "weight": jnp.ones(44)}
    padded = jax.tree.map(lambda x: jnp.pad(x, (0, 20)), batch)
    model, objective = tiny.Tiny(), tiny.Predict()

    @jax.jit
    @functools.partial(jax.vmap, axis_name="data", in_axes=(None, 0))
    def step(state, batch):
        data = jax.tree.map(jnp.asarray, DATA)
        batch = gather(data, pick(data["train"], batch))
        return make_train_step(model, objective, SETTINGS)(state, batch)

    state = _create(np.uint32(0))
    results = [step(state, jax.tree.map(lambda x: x[None], b)) for b in (batch, padded)]
    for a, b in zip(*map(jax.tree.leaves, results), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@settings(deadline=None, max_examples=10, derandomize=True)
@given(count=st.integers(1, 40), batch_size=st.integers(1, 12), devices=st.integers(1, 4))
def test_batches_hold_every_window_once(count, batch_size, devices):
    order = np.random.default_rng(count).permutation(count)
    cut = jax.vmap(
        lambda order: batches(order, batch_size),
        axis_name="data",
        axis_size=devices,
        in_axes=None,
    )
    index, weight = map(np.array, jax.jit(cut)(order))  # [devices, steps, b]
    assert index.shape[1] == num_steps(count, batch_size)
    flat_index = np.swapaxes(index, 0, 1).reshape(index.shape[1], -1)
    flat_weight = np.swapaxes(weight, 0, 1).reshape(index.shape[1], -1)
    np.testing.assert_array_equal(flat_index[flat_weight > 0], order)
    assert (flat_weight.sum(1)[:-1] == min(batch_size, count)).all()


def test_a_permutation_is_pure_and_differs_by_seed_and_epoch():
    orders = {(s, e): tuple(permutation(s, e, 50).tolist()) for s in range(3) for e in range(3)}
    assert len(set(orders.values())) == 9
    assert all(sorted(order) == list(range(50)) for order in orders.values())
    assert tuple(jax.jit(permutation, static_argnums=2)(2, 1, 50).tolist()) == orders[2, 1]


def test_the_order_is_that_of_jax_and_knows_nothing_of_padding():
    key = jax.random.fold_in(states.key_of(7, ORDER), 2)
    np.testing.assert_array_equal(permutation(7, 2, 2000), jax.random.permutation(key, 2000))
    short = permutation(7, 2, 37)
    padded = np.array(permutation(7, 2, 50, 37))
    np.testing.assert_array_equal(padded[:37], short)
    assert sorted(padded[37:]) == list(range(37, 50))


def test_the_best_parameters_are_kept_and_the_first_bad_step_is_named():
    state = _create(np.uint32(0), {**HPARAMS, "learning_rate": 1e30, "dropout": 0.0})
    state = state.replace(best_metric=jnp.float32(0.0), best_epoch=jnp.int32(7))
    epoch = make_epoch(tiny.Tiny(), tiny.Predict(), Settings(batch_size=8))
    got, scalars = _runner(epoch)(state)
    assert got.best_epoch == 7 and got.best_metric == 0.0  # no better than before
    np.testing.assert_array_equal(
        got.best["params"]["model"]["kernel"], state.params["model"]["kernel"]
    )
    assert scalars["bad_step"] == -1  # tanh saturates: large, yet finite

    class Exploding(tiny.Predict):
        def loss(self, outputs, windows, batch, hparams):
            sums, weights = super().loss(outputs, windows, batch, hparams)
            hit = (batch["index"] == 17) & (batch["weight"] > 0)
            return sums / jnp.where(hit.any(), 0.0, 1.0), weights

    order = np.array(permutation(np.uint32(0), 0, len(DATA["train"]["rows"])))
    epoch = make_epoch(tiny.Tiny(), Exploding(), Settings(batch_size=8))
    _, scalars = _runner(epoch)(_create(np.uint32(0)))
    assert scalars["bad_step"] == np.flatnonzero(order == 17)[0] // 8


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_gather_takes_rows_and_their_labels(dtype):
    data = {
        "features": np.arange(12, dtype=dtype).reshape(6, 2),
        "frame_label": np.array([0, 0, 1, 0, 1, 1], np.int32),
        "video_label": np.array([0, 0, 0, 1, 1, 1], np.int32),
        "train": {"rows": np.array([[0, 1], [4, 5]], np.int32), "video": np.array([0, 1])},
    }
    data = jax.tree.map(jnp.asarray, data)
    step = {"index": jnp.array([1, 0]), "weight": jnp.ones(2)}
    batch = gather(data, pick(data["train"], step), ("frame_label", "video_label", "bag"))
    assert "bag" not in gather(data, pick(data["train"], step))
    assert batch["windows"].dtype == jnp.float32
    np.testing.assert_array_equal(batch["windows"][0], [[8, 9], [10, 11]])
    np.testing.assert_array_equal(batch["frame_label"], [[1, 1], [0, 0]])
    np.testing.assert_array_equal(batch["video_label"], [1, 0])
    np.testing.assert_array_equal(batch["bag"], [1, 0])
