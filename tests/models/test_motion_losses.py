"""Losses over time and motion against sums written from their definitions."""

import jax
import numpy as np
import pytest

from tests.models import build
from vadjax.errors import UserError
from vadjax.models.objectives import horn_schunck
from vadjax.models.std import attention


def _waves(shift, size=32):
    """A plain of waves, moved to the right and half as far down; -1 .. 1, [1, size, size, 1]."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    x, y = x - shift, y - shift / 2
    return (np.sin(0.5 * x) + np.sin(0.4 * y))[None, ..., None].astype(np.float32) / 2


def _frames(seed, shape):
    return np.tanh(np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


@pytest.mark.parametrize("shift", [0.5, -1.0])
def test_flow_is_that_of_a_plain_that_moves(shift):
    moved = np.asarray(horn_schunck.flow(_waves(0.0), _waves(shift)))[0, 4:-4, 4:-4]
    np.testing.assert_allclose(moved[..., 0].mean(), shift, rtol=0.15)
    np.testing.assert_allclose(moved[..., 1].mean(), shift / 2, rtol=0.15)


def test_flow_equals_a_slow_loop():
    before, after = (_frames(seed, (6, 7)) for seed in (0, 1))
    h, w = before.shape

    def at(a, y, x):
        return a[min(max(y, 0), h - 1), min(max(x, 0), w - 1)]

    middle, u, v = (before + after) / 2, np.zeros((h, w)), np.zeros((h, w))
    for _ in range(horn_schunck.STEPS):
        old = u.copy(), v.copy()
        for y in range(h):
            for x in range(w):
                near = []
                for a in old:
                    beside = at(a, y - 1, x) + at(a, y + 1, x) + at(a, y, x - 1) + at(a, y, x + 1)
                    corners = sum(at(a, y + i, x + j) for i in (-1, 1) for j in (-1, 1))
                    near.append(beside / 6 + corners / 12)
                across = (at(middle, y, x + 1) - at(middle, y, x - 1)) / 2
                down = (at(middle, y + 1, x) - at(middle, y - 1, x)) / 2
                wrong = across * near[0] + down * near[1] + after[y, x] - before[y, x]
                wrong /= horn_schunck.SMOOTH + across**2 + down**2
                u[y, x], v[y, x] = near[0] - across * wrong, near[1] - down * wrong
    found = horn_schunck.flow(before[None, ..., None], after[None, ..., None])[0]
    np.testing.assert_allclose(found, np.stack([u, v], -1), rtol=1e-3, atol=1e-4)


def test_the_loss_of_flow_is_the_mean_difference_of_both_flows():
    settings = {"intensity": 0.0, "gradient": 0.0, "adversarial": 0.0}
    goal = build.objective("adversarial", flow=2.0, **settings)
    windows = np.stack([_waves(0.0), _waves(0.5), _waves(1.0)], axis=1)
    batch, flow = {"weight": np.ones(1)}, horn_schunck.flow
    standing = goal.loss({"output": _waves(0.5)[None]}, windows, batch, {})[0]
    wanted = 2 * np.abs(flow(_waves(0.5), _waves(1.0))).mean()
    np.testing.assert_allclose(standing, wanted, rtol=1e-4)
    assert goal.loss({"output": _waves(1.0)[None]}, windows, batch, {})[0] == 0
    slope = jax.grad(lambda y: goal.loss({"output": y}, windows, batch, {})[0])(_waves(0.8)[None])
    assert np.isfinite(slope).all() and np.abs(slope).max() > 0


def test_predicted_rows_weigh_less_the_farther_they_are():
    goal = build.objective("reconstruct_predict")
    output, windows = (_frames(seed, (2, 6, 4, 5, 1)) for seed in (0, 1))
    errors = np.square(output - windows).mean((2, 3, 4))
    wanted = errors[0, :3].mean() + (3 * errors[0, 3] + 2 * errors[0, 4] + errors[0, 5]) / 6
    total, weight = goal.loss({"output": output}, windows, {"weight": np.array([1.0, 0])}, {})
    np.testing.assert_allclose(total, wanted, rtol=1e-5)
    np.testing.assert_allclose(goal.frame_score({"output": output}, windows), errors, rtol=1e-5)
    assert weight == 1


def test_a_factor_counts_in_scores_and_not_in_the_loss():
    goal = build.objective("reconstruct_last")
    output, windows = _frames(0, (2, 1, 4, 5, 3)), _frames(1, (2, 3, 4, 5, 3))
    more, factor = (1 + np.abs(_frames(seed, (2, 1, 4, 5))) for seed in (2, 3))
    outputs = {"output": output, "more_error": more, "factor": factor}
    squared = np.square(output[:, 0] - windows[:, -1]).mean(-1)
    wanted = ((squared + more[:, 0]) * factor[:, 0]).mean((1, 2))
    np.testing.assert_allclose(goal.frame_score(outputs, windows)[:, 0], wanted, rtol=1e-5)
    total, _ = goal.loss(outputs, windows, {"weight": np.array([1.0, 0])}, {})
    np.testing.assert_allclose(total, (squared + more[:, 0])[0].mean(), rtol=1e-5)


def test_the_second_half_of_a_window_is_not_read_for_its_prediction():
    model = build.model("stae", task="reconstruct_predict")
    x = build.windows(model)
    apply, variables = build.jit(model.apply), build.variables(model, x)
    variables = jax.tree.map(np.abs, variables)  # variances
    before, after = (apply(variables, rows)[0] for rows in (x, build.changed(x, -2, 1.0)))
    np.testing.assert_array_equal(before["output"], after["output"])


def test_a_window_without_two_even_halves_is_refused():
    model = build.model("stae", task="reconstruct_predict")
    x = build.windows(model)
    with pytest.raises(UserError, match=r"window.length is 5.*give a multiple of 4"):
        model.apply(build.variables(model, x), np.concatenate([x, x[:, :1]], axis=1))


def test_attention_is_one_in_the_mean_and_largest_where_channels_vary():
    code = _frames(0, (2, 3, 4, 6))
    code[:, 1, 2] *= 4
    found = np.asarray(attention(code))[..., 0]
    np.testing.assert_allclose(found.mean((1, 2)), 1, rtol=1e-5)
    assert all(np.unravel_index(each.argmax(), each.shape) == (1, 2) for each in found)


@pytest.mark.parametrize("name", ["std", "stcen", "amae"])
def test_frames_that_the_strides_do_not_divide_are_refused(name):
    task = "reconstruct_last" if name == "std" else "predict"
    with pytest.raises(UserError, match=f"model {name} halves frames 2 times"):
        build.model(name, task=task, feature_shape=(18, 32, 1))
