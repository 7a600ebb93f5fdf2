"""Losses and scores against sums written out in NumPy."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ml_collections import ConfigDict

from tests.models import build
from vadjax import models
from vadjax.errors import UserError
from vadjax.models import objectives

RNG = np.random.default_rng(0)
WEIGHT = np.array([1.0, 0.5, 0.0], np.float32)
NO_LABELS = {"weight": WEIGHT}


def value(goal, outputs, windows, batch, hparams=None):
    sums, weights = goal.loss(outputs, windows, batch, hparams or {})
    assert sums.dtype == weights.dtype == jnp.float32
    return float(sums), float(weights)


@pytest.mark.parametrize("outputs_seen", [4, 1])
def test_predict(outputs_seen):
    goal = build.objective("predict")
    windows = RNG.normal(size=(3, 5, 2)).astype(np.float32)
    output = RNG.normal(size=(3, outputs_seen, 2)).astype(np.float32)
    wanted = 0.0
    for i in range(3):
        errors = [
            (output[i, j, k] - windows[i, 5 - outputs_seen + j, k]) ** 2
            for j in range(outputs_seen)
            for k in range(2)
        ]
        wanted += WEIGHT[i] * np.mean(errors)
    total, weight = value(goal, {"output": output}, windows, NO_LABELS)
    assert total == pytest.approx(wanted, rel=1e-5) and weight == 1.5
    score = goal.frame_score({"output": output}, windows)
    assert score.shape == (3, 1) and goal.num_scored(5) == 1
    last = ((output[:, -1] - windows[:, -1]) ** 2).mean(-1)
    np.testing.assert_allclose(score[:, 0], last, rtol=1e-5)


@pytest.mark.parametrize("task", ["predict", "reconstruct"])
@pytest.mark.parametrize("cells", [(), (4, 3)])
def test_rows_that_pad_a_short_clip_are_not_learnt(task, cells):
    """Windows of 5 rows, of which 0, 2 and 4 are padding; what predicts has no first row."""
    goal, padding, weight = build.objective(task), np.array([0, 2, 4]), np.ones(3, np.float32)
    windows = RNG.normal(size=(3, 5, *cells, 2)).astype(np.float32)
    output = RNG.normal(size=(3, 5 - (task == "predict"), *cells, 2)).astype(np.float32)
    penalty = RNG.random(output.shape[:2]).astype(np.float32)
    wanted, counted = 0.0, 0
    for i in range(3):
        first = padding[i] + (task == "predict")
        values = [
            np.square(output[i, j - 5] - windows[i, j - 5]).mean() + penalty[i, j - 5]
            for j in range(first, 5)
        ]
        counted += bool(values)
        wanted += np.mean(values) if values else 0.0
    batch = {"weight": weight, "real": np.arange(5) >= padding[:, None]}
    total, number = value(goal, {"output": output, "penalty": penalty}, windows, batch)
    assert number == counted == (2 if task == "predict" else 3)
    assert total == pytest.approx(wanted, rel=1e-5)


def test_padding_has_no_vote():
    labels, real = np.array([[1, 1, 1, 0, 0, 2]]), np.arange(6) >= 2
    for rule, before, after in (
        ("majority", 1, 0),
        ("centre", 0, 0),
        ("last", 2, 2),
        ("any", 2, 2),
    ):
        goal = build.objective("classify", label_rule=rule, activation="softmax", num_classes=3)
        assert goal.window_label(labels)[0] == before
        assert goal.window_label(labels, real[None])[0] == after
    goal = build.objective("classify", label_rule="centre")
    assert goal.window_label(np.array([[0, 0, 0, 0, 1, 0]]))[0] == 0
    assert goal.window_label(np.array([[0, 0, 0, 0, 1, 0]]), (np.arange(6) >= 3)[None])[0] == 1


@pytest.mark.parametrize("reduce", ["mean", "max"])
def test_reconstruct_maps(reduce):
    goal = build.objective("reconstruct", reduce=reduce)
    windows = RNG.normal(size=(3, 2, 4, 5, 6)).astype(np.float32)
    output = RNG.normal(size=windows.shape).astype(np.float32)
    squared = (output.astype(np.float64) - windows) ** 2
    total, _ = value(goal, {"output": output}, windows, NO_LABELS)
    wanted = (WEIGHT * squared.mean((1, 2, 3, 4))).sum()
    assert total == pytest.approx(wanted, rel=1e-5), "the loss is the mean in any case"
    places = squared.mean(-1).reshape(3, 2, -1)
    scores = goal.frame_score({"output": output}, windows)
    np.testing.assert_allclose(scores, getattr(places, reduce)(-1), rtol=1e-5)
    assert goal.num_scored(2) == 2


@pytest.mark.parametrize("name", ["predict", "reconstruct"])
def test_the_target_has_a_gradient_only_when_asked(name):
    goal = build.objective(name)
    windows, output = jnp.ones((2, 3, 4)), jnp.zeros((2, 3, 4))

    def score(windows, goal):
        return goal.frame_score({"output": output}, windows).sum()

    assert np.abs(jax.grad(score)(windows, goal)).max() == 0
    asked = dataclasses.replace(goal, target_gradient=True)
    rows = goal.num_scored(3)
    wanted = np.zeros((2, 3, 4))
    wanted[:, -rows:] = 2 / 4  # d/dw mean_k (0 - w)^2
    np.testing.assert_allclose(jax.grad(score)(windows, asked), wanted)


CLASS_WEIGHT = np.array([0.5, 3.0], np.float32)


@pytest.mark.parametrize("class_weight", [None, CLASS_WEIGHT])
@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_classify(activation, class_weight):
    goal = build.objective("classify", activation=activation)
    logits = RNG.normal(size=(3, 1, 1 if activation == "sigmoid" else 2)).astype(np.float32)
    labels = np.array([[1, 0], [0, 1], [1, 1]])
    wanted, probabilities = 0.0, []
    for i in range(3):
        z = logits[i, 0, 0] if activation == "sigmoid" else logits[i, 0, 1] - logits[i, 0, 0]
        p = 1 / (1 + np.exp(-z))
        probabilities.append(p)
        y = labels[i, -1]
        cost = -np.log(p if y else 1 - p)
        wanted += WEIGHT[i] * cost * (1 if class_weight is None else class_weight[y])
    batch = {"weight": WEIGHT, "frame_label": labels}
    hparams = {} if class_weight is None else {"class_weight": class_weight}
    total, weight = value(goal, {"output": logits}, None, batch, hparams)
    assert total == pytest.approx(wanted, rel=1e-5) and weight == 1.5
    score = goal.frame_score({"output": logits}, np.zeros((3, 2, 4)))
    np.testing.assert_allclose(score, np.array(probabilities)[:, None], rtol=1e-5)


def test_classify_many_classes():
    goal = build.objective("classify", activation="softmax", num_classes=4, label_rule="majority")
    assert goal.out_features((9,)) == 4
    logits = RNG.normal(size=(1, 1, 4))
    p = np.exp(logits[0, 0]) / np.exp(logits[0, 0]).sum()
    batch = {"weight": np.ones(1), "frame_label": np.array([[3, 2, 3]])}
    total, _ = value(goal, {"output": logits}, None, batch)
    assert total == pytest.approx(-np.log(p[3]), rel=1e-5)
    score = goal.frame_score({"output": logits}, None)
    assert float(score[0, 0]) == pytest.approx(p[1:].sum(), rel=1e-5)


def test_extreme_logits_stay_finite():
    goal = build.objective("classify")
    batch = {"weight": np.ones(2), "frame_label": np.array([[0], [1]])}
    outputs = {"output": np.array([1e4, -1e4], np.float32).reshape(2, 1, 1)}
    assert value(goal, outputs, None, batch)[0] == pytest.approx(2e4)


@settings(deadline=None, max_examples=30)  # each new length compiles
@given(st.lists(st.lists(st.integers(0, 1), min_size=4, max_size=4), min_size=1, max_size=5))
def test_label_rules(labels):
    def by(rule):
        return build.objective("classify", label_rule=rule).window_label(np.array(labels)).tolist()

    assert by("last") == [row[-1] for row in labels]
    assert by("any") == [int(any(row)) for row in labels]
    assert by("majority") == [int(sum(row) > len(row) / 2) for row in labels]
    assert by("centre") == [row[2] for row in labels]


def test_padding_counts_nothing():
    goal = build.objective("predict")
    windows = RNG.normal(size=(3, 5, 2)).astype(np.float32)
    output = RNG.normal(size=(3, 4, 2)).astype(np.float32)
    whole = value(goal, {"output": output}, windows, NO_LABELS)
    part = value(goal, {"output": output[:2]}, windows[:2], {"weight": WEIGHT[:2]})
    assert whole == pytest.approx(part)


def test_lookahead():
    assert build.objective("predict").lookahead(16, True) == 0
    assert build.objective("reconstruct").lookahead(16, False) == 15
    assert build.objective("reconstruct").lookahead(1, False) == 0
    for rule, frames in (("last", 0), ("any", 15), ("majority", 15), ("centre", 15)):
        goal = build.objective("classify", label_rule=rule)
        assert goal.lookahead(16, True) == frames
        assert goal.lookahead(16, False) == 0


def test_the_supervised_objectives_learn_from_frames_or_from_bags():
    found = {n for n in models.OBJECTIVES if build.objective(n).supervised}
    assert found == {"classify", "recognize", "segment", "mil_ranking", "mil_topk", "mil_attention"}


@pytest.mark.parametrize(
    "kwargs,match",
    [
        ({"name": "predikt"}, "objective 'predikt' unknown; .*Did you mean 'predict'?"),
        ({"name": "predict", "reduce": "sum"}, "objective.reduce 'sum' unknown; choose one of max"),
        ({"name": "classify", "activation": "tanh"}, "objective.activation 'tanh' unknown"),
        ({"name": "classify", "label_rule": "first"}, "objective.label_rule 'first' unknown"),
        ({"name": "classify", "num_classes": 3}, "num_classes is 3, but activation 'sigmoid'"),
    ],
)
def test_errors_say_what_to_choose(kwargs, match):
    with pytest.raises(UserError, match=match):
        build.objective(**kwargs)


def test_create_gives_an_objective_back():
    goal = objectives.create(ConfigDict({"name": "predict"}))
    assert objectives.create(goal) is goal


def test_segment():
    goal = build.objective("segment")
    places = RNG.normal(size=(3, 1, 4, 5, 1)).astype(np.float32)
    shares = RNG.uniform(0, 0.3, (3, 4, 5)).astype(np.float32)
    batch = {"weight": WEIGHT, "cell_label": shares}
    chances = 1 / (1 + np.exp(-places[:, 0, ..., 0].astype(np.float64)))
    losses = np.where(shares > 0.15, -5 * np.log(chances), -np.log(1 - chances)).mean((1, 2))
    weights = {"class_weight": jnp.array([1.0, 5.0])}
    total, weight = value(goal, {"cell_logits": places}, None, batch, weights)
    assert total == pytest.approx((WEIGHT * losses).sum(), rel=1e-5) and weight == 1.5
    output = np.array([[[0.0]], [[2.0]], [[-2.0]]], np.float32)
    scores = goal.frame_score({"output": output}, None)
    np.testing.assert_allclose(scores[:, 0], 1 / (1 + np.exp(-output[:, 0, 0])), rtol=1e-6)


@pytest.mark.parametrize("of", ["hidden", "output"])
@pytest.mark.parametrize("name", ["predict", "classify"])
def test_temporal_coherence_penalises_what_changes_from_row_to_row(name, of):
    rng = np.random.default_rng(3)
    outputs = {"hidden": rng.normal(size=(4, 5, 3)), "output": rng.normal(size=(4, 5, 2))}
    windows, weight = rng.normal(size=(4, 6, 2)), np.array([1.0, 1.0, 1.0, 0.0])
    batch = {"weight": weight, "frame_label": rng.integers(0, 2, (4, 6))}
    kwargs = {"name": name, "activation": "softmax", "label_rule": "last", "coherence_of": of}
    plain, coherent = (
        objectives.create(ConfigDict({**kwargs, "coherence": share})) for share in (0.0, 0.25)
    )
    sums = [value(goal, outputs, windows, batch) for goal in (coherent, plain)]
    assert sums[0][1] == sums[1][1] == 3
    difference = (sums[0][0] - sums[1][0]) / 3
    x = outputs[of][:3]
    wanted = np.mean([np.mean((row[1:] - row[:-1]) ** 2) for row in x])
    assert difference == pytest.approx(0.25 * wanted, rel=1e-4)
    still = {**outputs, of: np.repeat(outputs[of][:, :1], 5, axis=1)}
    assert value(coherent, still, windows, batch) == value(plain, still, windows, batch)
