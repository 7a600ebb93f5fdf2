"""Schedules and optimizers against optax's own and against hand-made steps."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from vadjax.errors import UserError
from vadjax.training import optimizers


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


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_rates_may_be_traced_and_equal_optax(name):
    params = {"w": jnp.array([1.0, -2.0, 3.0])}
    grads = {"w": jnp.array([3.0, 0.0, -4.0])}  # norm 5

    @jax.jit
    def step(rate, decay):
        optimizer = optimizers.create(name, learning_rate=rate, weight_decay=decay, clip_norm=1.0)
        updates, _ = optimizer.update(grads, optimizer.init(params), params)
        return optax.apply_updates(params, updates)["w"]

    clipped = {"w": grads["w"] / 5}
    if name == "adamw":
        reference = optax.adamw(0.1, weight_decay=0.01)
    else:
        reference = optax.adam(0.1)
        clipped = {"w": clipped["w"] + 0.01 * params["w"]}
    updates, _ = reference.update(clipped, reference.init(params), params)
    np.testing.assert_allclose(step(0.1, 0.01), params["w"] + updates["w"], rtol=1e-6)


def test_unknown_names_are_listed():
    with pytest.raises(UserError, match=r"'adan' unknown; choose one of adam, adamw\. Did you"):
        optimizers.create("adan", learning_rate=1.0, weight_decay=0.0)
    with pytest.raises(UserError, match="'cosin' unknown"):
        optimizers.schedule("cosin", jnp.int32(0), total_steps=1)
