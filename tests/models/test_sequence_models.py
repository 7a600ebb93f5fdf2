"""What the TCN, attention pooling, the encoder-decoder and two autoencoders promise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.models import build
from tests.models import test_models as every_model
from vadjax.models.memory_autoencoder import address
from vadjax.models.tcn import receptive_field


def made(name, *, steps=build.STEPS, **changes):
    model = build.model(name, **changes)
    x = build.windows(model, steps=steps)
    return build.jit(model.apply), build.variables(model, x), x


@pytest.mark.parametrize("task", ["predict", "classify"])
def test_a_tcn_reads_no_later_row(task):
    apply, variables, x = made("tcn", task=task, units=(4, 4))
    before, after = (apply(variables, rows)[0]["hidden"] for rows in (x, build.changed(x, 2, 1.0)))
    np.testing.assert_array_equal(before[:, :2], after[:, :2])
    assert (np.abs(before - after)[:, 2:] > 0).any()


def test_a_tcn_sees_as_far_as_it_says():
    reach = receptive_field(2)
    assert reach == 13
    apply, variables, x = made("tcn", task="classify", units=(16, 16), steps=reach + 1)
    variables = jax.tree.map(np.abs, variables)  # so that no path through a ReLU is closed
    x = np.abs(x)
    last = [apply(variables, rows)[0]["hidden"][:, -1] for rows in (x, build.changed(x, 0, 9.0))]
    np.testing.assert_array_equal(*last)
    seen = apply(variables, build.changed(x, 1, 9.0))[0]["hidden"][:, -1]
    assert np.abs(seen - last[0]).max() > 1e-3


def test_attention_is_a_mean_whatever_the_order():
    apply, variables, x = made("attention_pooling", task="classify")
    one, other = (apply(variables, rows)[0] for rows in (x, x[:, ::-1]))
    np.testing.assert_allclose(one["attention"].sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(one["attention"], other["attention"][:, ::-1], rtol=1e-5)
    np.testing.assert_allclose(one["output"], other["output"], atol=1e-5)


def test_attention_never_sees_what_it_predicts():
    apply, variables, x = made("attention_pooling")
    one, other = (apply(variables, rows)[0]["output"] for rows in (x, build.changed(x, -1, 9.0)))
    np.testing.assert_array_equal(one, other)


def test_a_decoder_reads_its_own_output_unless_it_is_trained():
    model = build.model("lstm_encoder_decoder", task="reconstruct", units=(4, 3))
    x = build.windows(model)
    variables = build.variables(model, x)
    free, forced = (
        build.jit(lambda v, x, train=train: model.apply(v, x, train=train)[0]["output"])(
            variables, x
        )
        for train in (False, True)
    )
    assert free.shape == forced.shape == x.shape
    np.testing.assert_allclose(free[:, -1], forced[:, -1], atol=1e-6)  # nothing was read before it
    assert np.abs(free - forced)[:, :-1].max() > 1e-3


def test_a_code_is_drawn_in_training_alone_and_by_example():
    model = build.model("vae", task="elbo", units=(4, 3))
    x = build.windows(model)
    variables, keys = build.variables(model, x), every_model.dropout_keys(build.BATCH)

    @build.jit
    def drawn(x, keys):
        return model.apply(variables, x, train=True, rngs={"dropout": keys})[0]["output"]

    fixed = build.jit(model.apply)(variables, x)[0]["output"]
    whole = drawn(x, keys)
    assert np.abs(whole - fixed).max() > 1e-2
    assert np.abs(whole - drawn(x, every_model.dropout_keys(build.BATCH, 1))).max() > 1e-2
    parts = [drawn(x[i : i + 2], keys[i : i + 2]) for i in (0, 2)]
    np.testing.assert_allclose(whole, np.concatenate(parts), atol=1e-6)


def test_the_bound_is_that_of_the_likelihood():
    """With a linear decoder of one unit the likelihood of a row is a Gaussian's: a closed form."""
    rng = np.random.default_rng(0)
    loading, d = rng.normal(size=(1, build.FEATURES)), build.FEATURES
    model, goal = build.model("vae", task="elbo", units=(1,)), build.objective("elbo")
    x = build.windows(model, steps=1)
    covariance = np.eye(d) + loading.T @ loading
    variance = 1 / (1 + loading @ loading.T)  # of the code, given a row
    params = {  # the exact posterior: the bound is the likelihood itself
        "mean": {"kernel": loading.T @ variance, "bias": np.zeros(1)},
        "log_variance": {"kernel": np.zeros((d, 1)), "bias": np.log(variance[0])},
        "output": {"kernel": loading, "bias": np.zeros(d)},
    }
    params = jax.tree.map(np.float32, params)
    score = goal.frame_score(build.jit(model.apply)({"params": params}, x)[0], x)
    rows = x[:, 0].astype(np.float64)
    likelihood = -0.5 * (
        np.einsum("bi,ij,bj->b", rows, np.linalg.inv(covariance), rows)
        + np.linalg.slogdet(covariance)[1]
        + d * np.log(2 * np.pi)
    )
    # At the mean of the code the error lacks what its variance adds: |loading|^2 variance.
    spread = float(variance[0, 0] * (loading**2).sum())
    bound = -0.5 * d * score[:, 0] - 0.5 * spread - 0.5 * d * np.log(2 * np.pi)
    np.testing.assert_allclose(bound, likelihood, rtol=1e-5)


def test_what_is_unlike_most_items_is_built_of_few():
    memory = jnp.asarray(np.eye(8, dtype=np.float32))
    codes = np.stack([5 * memory[3], memory[1] + memory[2]])
    weight = np.asarray(address(jnp.asarray(codes), memory))
    np.testing.assert_allclose(weight[0], memory[3], atol=1e-6)
    np.testing.assert_allclose(weight[1], (memory[1] + memory[2]) / 2, atol=1e-6)


@pytest.mark.parametrize(
    "name, task",
    [
        ("tcn", "predict"),
        ("attention_pooling", "classify"),
        ("lstm_encoder_decoder", "reconstruct"),
        ("memory_autoencoder", "reconstruct"),
    ],
)
def test_bfloat16_is_close(name, task):
    every_model.test_bfloat16_is_close_and_float32_is_the_default(name, False, task)


@pytest.mark.parametrize("name, task", [("tcn", "predict"), ("attention_pooling", "classify")])
def test_dropout_does_not_depend_on_the_split_of_a_batch(name, task):
    every_model.test_dropout_does_not_depend_on_the_split_of_a_batch(name, False, task)
