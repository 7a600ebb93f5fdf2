"""Objectives of bags against the published losses, written in torch or NumPy, and the model."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from vadjax import models
from vadjax.models import objectives
from vadjax.models.objectives import mil_topk

rng = np.random.default_rng(0)
LOGITS = rng.normal(size=(6, 20)).astype(np.float32)
HIDDEN = rng.gamma(1.0, size=(6, 20, 3, 5)).astype(np.float32)  # three crops
LABEL = np.array([1, 0, 1, 0, 0, 1])
OUTPUTS = {"output": LOGITS[..., None], "hidden": HIDDEN, "attention": LOGITS[:, ::-1]}


def loss(name, outputs, label, weight=None):
    weight = np.ones(len(label)) if weight is None else weight
    batch = {"weight": jnp.asarray(weight, jnp.float32), "video_label": jnp.asarray(label)}
    made = objectives.create(ConfigDict({"name": name}))
    total, mass = made.loss(jax.tree.map(jnp.asarray, outputs), None, batch, {})
    return float(total / mass)


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, np.float64)))


def test_ranking_is_the_published_loss_over_the_abnormal_bags():
    """TrainingAnomalyDetector_public.py: for each normal bag the sum of hinges, then the mean."""
    scores = sigmoid(LOGITS)
    abnormal, normal = scores[LABEL == 1], scores[LABEL == 0]
    hinges = [np.maximum(1 - abnormal.max(1) + own.max(), 0).sum() for own in normal]
    smooth = np.square(np.diff(abnormal, axis=1)).sum()
    published = np.mean(hinges) + 8e-5 * abnormal.sum() + 8e-5 * smooth
    np.testing.assert_allclose(loss("mil_ranking", OUTPUTS, LABEL), published / 3, rtol=1e-5)


def published_rtfm(scores, hidden, label):
    """train.py: RTFM_loss, sparsity and smooth, over every pair, not in the batch's order."""
    torch = pytest.importorskip("torch")
    scores, hidden = torch.tensor(scores), torch.tensor(hidden, dtype=torch.float64)
    magnitudes = torch.norm(hidden, p=2, dim=3).mean(2)
    chosen = torch.topk(magnitudes, scores.shape[1] // 10, dim=1)[1]
    top = torch.gather(scores, 1, chosen).mean(1)
    index = chosen[:, :, None, None].expand(-1, -1, *hidden.shape[2:])
    length = torch.norm(torch.gather(hidden, 1, index).mean(1), p=2, dim=2)  # [b, crops]
    side = torch.tensor(label) > 0
    pairs = (torch.abs(100 - length[side])[:, None] + length[~side][None]) ** 2
    abnormal = scores[side]
    times = 32 / len(abnormal)  # the published batch has 32 abnormal bags
    smooth = sum(torch.sum((own[1:] - own[:-1]) ** 2) for own in abnormal)
    return float(
        torch.nn.BCELoss()(top, side.double())
        + 1e-4 * pairs.mean()
        + 8e-4 * smooth * times
        + 8e-3 * torch.norm(abnormal.flatten()) * times**0.5
    )


def test_magnitudes_are_compared_as_in_rtfm():
    want = published_rtfm(sigmoid(LOGITS), HIDDEN, LABEL)
    np.testing.assert_allclose(loss("mil_topk", OUTPUTS, LABEL), want, rtol=1e-5)
    no_crops = {**OUTPUTS, "hidden": HIDDEN[:, :, 0]}
    want = published_rtfm(sigmoid(LOGITS), HIDDEN[:, :, :1], LABEL)
    np.testing.assert_allclose(loss("mil_topk", no_crops, LABEL), want, rtol=1e-5)


def test_attention_weighs_the_logits_of_instances():
    attention = np.exp(LOGITS[:, ::-1].astype(np.float64))
    attention /= attention.sum(1, keepdims=True)
    bag = sigmoid((attention * LOGITS).sum(1))
    want = -np.where(LABEL, np.log(bag), np.log(1 - bag)).mean()
    np.testing.assert_allclose(loss("mil_attention", OUTPUTS, LABEL), want, rtol=1e-5)


@pytest.mark.parametrize("name", ["mil_ranking", "mil_topk", "mil_attention"])
def test_padding_has_no_share_and_gradients_are_finite(name):
    more = jax.tree.map(lambda x: np.concatenate([x, 9 + x[:2]]), OUTPUTS)
    label, weight = np.append(LABEL, [1, 0]), np.append(np.ones(6), [0, 0])
    np.testing.assert_allclose(
        loss(name, more, label, weight), loss(name, OUTPUTS, LABEL), rtol=1e-6
    )

    def total(outputs):
        batch = {"weight": jnp.ones(6), "video_label": jnp.asarray(LABEL)}
        return objectives.create(ConfigDict({"name": name})).loss(outputs, None, batch, {})[0]

    zeros = jax.tree.map(jnp.zeros_like, OUTPUTS)  # norms of 0, probabilities of one half
    for outputs in (jax.tree.map(jnp.asarray, OUTPUTS), zeros):
        assert all(np.isfinite(g).all() for g in jax.tree.leaves(jax.grad(total)(outputs)))


def model(name, shape=(4,), units=(7, 5)):
    config = ConfigDict({"name": "bag_mlp", "units": units, "dropout": 0.0})
    return models.create(config, feature_shape=shape, objective=ConfigDict({"name": name}))


def test_the_network_is_that_of_sultani():
    """Dense 512 with ReLU, dense 32 without, dense 1: what model.json of the authors holds."""
    made = model("mil_ranking", (4096,), (512, 32))
    windows = np.zeros((1, 32, 4096), np.float32)
    variables = made.init(jax.random.key(0), windows)
    sizes = sum(x.size for x in jax.tree.leaves(variables))
    assert sizes == 4096 * 512 + 512 + 512 * 32 + 32 + 32 + 1
    small = model("mil_ranking")
    x = rng.normal(size=(2, 3, 4)).astype(np.float32)
    variables = small.init(jax.random.key(1), x)
    p = jax.tree.map(np.asarray, variables["params"])
    hidden = np.maximum(x @ p["layer_0"]["kernel"] + p["layer_0"]["bias"], 0)
    want = (hidden @ p["layer_1"]["kernel"]) @ p["output"]["kernel"]
    np.testing.assert_allclose(small.apply(variables, x)[0]["output"], want, atol=1e-5)


def test_crops_are_averaged_in_probability():
    made = model("mil_topk", (3, 4))
    x = rng.normal(size=(2, 6, 3, 4)).astype(np.float32)
    variables = made.init(jax.random.key(0), x)
    outputs, _ = made.apply(variables, x)
    each = [model("mil_topk").apply(variables, x[:, :, i])[0] for i in range(3)]
    want = np.mean([sigmoid(one["output"]) for one in each], 0)
    np.testing.assert_allclose(sigmoid(outputs["output"]), want, atol=1e-6)
    np.testing.assert_allclose(outputs["hidden"][:, :, 1], each[1]["hidden"], atol=1e-6)


def test_three_of_32_instances_are_taken():
    assert 32 // mil_topk.SHARE == 3
