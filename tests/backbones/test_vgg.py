"""VGG's classifier at all sizes, and its checkpoints' forms, without torch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vadjax.backbones import vgg
from vadjax.backbones.port import port
from vadjax.errors import UserError

NARROW = {"repeats": (1, 2, 1, 1, 1), "widths": (4, 4, 4, 4, 512), "hidden": 5}
PLAIN, NORM = vgg.Variant(**NARROW), vgg.Variant(**NARROW, norm=True)
CLASSES = 3
IMAGE = jax.ShapeDtypeStruct((1, 32, 32, 3), jnp.float32)


def timm_state(variant):
    """Random weights under timm's names, written out here for the narrow variant."""
    random = np.random.default_rng(0)
    state = {
        "pre_logits.fc1.weight": random.normal(size=(5, 512, 7, 7)),
        "pre_logits.fc1.bias": random.normal(size=5),
        "pre_logits.fc2.weight": random.normal(size=(5, 5, 1, 1)),
        "pre_logits.fc2.bias": random.normal(size=5),
        "head.fc.weight": random.normal(size=(CLASSES, 5)),
        "head.fc.bias": random.normal(size=CLASSES),
    }
    places = (0, 4, 7, 11, 15, 19) if variant.norm else (0, 3, 5, 8, 11, 14)
    widths = (3, 4, 4, 4, 4, 4, 512)
    for place, before, after in zip(places, widths[:-1], widths[1:], strict=True):
        state[f"features.{place}.weight"] = random.normal(size=(after, before, 3, 3))
        state[f"features.{place}.bias"] = random.normal(size=after)
        for key in ("weight", "bias", "running_mean", "running_var") if variant.norm else ():
            state[f"features.{place + 1}.{key}"] = random.uniform(0.5, 2, after)
    return {key: np.float32(value) for key, value in state.items()}


def torchvision_state(state):
    """The same weights as torchvision has them: linear layers over the map [c, h, w]."""
    names = {"pre_logits.fc1": "classifier.0", "pre_logits.fc2": "classifier.3"}
    names["head.fc"] = "classifier.6"
    out = {}
    for key, value in state.items():
        layer, _, kind = key.rpartition(".")
        if layer in names and kind == "weight":
            value = value.reshape(len(value), -1)
        out[f"{names.get(layer, layer)}.{kind}"] = value
    return out


def ported(variant, state, *, num_classes=CLASSES):
    module = vgg.VGG(variant, num_classes, folded=False)
    template = jax.eval_shape(module.init, jax.random.key(0), IMAGE)
    layouts = vgg.layouts(variant)
    layout = next((x for x in layouts if x.marker in state), layouts[0])
    return port(layout.prepare(state), template, layout.rules)


@pytest.mark.parametrize("variant", [PLAIN, NORM])
def test_both_layouts_give_the_same_variables(variant):
    state = timm_state(variant)
    jax.tree.map(
        np.testing.assert_array_equal,
        ported(variant, state),
        ported(variant, torchvision_state(state)),
    )


@pytest.mark.parametrize("variant", [PLAIN, NORM])
def test_hidden_layers_without_classes_are_left_out(variant):
    state = {k: v for k, v in timm_state(variant).items() if not k.startswith("head.")}
    variables = ported(variant, state, num_classes=0)
    assert "classifier" not in variables["params"]


def test_classifier_is_torchvisions_linear_layers_at_its_size():
    state = torchvision_state(timm_state(PLAIN))
    x = np.random.default_rng(1).normal(size=(2, 7, 7, 512)).astype(np.float32)
    wanted = x.transpose(0, 3, 1, 2).reshape(2, -1)
    for layer in ("classifier.0", "classifier.3", "classifier.6"):
        wanted = wanted @ state[f"{layer}.weight"].T + state[f"{layer}.bias"]
        wanted = wanted if layer == "classifier.6" else np.maximum(wanted, 0)
    head = {"params": ported(PLAIN, state)["params"]["classifier"]}
    logits = vgg.Classifier(5, CLASSES).apply(head, x)
    np.testing.assert_allclose(logits, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


def test_classifier_slides_over_larger_maps():
    head = {"params": ported(PLAIN, timm_state(PLAIN))["params"]["classifier"]}
    head["params"]["classes"] = {"kernel": np.eye(5), "bias": np.zeros(5)}  # shows the hidden layer
    x = np.random.default_rng(1).normal(size=(1, 8, 9, 512)).astype(np.float32)
    classifier = vgg.Classifier(5, 5)
    windows = [x[:, i : i + 7, j : j + 7] for i in range(2) for j in range(3)]
    wanted = np.mean([classifier.apply(head, window) for window in windows], axis=0)
    np.testing.assert_allclose(classifier.apply(head, x), wanted, rtol=1e-4)


@pytest.mark.parametrize("size", [(1, 7), (5, 3), (6, 9)])
def test_small_maps_are_spread_by_adaptive_means(size):
    x = np.random.default_rng(0).normal(size=(2, *size, 3)).astype(np.float32)
    h, w = (max(n, 7) for n in size)
    wanted = np.zeros((2, h, w, 3))
    for i, j in np.ndindex(h, w):
        rows = slice(i * size[0] // h, -(-(i + 1) * size[0] // h))
        columns = slice(j * size[1] // w, -(-(j + 1) * size[1] // w))
        wanted[:, i, j] = x[:, rows, columns].mean((1, 2))
    np.testing.assert_allclose(vgg._spread(x), wanted, rtol=1e-5, atol=1e-6)


def test_a_bias_before_a_batch_norm_shifts_its_mean():
    state = timm_state(NORM)
    norm = ported(NORM, state)["batch_stats"]["stage1"]["conv1"]["norm"]
    wanted = state["features.8.running_mean"] - state["features.7.bias"]
    np.testing.assert_array_equal(norm["mean"], wanted)


def test_a_map_of_another_size_is_a_wrong_shape():
    state = torchvision_state(timm_state(PLAIN))
    state["classifier.0.weight"] = state["classifier.0.weight"][:, : 512 * 36]
    with pytest.raises(UserError, match=r"classifier.0.weight is \[5, 18432\]"):
        ported(PLAIN, state)
