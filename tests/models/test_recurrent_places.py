"""Recurrent scanners by place: what they read, and how unlikely motion becomes a score."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.models import build
from vadjax.errors import UserError
from vadjax.explain.maps import make_error_fn
from vadjax.models.objectives.density import Density

SHAPE, STEPS, LAG, MEAN = (5, 6, 7), 7, 2, 3  # five channels of motion, two of look
PLACES = (3, 3)
GOAL = Density()
KINDS = ("place_simple_rnn", "place_lstm", "place_gru", "place_lstm_gru")


def made(name="place_lstm", **changes):
    units = (4, 3) if name == "place_lstm_gru" else (4,)
    changes = {"units": units, "lag": LAG, "mean": MEAN, **changes}
    model = build.model(name, task=GOAL, feature_shape=SHAPE, **changes)
    windows = build.windows(model, steps=STEPS)
    return model, build.variables(model, windows), windows


def motion_of(windows):
    """Mean over 3x3 cells around every second one, by loops: [b, t, 3, 3, 5]."""
    rows, columns = (np.clip(np.arange(-1, n + 1), 0, n - 1) for n in SHAPE[:2])
    motion = np.zeros((*windows.shape[:2], *PLACES, 5))
    for i, j in np.ndindex(*PLACES):
        cells = windows[:, :, rows[2 * i : 2 * i + 3]][:, :, :, columns[2 * j : 2 * j + 3], :5]
        motion[:, :, i, j] = cells.mean((2, 3))
    return motion


@pytest.mark.parametrize("name", KINDS)
def test_the_loss_is_the_negative_log_likelihood(name):
    model, variables, windows = made(name)
    outputs = build.jit(model.apply)(variables, windows)[0]
    centre, variance = np.split(outputs["output"].astype(float), 2, -1)
    assert centre.shape == (build.BATCH, STEPS - LAG, *PLACES, 5) and variance.min() > 0.3
    away = motion_of(windows)[:, LAG:] - centre
    nll = 0.5 * (away**2 / variance + np.log(variance))
    weight = np.array([1, 2, 0, 1], np.float32)
    total, weights = GOAL.loss(outputs, windows, {"weight": weight}, {})
    np.testing.assert_allclose(total, weight @ nll.mean((1, 2, 3, 4)), rtol=1e-4)
    assert weights == 4


def test_the_last_row_is_predicted_without_what_moved():
    model, variables, windows = made()
    run = build.jit(model.apply)
    last = run(variables, windows)[0]["output"][:, -1]
    other = np.array(windows)
    other[..., :5] += 3  # the motion of all rows
    other[:, -LAG:-1] += 3  # the rows within the lag
    np.testing.assert_allclose(run(variables, other)[0]["output"][:, -1], last, atol=1e-6)
    for row in (-1, -LAG - 1):  # the look now, and the newest that the recurrence reads
        other = np.array(windows)
        other[:, row, ..., 5:] += 1
        assert np.abs(run(variables, other)[0]["output"][:, -1] - last).max() > 1e-4


def test_the_score_is_the_largest_surprise_in_deviations_of_its_place():
    model, variables, windows = made()
    moments = np.random.default_rng(1).random((2, *PLACES)) + np.array([1, 9])[:, None, None]
    variables["calibration"] = {"moments": moments.astype(np.float32)}
    run = build.jit(model.apply)
    outputs = run(variables, windows)[0]
    squared = np.square(outputs["errors"][:, -MEAN:].mean(1)).sum(-1)
    around = np.pad(moments, ((0, 0), (1, 1), (1, 1)), mode="edge")
    first, second = sum(around[:, i : i + 3, j : j + 3] for i, j in np.ndindex(3, 3)) / 9
    deviation = np.sqrt(second - first**2)
    wanted = (squared - first) / (deviation + 0.3 * deviation.mean())
    scores = GOAL.frame_score(outputs, windows)
    np.testing.assert_allclose(scores[:, 0], wanted.max((1, 2)), rtol=1e-4)
    shown = make_error_fn(model, GOAL)(variables, windows)
    np.testing.assert_allclose(shown, np.maximum(wanted, 0), rtol=1e-4, atol=1e-5)


def test_without_calibration_the_surprise_is_the_squared_mean_error():
    model, variables, windows = made(calibrate="none")
    outputs = build.jit(model.apply)(variables, windows)[0]
    squared = np.square(outputs["errors"][:, -MEAN:].mean(1)).sum(-1)
    np.testing.assert_allclose(outputs["surprise"][:, 0], squared, rtol=1e-4)


def test_calibration_follows_the_moments_of_training():
    model, variables, windows = made()
    variables["calibration"] = {"moments": jnp.full((2, *PLACES), 5.0)}
    outputs, state = model.apply(variables, windows, train=True)
    squared = np.square(outputs["errors"][:, -MEAN:].mean(1)).sum(-1)
    now = np.stack([squared.mean(0), (squared**2).mean(0)])
    np.testing.assert_allclose(state["calibration"]["moments"], 4.95 + 0.01 * now, rtol=1e-5)


def test_repetitions_of_the_first_frame_have_no_share_in_the_score():
    model, variables, windows = made()
    begun = np.array(windows)
    begun[:, :-2] = begun[:, :1]  # as first_frames repeats frame 0; two rows are of their own
    outputs = build.jit(model.apply)(variables, begun)[0]
    alone, _, _ = made(mean=2)
    wanted = build.jit(alone.apply)(variables, begun)[0]["surprise"]
    np.testing.assert_allclose(outputs["surprise"], wanted, rtol=1e-5)


def test_every_parameter_learns_and_padding_does_not():
    model, variables, windows = made("place_lstm_gru")
    batch = build.batch_of(build.BATCH)

    @build.jit
    def grads(params, windows):
        def loss(params, windows):
            outputs, _ = model.apply({**variables, "params": params}, windows, train=True)
            return GOAL.loss(outputs, windows, batch, {})[0]

        return jax.grad(loss, argnums=(0, 1))(params, windows)

    of_params, of_windows = grads(variables["params"], windows)
    assert all(np.abs(g).max() > 0 for g in jax.tree.leaves(of_params))
    assert np.abs(of_windows[:-1]).max() > 0 and np.abs(of_windows[-1]).max() == 0


@pytest.mark.parametrize(
    "changes, match",
    [
        ({"bidirectional": True}, "place_lstm predicts from the past alone; set .*bidirectional"),
        ({"feature_shape": (5, 6, 5)}, r"have shape \(5, 6, 5\); use features.backbone=flow"),
        ({"name": "place_lstm_gru"}, "place_lstm_gru wants at least two layers"),
    ],
)
def test_errors_say_what_to_do(changes, match):
    changes = {"name": "place_lstm", "feature_shape": SHAPE, "units": (4,), **changes}
    with pytest.raises(UserError, match=match):
        build.model(task=GOAL, **changes)


def test_windows_without_a_row_to_predict_are_refused():
    model, variables, windows = made()
    with pytest.raises(UserError, match="at least 3 rows"):
        model.apply(variables, windows[:, :LAG])
