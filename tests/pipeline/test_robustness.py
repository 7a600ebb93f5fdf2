"""Altered test videos through `vadjax robustness`, and the attack against differences."""

import json
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from vadjax import backbones
from vadjax import config as configs
from vadjax.backbones.preprocess import Preprocess
from vadjax.data.frames.on_demand import ArrayFrames
from vadjax.detectors.bag_model import BagModel
from vadjax.detectors.window_model import WindowModel
from vadjax.errors import UserError
from vadjax.explain.attack import make_sign_fn
from vadjax.pipeline import stages
from vadjax.pipeline.adversarial import Attacked, refusal
from vadjax.pipeline.robustness import _tested, robustness


def test_the_sign_is_that_of_a_difference():
    """Against central differences of the network, where they are clear."""
    backbone = backbones.create("mobilenetv2_100", weights="random", size=32)
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (1, 32, 32, 3), np.uint8)
    places = rng.integers(0, (32, 32, 3), (12, 3))
    moved = np.repeat(image / np.float32(255), 4 * len(places), 0).reshape(12, 4, 32, 32, 3)
    for one, (y, x, c) in zip(moved, places, strict=True):
        one[:, y, x, c] += (-0.004, -0.002, 0.002, 0.004)
    variables = backbone.prepared()
    rows = jax.jit(lambda images: backbone.apply(variables, images)["features"])
    found = np.asarray(rows(moved.reshape(-1, 32, 32, 3)))
    gradient = rng.normal(size=found[:1].shape).astype(np.float32)
    score = (found * gradient).sum(1).reshape(12, 4)
    near, far = score[:, 2] - score[:, 1], score[:, 3] - score[:, 0]
    straight = np.abs(far / near - 2) < 0.2  # and not rounding
    assert straight.sum() >= 6
    signs = np.asarray(make_sign_fn(backbone, rows="features")(image, gradient))[0]
    np.testing.assert_array_equal(signs[tuple(places.T)][straight], np.sign(near)[straight])


def test_normal_frames_are_raised_and_abnormal_ones_lowered(tmp_path):
    np.save(tmp_path / "clip.npy", np.full((2, 8, 8, 3), 100, np.uint8))
    signs = np.ones((2, 8, 8, 3), np.int8)
    signs[:, :4] = -1
    moved = Attacked(
        ArrayFrames(tmp_path / "clip.npy"),
        Preprocess(size=(8, 8)),
        signs,
        labels=np.array([0, 1]),
        strength=4,
    )
    normal, abnormal = moved
    assert set(normal[:4].flat) == {96} and set(normal[4:].flat) == {104}
    assert set(abnormal[:4].flat) == {104} and set(abnormal[4:].flat) == {96}
    np.testing.assert_array_equal(moved[1], abnormal)


@pytest.mark.parametrize("kind, refused", [(BagModel, True), (WindowModel, False)])
def test_a_model_of_bags_is_not_attacked(kind, refused):
    detector = kind(configs.default_config())
    features = SimpleNamespace(fit="stretch")
    config = SimpleNamespace(features=features)
    run = SimpleNamespace(detector=detector, taps={"features": "features"}, config=config)
    assert bool(refusal(run)) == refused


def test_features_without_pictures_are_refused():
    with pytest.raises(UserError, match="no pictures to alter"):
        _tested(SimpleNamespace(pictures=False))


def tiny(cache, detector="window_model"):
    config = configs.default_config()
    d, f = config.dataset, config.features
    d.num_train, d.num_test, d.num_frames, d.height, d.width = 4, 2, 40, 64, 96
    f.backbone, f.weights, f.cache_dir = "mobilenetv2_100", "random", str(cache)
    f.height = f.width = 32
    config.window.length, config.model.units = 4, (8,)
    config.train.epochs, config.evaluate.num_bootstrap, config.evaluate.cross_fit = 2, 20, 0
    config.explain.maps, config.detector.name = False, detector
    return configs.validate(config)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.mark.slow
def test_a_run_is_measured_as_it_is_altered_and_attacked(cache, tmp_path):
    metrics = stages.run(tiny(cache), tmp_path / "run", quiet=True)
    result = robustness(tmp_path / "run", kinds=["noise", "fgsm"], quiet=True)
    assert json.loads((tmp_path / "run/robustness/robustness.json").read_text()) == result
    plain, curves = result["as_it_is"], result["kinds"]
    assert plain["auc"] == pytest.approx(metrics["frame"]["auc_micro"], abs=1e-6)
    assert plain["normal_called"] == pytest.approx(metrics["threshold"]["false_positive_rate"])
    assert plain["difference"] == 0 and set(curves) == {"noise", "fgsm"}
    attacked = [row["auc"] for row in curves["fgsm"]["strengths"]]
    assert min(attacked) < plain["auc"] - 0.2
    assert curves["noise"]["strengths"][0]["auc"] > min(attacked) + 0.2
    assert (tmp_path / "run/robustness/robustness.png").stat().st_size > 5000
    left = {path.name for path in (tmp_path / "run/robustness").iterdir()} - {".lock"}
    assert left == {"robustness.json", "robustness.png"}  # and no altered videos
    with pytest.raises(UserError, match="choose one of"):
        robustness(tmp_path / "run", kinds=["nois"], quiet=True)


@pytest.mark.slow
def test_what_has_no_gradient_is_said(cache, tmp_path):
    stages.run(tiny(cache, "flow_box"), tmp_path / "run", quiet=True)
    with pytest.raises(UserError, match="detector flow_box has no gradient in single frames"):
        robustness(tmp_path / "run", kinds=["fgsm"], quiet=True)
    result = robustness(tmp_path / "run", kinds=["blur"], quiet=True)
    assert [*result["kinds"]] == ["blur"] and "no gradient" in result["left_out"]["fgsm"]
