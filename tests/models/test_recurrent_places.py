"""Recurrent scanners by place: what they read, and how unlikely motion becomes a score."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.models import build
from tests.training import tiny
from tests.training.test_population import assert_same, members_of, train
from vadjax.data.splits.windows import window_table
from vadjax.errors import UserError
from vadjax.explain.maps import make_error_fn
from vadjax.models.objectives.density import Density
from vadjax.training.inputs import TrainingData

SHAPE, STEPS, LAG, MEAN = (5, 6, 7), 7, 2, 3  # five channels of motion, two of look
PLACES = (3, 3)
GOAL = Density()
KINDS = ("place_simple_rnn", "place_lstm", "place_gru", "place_lstm_gru")


def made(name="place_lstm", *, task=GOAL, **changes):
    units = (4, 3) if name == "place_lstm_gru" else (4,)
    changes = {"units": units, "lag": LAG, "mean": MEAN, **changes}
    model = build.model(name, task=task, feature_shape=SHAPE, **changes)
    windows = build.windows(model, steps=STEPS)
    return model, build.variables(model, windows), windows


def motion_of(windows, box=3):
    """Mean over a box of cells around every second one, by loops: [b, t, 3, 3, 5]."""
    half = box // 2
    rows, columns = (np.clip(np.arange(-half, n + half), 0, n - 1) for n in SHAPE[:2])
    motion = np.zeros((*windows.shape[:2], *PLACES, 5))
    for i, j in np.ndindex(*PLACES):
        across = columns[2 * j : 2 * j + box]
        cells = windows[:, :, rows[2 * i : 2 * i + box]][:, :, :, across, :5]
        motion[:, :, i, j] = cells.mean((2, 3))
    return motion


def goal_of(**changes):
    return build.objective("density", **changes)


def one_step(params, state, x):
    """A step of a GRU, or of a simple RNN, by NumPy: state [u], x [d]."""
    own, back = (np.asarray(params[k], float) for k in ("input_kernel", "recurrent_kernel"))
    bias, units = np.asarray(params["bias"], float), len(state)
    if own.shape[1] == units:
        return np.tanh(x @ own + bias + state @ back)
    share, turned = x @ own + bias, state @ back + np.asarray(params["recurrent_bias"], float)
    reset, update = (
        1 / (1 + np.exp(-(share + turned)[k * units : (k + 1) * units])) for k in (0, 1)
    )
    new = np.tanh(share[2 * units :] + reset * turned[2 * units :])
    return update * state + (1 - update) * new


def slow_output(variables, look, *, layers, by_row, both, lag=LAG):
    """What the network gives for each row, place by place: look [t, h, w, e] embedded."""
    params, (t, h, w, _) = variables["params"], look.shape
    found = {}
    for i, j in np.ndindex(h, w):

        def own(name, i=i):
            chosen = params[name]
            return {k: v[i] if by_row else v for k, v in chosen.items()}

        def stack(rows, name):
            for n in range(layers):
                layer, states = own(f"{name}_{n}"), []
                state = np.zeros(layer["recurrent_kernel"].shape[0])
                for row in rows:
                    state = one_step(layer, state, row)
                    states.append(state)
                rows = states
            return rows

        for r in range(lag, t):
            parts = [look[r, i, j], stack([*look[: r - lag + 1, i, j]], "Recurrence")[-1]]
            if both:
                late = [*look[r + lag :, i, j][::-1]]
                parts.append(stack(late, "backward")[-1] if late else np.zeros_like(parts[1]))
            x = np.concatenate(parts)
            for name, last in (("joined", False), ("output", True)):
                x = x @ own(name)["kernel"] + own(name)["bias"]
                x = x + params["output_place"][i, j] if last else np.maximum(x, 0)
            found[r, i, j] = x
    return found


def embedded_of(variables, windows):
    """The look of each place with its neighbours, by the weights: [b, t, h, w, e]."""
    params, look = variables["params"], np.asarray(windows[..., 5:], float)
    look = np.pad(look, ((0, 0), (0, 0), (0, 1), (0, 0), (0, 0)), mode="edge")  # five rows
    cells = [look[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]
    x = np.concatenate(cells, -1) @ params["thin"]["kernel"] + params["thin"]["bias"]
    x = np.pad(np.maximum(x + params["place"], 0), ((0, 0), (0, 0), (1, 1), (1, 1), (0, 0)))
    found = 0
    for i, j in np.ndindex(3, 3):
        found = found + x[:, :, i : i + 3, j : j + 3] @ params["conv"][i, j]
    return np.maximum(found, 0)


@pytest.mark.parametrize("by_row", [False, True])
@pytest.mark.parametrize(
    "name, both", [("place_gru", False), ("place_gru", True), ("place_simple_rnn", True)]
)
def test_the_network_equals_a_loop_over_places_and_rows(name, both, by_row):
    model, variables, windows = made(
        name, units=(4, 3), bidirectional=both, sharing="row" if by_row else "all"
    )
    outputs = build.jit(model.apply)(variables, windows)[0]["output"]
    look = embedded_of(variables, windows)
    for b in (0, 2):
        wanted = slow_output(variables, look[b], layers=2, by_row=by_row, both=both)
        for (r, i, j), value in wanted.items():
            got = outputs[b, r - LAG, i, j]
            np.testing.assert_allclose(got[:5], value[:5], atol=1e-4)
            np.testing.assert_allclose(got[5:], 0.3 + np.logaddexp(0, value[5:]), atol=1e-4)


def test_a_mixture_has_the_likelihood_of_its_gaussians_and_the_errors_of_the_likely_ones():
    model, variables, windows = made(mixture=3, boxes=(3, 1))
    outputs = build.jit(model.apply)(variables, windows)[0]
    motion = np.concatenate([motion_of(windows), motion_of(windows, 1)], -1)[:, LAG:]
    output = outputs["output"].astype(float)
    assert output.shape[-1] == 3 * (10 + 10) + 3
    centre, variance, weight = np.split(output, [30, 60], -1)
    np.testing.assert_allclose(weight.sum(-1), 1, rtol=1e-5)
    for at in np.ndindex(*motion.shape[:-1]):
        means, own = centre[at].reshape(3, 10), variance[at].reshape(3, 10)
        normal = np.exp(-0.5 * (motion[at] - means) ** 2 / own) / np.sqrt(own)
        joint = weight[at] * normal.prod(1)
        share = joint / joint.sum()
        errors = (share[:, None] * (motion[at] - means) / np.sqrt(own)).sum(0)
        np.testing.assert_allclose(outputs["errors"][at], errors, rtol=1e-3, atol=1e-3)
        motion_nll = -np.log(joint.sum()) / 10
        centre[at][0] = motion_nll  # kept for the mean below
    nll = centre[..., 0].mean((2, 3))
    np.testing.assert_allclose(outputs["nll"], nll, rtol=1e-4, atol=1e-4)


def test_several_rows_are_scored_each_by_its_own_errors_and_calibration():
    goal = goal_of(scored_rows=3, top_places=4)
    model, variables, windows = made(task=goal, bidirectional=True)
    moments = variables["calibration"]["moments"]
    assert moments.shape == (2, 3, *PLACES)
    drawn = np.random.default_rng(1).random(moments.shape) + np.array([1, 9])[:, None, None, None]
    variables["calibration"] = {"moments": drawn.astype(np.float32)}
    outputs = build.jit(lambda v, x: model.apply(v, x, num_outputs=3)[0])(variables, windows)
    around = np.pad(drawn, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    first, second = sum(around[:, :, i : i + 3, j : j + 3] for i, j in np.ndindex(3, 3)) / 9
    deviation = np.sqrt(second - first**2)
    scores = goal.frame_score(outputs, windows)
    for k in range(3):
        stop = outputs["errors"].shape[1] - 2 + k
        errors = outputs["errors"][:, max(stop - MEAN, 0) : stop].mean(1)
        wanted = (np.square(errors).sum(-1) - first[k]) / (deviation[k] + 0.3 * deviation[k].mean())
        largest = np.sort(wanted.reshape(len(wanted), -1))[:, -4:].mean(1)
        np.testing.assert_allclose(scores[:, k], largest, rtol=1e-4)
    assert goal.num_scored(STEPS) == 3 and goal.lookahead(STEPS, True) == 2


def test_in_two_directions_a_row_is_predicted_without_what_is_near_it():
    model, variables, windows = made("place_gru", units=(4, 3), bidirectional=True)
    run, row = build.jit(model.apply), 3  # of 7; lag 2
    at = run(variables, windows)[0]["output"][:, row - LAG]
    near = np.array(windows)
    near[:, row - LAG + 1 : row] += 1
    near[:, row + 1 : row + LAG] += 1
    np.testing.assert_allclose(run(variables, near)[0]["output"][:, row - LAG], at, atol=1e-6)
    for other in (row - LAG, row + LAG, STEPS - 1):
        changed = build.changed(np.array(windows), other, 1.0)
        assert np.abs(run(variables, changed)[0]["output"][:, row - LAG] - at).max() > 1e-4


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


def test_members_of_a_population_are_trained_as_alone():
    """Two directions, mixtures, weights by row; the trainer of sweeps."""
    goal = goal_of(scored_rows=3)
    changes = {"bidirectional": True, "mixture": 2, "sharing": "row", "dropout": 0.2}
    model, _, _ = made("place_gru", task=goal, **changes)
    rng = np.random.default_rng(0)
    lengths, cut = (14, 12), {"length": STEPS, "stride": 2}
    data = TrainingData(
        [rng.normal(size=(n, *SHAPE)).astype(np.float32) for n in (*lengths, 10)],
        window_table(lengths, **cut),
        window_table([10], starts=[sum(lengths)], **cut),
    )
    config = tiny.config(epochs=2)
    members = members_of(data, config, goal)
    together, alone = (train(model, goal, data, config, members, slots=n) for n in (3, 1))
    assert_same(together, alone, atol=2e-4)


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
        ({"boxes": (3, 4)}, r"model.boxes is \(3, 4\); a box around a cell is an odd number"),
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
