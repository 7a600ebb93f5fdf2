"""Class activation maps against closed forms, a hand-made case and the package grad-cam."""

import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict
from safetensors.numpy import save_file

from tests.backbones.test_goldens import golden_shapes
from tests.models import build
from tools.make_goldens_backbones import random_images, random_state
from tools.make_goldens_cam import CASES, CLASS, EPS, METHODS, SIZE
from vadjax import backbones, models
from vadjax.errors import UserError
from vadjax.explain import cam, taps
from vadjax.models import objectives

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "cam.npz"


def test_two_channels_by_hand():
    # Channel 0 is lit above, channel 1 below; the score is a_0 - a_1 of the map's means.
    a = jnp.array([[[4.0, 0], [0, 0]], [[0, 2], [0, 2]]])[None]  # [1, 2, 2, c]
    scores, maps = cam.explain(lambda x: (x[..., 0] - x[..., 1]).mean((1, 2)), a, method="gradcam")
    assert scores.tolist() == [0.0]  # (4 - 2 - 2) / 4
    assert maps.tolist() == [[[1.0, 0.0], [0.0, 0.0]]]  # gradients +-1/4; what is below 0 is cut
    _, maps = cam.explain(lambda x: (x[..., 0] - x[..., 1]).mean((1, 2)), a, method="hirescam")
    assert maps.tolist() == [[[1.0, 0.0], [0.0, 0.0]]]
    _, maps = cam.explain(lambda x: (x[..., 0] - x[..., 1]).mean((1, 2)), a)
    # alpha = 1 / (2 + 4 * 1/4) = 1/3, weight = 4 places * 1/3 * 1/4; channel 1 has no positive one.
    np.testing.assert_allclose(maps, [[[4 / 3, 0], [0, 0]]], rtol=1e-6)


def test_a_linear_head_has_a_closed_form():
    random = np.random.default_rng(0)
    a = random.random((3, 4, 5, 6), np.float32)
    w = random.normal(size=6).astype(np.float32)

    def explained(method):
        return cam.explain(lambda x: x.mean((1, 2)) @ w, a, method=method)[1]

    cam_of_zhou = np.maximum(a @ w, 0) / 20  # CAM (Zhou et al. 2016), and so all but gradcam++
    np.testing.assert_allclose(explained("gradcam"), cam_of_zhou, atol=1e-6)
    np.testing.assert_allclose(explained("hirescam"), cam_of_zhou, atol=1e-6)
    alpha = 1 / (2 + a.mean((1, 2)) * w)  # [b, c]
    weights = np.maximum(w, 0) * alpha
    plus = np.maximum(np.einsum("bhwc,bc->bhw", a, weights), 0)
    np.testing.assert_allclose(explained("gradcam++"), plus, atol=1e-5)
    inputs = np.broadcast_to(np.abs(w).max() / 20, plus.shape)
    np.testing.assert_allclose(explained("input_gradient"), inputs, rtol=1e-5)


def test_maps_of_zeros_and_without_gradient_are_zeros():
    for method in cam.METHODS:
        maps = cam.explain(lambda x: 0 * x.sum((1, 2, 3)), jnp.zeros((2, 3, 3, 4)), method=method)[
            1
        ]
        np.testing.assert_array_equal(maps, np.zeros((2, 3, 3)))


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n == "resnet18")) for n in CASES]
)
def test_maps_equal_the_package_grad_cam(name, tmp_path):
    """Its maps are committed (tools/make_goldens_cam.py): no torch here."""
    save_file(random_state(golden_shapes(name), seed=0), tmp_path / "w.safetensors")
    backbone = backbones.create(name, weights=str(tmp_path / "w.safetensors"), size=SIZE)
    images = random_images(SIZE, seed=1)
    for tap in CASES[name]:
        for method, ours in maps_of(backbone, tap, images).items():
            wanted = np.load(GOLDEN)[f"{name} {tap} {method}"]
            assert np.abs(ours - wanted).max() < 1e-4 * wanted.max(), (tap, method)
            assert np.std(wanted) > 0


def maps_of(backbone, tap, images):
    """{method: maps [b, h, w]} of one class's logit, as tools.make_goldens_cam makes them."""
    truncated, head = backbone.split(tap)

    def run(variables, images):
        def score(x):
            return head(variables, x)["logits"][:, CLASS]

        at = truncated(variables, images)
        return {m: cam.explain(score, at, method=m, eps=EPS)[1] for m in METHODS}

    return build.jit(run)(backbone.variables, images)


PIXELS = backbones.create("pixels", size=(6, 8))
CLIPS = np.random.default_rng(0).integers(0, 255, (2, 4, 6, 8, 1), np.uint8)  # [b, t, h, w, c]
MEAN, STD = np.full(48, 100, np.float32), np.full(48, 50, np.float32)


def detector(task, **changes):
    """A scanner of images laid flat, with its variables."""
    objective = objectives.create(
        ConfigDict({"name": task, "activation": "sigmoid", "label_rule": "last"})
    )
    config = build.model_config(**changes)
    model = models.create(config, feature_shape=(48,), objective=objective)
    return model, objective, model.init(jax.random.key(0), np.zeros((1, 4, 48), np.float32))


SERVED = [("predict", False), ("reconstruct", False), ("classify", True)]


@pytest.mark.parametrize("task,bidirectional", SERVED)
def test_halves_of_the_chain_rule_make_the_whole_windows_maps(task, bidirectional):
    model, objective, variables = detector(task, bidirectional=bidirectional)
    whole = cam.make_window_fn(
        PIXELS, model, objective, tap="map", rows="features", method="hirescam"
    )
    scores, maps = whole(PIXELS.variables, variables, MEAN, STD, CLIPS)
    assert maps.shape == (2, 4, 6, 8)  # one map a frame of the window
    gradient_of = cam.make_gradient_fn(model, objective)
    rows = CLIPS.reshape(2, 4, 48)
    alone, gradients = gradient_of(variables, MEAN, STD, rows)
    np.testing.assert_allclose(alone, scores, rtol=1e-5)
    map_of = cam.make_frame_fn(PIXELS, tap="map", rows="features", method="hirescam", micro_batch=1)
    last = map_of(CLIPS[:, -1], gradients)
    np.testing.assert_allclose(last, maps[:, -1], rtol=1e-4, atol=1e-7)
    assert np.all(np.max(maps, axis=(0, 2, 3)) > 0)  # through time to the first frame


@pytest.mark.parametrize("task", ["predict", "reconstruct"])
def test_gradients_are_those_of_the_score_that_is_reported(task):
    """Finite differences of the whole error, target included."""
    model, objective, variables = detector(task)
    rows = CLIPS.reshape(2, 4, 48).astype(np.float32)
    _, gradients = cam.make_gradient_fn(model, objective)(variables, MEAN, STD, rows)

    def score(rows):
        windows = (rows - MEAN) / STD
        outputs, _ = model.apply(variables, windows)
        return np.asarray(objective.frame_score(outputs, windows))[:, -1]

    for i in (0, 17, 40):
        step = np.zeros_like(rows)
        step[:, -1, i] = 5
        slope = (score(rows + step) - score(rows - step)) / 10
        np.testing.assert_allclose(gradients[:, i], slope, rtol=2e-2, atol=1e-6)
    assert np.abs(gradients).max() > 1e-4


def test_a_predictor_without_its_targets_gradient_would_have_no_map():
    model, objective, variables = detector("predict")
    rows = jnp.float32(CLIPS.reshape(2, 4, 48))

    def score(rows):
        outputs, _ = model.apply(variables, rows)
        return objective.frame_score(outputs, rows).sum()

    assert not np.any(jax.grad(score)(rows)[:, -1])
    assert np.any(cam.make_gradient_fn(model, objective)(variables, MEAN, STD, rows)[1])


def test_frames_may_start_from_a_stored_stage():
    """Through a depthwise layer, whose backward pass is our own, split over devices."""
    backbone = backbones.create("mobilenetv2_100", weights="random", size=64)
    random = np.random.default_rng(0)
    stored = random.random((2, 2, 2, 160), np.float32)
    gradients = random.normal(size=(2, 1280)).astype(np.float32)
    found = cam.make_frame_fn(
        backbone, tap="stage6", rows="features", method="gradcam++", start="stage6"
    )(stored, gradients)
    rest = taps.cut(backbone, tap="stage6")[1]

    def run(variables, at):
        return cam.explain(lambda x: (rest(variables, x) * gradients).sum(-1), at)[1]

    wanted = build.jit(run)(backbone.variables, stored)
    assert np.max(wanted) > 0
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6 * np.max(wanted))


def test_input_gradients_are_averaged_over_cells():
    maps = np.random.default_rng(0).random((2, 20, 16), np.float32)
    cells = cam.coarse(maps, "input_gradient")
    assert cells.shape == (2, 3, 2)
    np.testing.assert_allclose(cells.mean(), maps.mean(), rtol=0.05)
    assert cam.coarse(maps, "gradcam") is maps


def test_class_tokens_are_explained_where_patches_are_last_read():
    backbone = backbones.create("vit_tiny_patch16_224", weights="random", size=32)
    assert taps.choose_tap(backbone) == "stage11"
    assert taps.choose_tap(backbone, tap="stage3") == "stage3"
    assert taps.choose_tap(backbone, rows="map") == "map"
    with pytest.raises(UserError, match=r"'map'.*only on its class token; choose 'stage11'"):
        taps.choose_tap(backbone, tap="map")
    with pytest.raises(UserError, match=r"explain.tap .* unknown; choose one of stage1, stem"):
        taps.choose_tap(backbone, tap="stage7", rows="stage1")
    at, rest = taps.cut(backbone, tap="stage2", rows="stage3")
    images = np.zeros((1, 32, 32, 3), np.uint8)
    found = jax.eval_shape(lambda v: rest(v, at(v, images)), backbone.variables)
    assert found.shape == (1, 2, 2, 192)


def test_an_unknown_method_and_a_tap_without_places_are_refused():
    with pytest.raises(UserError, match=r"explain.method 'gradcamp' unknown.*Did you mean"):
        cam.combine(jnp.zeros((1, 1, 1)), jnp.zeros((1, 1, 1)), method="gradcamp")
