"""The motion scanner: what it reads, and how its errors are weighed."""

import jax
import jax.numpy as jnp
import numpy as np

from tests.models import build
from vadjax import models
from vadjax.models.objectives.motion import Motion

SHAPE = (3, 4, 7)  # five channels of motion, two of appearance
GOAL = Motion()


def made():
    config = build.model_config(name="appearance_to_flow", channels=(6, 6))
    model = models.create(config, feature_shape=SHAPE, objective=GOAL)
    windows = np.random.default_rng(0).normal(size=(4, 3, *SHAPE)).astype(np.float32)
    return model, model.init(jax.random.key(0), windows), windows


def test_it_reads_the_appearance_of_the_row_before_alone():
    model, variables, windows = made()
    first = model.apply(variables, windows)[0]["output"]
    other = np.array(windows)
    other[:, 0], other[:, 2], other[..., :5] = 1, 2, 3
    other[:, 1, ..., 5:] = windows[:, 1, ..., 5:]
    np.testing.assert_array_equal(model.apply(variables, other)[0]["output"], first)
    other[:, 1, ..., 5:] += 1
    assert np.abs(model.apply(variables, other)[0]["output"] - first).max() > 0


def test_the_score_is_the_largest_error_in_units_of_fitted_ones():
    model, variables, windows = made()
    outputs, state = model.apply(variables, windows, train=True)
    errors = np.abs(outputs["output"][:, 0] - windows[:, -1, ..., :5])  # [b, h, w, k]
    largest = errors.max((0, 2))[:, None]
    np.testing.assert_allclose(state["calibration"]["largest"], largest, rtol=1e-6)
    outputs, kept = model.apply({**variables, **state}, windows)
    np.testing.assert_array_equal(kept["calibration"]["largest"], largest)
    wanted = (errors / (largest + 0.3 * largest.mean(0) + 1e-6)).max((1, 2, 3))
    score = GOAL.frame_score(outputs, jnp.asarray(windows[:, -1:]))
    np.testing.assert_allclose(score[:, 0], wanted, rtol=1e-4)
    assert (wanted < 1).all(), "fitted windows stay below 1"


def test_the_largest_error_fades():
    model, variables, windows = made()
    variables["calibration"] = {"largest": jnp.full((3, 1, 5), 1e3)}
    _, state = model.apply(variables, windows, train=True)
    np.testing.assert_allclose(state["calibration"]["largest"], 995, rtol=1e-6)


def test_every_parameter_learns_and_padding_does_not():
    model, variables, windows = made()
    batch = build.batch_of(build.BATCH)

    def loss(params, windows):
        outputs, _ = model.apply({**variables, "params": params}, windows, train=True)
        return GOAL.loss(outputs, windows, batch, {})[0]

    grads, grad_x = jax.grad(loss, argnums=(0, 1))(variables["params"], jnp.asarray(windows))
    assert all(np.abs(g).max() > 0 for g in jax.tree.leaves(grads))
    assert np.abs(grad_x[:-1]).max() > 0 and np.abs(grad_x[-1]).max() == 0
