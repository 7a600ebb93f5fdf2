"""A network that ends early: equal to the whole one's stage, and content with half a file."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from vadjax import backbones
from vadjax.errors import UserError


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)


@pytest.fixture
def state():
    """ResNet-18 up to its first stage, under timm's keys."""
    random = np.random.default_rng(0)
    shapes = {"conv1": (64, 3, 7, 7)}
    shapes |= {f"layer1.{i}.conv{j}": (64, 64, 3, 3) for i in (0, 1) for j in (1, 2)}
    found = {}
    for name, shape in shapes.items():
        found[f"{name}.weight"] = random.normal(size=shape, scale=0.05).astype(np.float32)
        norm = name.replace("conv", "bn")
        for part, value in {"weight": 1, "bias": 0, "running_mean": 0, "running_var": 1}.items():
            found[f"{norm}.{part}"] = np.full(64, value, np.float32)
    return found


def resnet(path, state, last_stage="stage1"):
    save_file(state, path)
    return backbones.create("resnet18", weights=str(path), size=64, last_stage=last_stage)


@pytest.mark.slow
def test_features_are_the_mean_of_the_whole_networks_stage(images):
    whole = backbones.create("tf_efficientnet_lite0", size=64)
    truncated = backbones.create("tf_efficientnet_lite0", size=64, last_stage="stage2")
    stage = np.asarray(whole(images, taps=["stage2"])["taps"]["stage2"])
    out = truncated(images)
    np.testing.assert_allclose(out["map"], stage, atol=1e-5)
    np.testing.assert_allclose(out["features"], stage.mean((1, 2)), atol=1e-5)
    assert out["features"].shape[-1] == truncated.num_features == stage.shape[-1]
    assert "logits" not in out and truncated.taps == ("stem", "stage1", "map")
    assert truncated.spec()["settings"]["last_stage"] == "stage2"  # another store than of the whole
    before, after = truncated.split("stage1")
    again = after(truncated.variables, before(truncated.variables, images))
    np.testing.assert_allclose(again["features"], out["features"], atol=1e-6)


def test_a_file_of_the_first_stages_is_enough_and_a_longer_one_no_fault(tmp_path, state, images):
    truncated = resnet(tmp_path / "first.safetensors", state)
    more = {
        "layer2.0.conv1.weight": np.ones((128, 64, 3, 3), np.float32),
        "fc.weight": np.ones((10, 512), np.float32),
        "fc.bias": np.ones(10, np.float32),
    }
    longer = resnet(tmp_path / "longer.safetensors", state | more)
    features = np.asarray(truncated(images)["features"])
    assert features.std() > 0
    np.testing.assert_array_equal(features, longer(images)["features"])


@pytest.mark.slow
def test_what_the_stages_need_must_be_there_and_nothing_foreign(tmp_path, state):
    del state["layer1.1.conv2.weight"]
    with pytest.raises(UserError, match=r"missing: params/stage1/block1/conv2/kernel") as raised:
        resnet(tmp_path / "a.safetensors", state | {"layer9.weight": np.ones(3, np.float32)})
    assert "extra: layer9.weight" in str(raised.value) and "stage2" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "stage", "message"),
    [
        ("resnet18", "stag2", "features.last_stage of resnet18 'stag2' unknown.*'stage2'"),
        ("resnet18", "map", "'map' unknown"),
        ("pixels", "stem", "no stage before its map"),
    ],
)
def test_unknown_stages_are_refused(name, stage, message):
    with pytest.raises(UserError, match=message):
        backbones.create(name, weights="random", last_stage=stage)
