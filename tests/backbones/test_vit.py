"""Vision transformers without torch: folders of transformers, positions, tokens, bad input."""

import functools
import json
import pathlib
import sys

import cv2
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from tools.make_goldens_backbones import kept_places, random_images
from tools.make_goldens_vit import GOLDENS, SIZE, write_folder
from vadjax import backbones
from vadjax.backbones import vit
from vadjax.backbones.vit_network import resize_matrix
from vadjax.errors import UserError

GOLDEN = pathlib.Path(__file__).parent.parent / "golden"


def golden(model):
    return np.load(GOLDEN / f"transformers_{model}.npz")


def description(model):
    return json.loads(bytes(golden(model)["description"]))


@pytest.fixture
def folder(tmp_path):
    """A checkpoint folder of a small ViT."""
    write_folder(tmp_path, description("ViTForImageClassification"), seed=0)
    return tmp_path


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A small CLIP, whose means differ per channel."""
    folder = tmp_path_factory.mktemp("clip")
    write_folder(folder, description("CLIPModel"), seed=0)
    return functools.partial(backbones.create, "transformers", weights=str(folder), size=SIZE)


def close(ours, theirs, tolerance=1e-5):
    theirs = np.asarray(theirs)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * np.abs(theirs).max())


@pytest.mark.parametrize("model", GOLDENS)
def test_a_folder_equals_the_golden(model, tmp_path):
    write_folder(tmp_path, description(model), seed=0)
    backbone = backbones.create("transformers", weights=str(tmp_path), size=SIZE)
    out = backbone(random_images(SIZE, seed=1), taps=backbone.taps)
    ours = {**out.pop("taps"), **out}
    ours.pop("probabilities", None)  # tests/backbones/test_goldens.py
    assert set(ours) == set(golden(model).files) - {"description"}
    for key, value in ours.items():
        close(np.ravel(value)[kept_places(value.size, key)], golden(model)[key], 1e-4)
    assert backbone.num_features == ours["features"].shape[1] == 24


@pytest.mark.parametrize(("size", "new"), [(37, 16), (37, 40), (14, 9), (7, 7), (2, 9)])
def test_positions_are_resampled_as_by_pillow_and_opencv(size, new):
    values = np.random.default_rng(0).standard_normal((size, 6)).astype(np.float32)
    pillow = Image.fromarray(values).resize((6, new), Image.Resampling.BICUBIC)
    np.testing.assert_allclose(resize_matrix(size, new, antialias=True) @ values, pillow, atol=1e-5)
    opencv = cv2.resize(values, (6, new), interpolation=cv2.INTER_CUBIC)
    ours = resize_matrix(size, new, antialias=False) @ values
    np.testing.assert_allclose(ours, opencv, atol=1e-5)


def test_metas_dinov2_files_are_read(tmp_path):
    """timm's file of a network with registers leaves out what Meta's has."""
    rng = np.random.default_rng(0)
    shapes = json.loads(
        bytes(np.load(GOLDEN / "backbone_vit_small_patch14_reg4_dinov2.npz")["shapes"])
    )
    timm = {key: np.float32(0.1 * rng.standard_normal(shape)) for key, shape in shapes.items()}
    save_file(timm, tmp_path / "timm.safetensors")
    place = np.float32(rng.standard_normal((1, 1, 384)))
    meta = {
        **timm,
        "register_tokens": timm["reg_token"],
        "cls_token": timm["cls_token"] - place,
        "pos_embed": np.concatenate([place, timm["pos_embed"]], axis=1),
        "mask_token": np.zeros((1, 384), np.float32),
    }
    del meta["reg_token"]
    save_file(meta, tmp_path / "meta.safetensors")
    trees = [
        backbones.create(
            "vit_small_patch14_reg4_dinov2", weights=str(tmp_path / f"{name}.safetensors")
        ).variables
        for name in ("timm", "meta")
    ]
    jax.tree.map(functools.partial(np.testing.assert_allclose, atol=1e-6), *trees)


def test_grey_equals_the_repeated_channel(clip):
    backbone, images = clip(), random_images(SIZE, seed=2)[..., 0]
    out = backbone(np.repeat(images[..., None], 3, axis=-1))
    close(backbone(images)["map"], out["map"])


def test_split_equals_the_whole_and_tokens_go_beside_the_map(clip):
    backbone, images = clip(), random_images(SIZE, seed=2)
    truncated, head = backbone.split("stage1")
    value = truncated(backbone.variables, images)
    assert value["prefix"].shape == (2, 1, 24) and value["map"].shape == (2, 3, 5, 24)
    whole = backbone(images)
    for key, x in head(backbone.variables, value).items():
        if key != "taps":
            close(x, whole[key])
    gradient = jax.grad(lambda v: head(backbone.variables, v)["embedding"].sum())(value)
    assert np.abs(gradient["map"]).max() > 0


def test_vmap_and_bfloat16(clip):
    backbone, images = clip(), random_images(SIZE, seed=2)
    features = backbone(images)["features"]
    one = jax.vmap(lambda image: backbone(image[None])["features"][0])
    close(jax.jit(one)(images), features)
    half = clip(dtype="bfloat16")
    truncated, _ = half.split("map")
    assert {x.dtype for x in truncated(half.variables, images).values()} == {jnp.dtype("bfloat16")}
    close(half(images)["features"], features, tolerance=0.1)


def test_a_config_enters_the_fingerprint(folder):
    specs = [backbones.create("transformers", weights=str(folder)).spec()]
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_act": "gelu_new"}))
    specs.append(backbones.create("transformers", weights=str(folder)).spec())
    assert specs[0]["settings"]["act"] == "gelu" and specs[1]["settings"]["act"] == "gelu_tanh"
    assert json.loads(json.dumps(specs)) == specs


@pytest.mark.parametrize("file", ["preprocessor_config.json", "processor_config.json"])
def test_the_folder_states_the_preprocessing(folder, file):
    assert vit.from_folder(folder).preprocess.interpolation == "bilinear"
    stated = {
        "do_center_crop": True,
        "crop_size": {"height": 224, "width": 224},
        "size": {"shortest_edge": 249},
        "resample": 3,
        "image_mean": [0.1, 0.2, 0.3],
        "image_std": [1, 1, 1],
        "rescale_factor": 1 / 510,
    }
    stated = stated if file.startswith("pre") else {"image_processor": stated}
    (folder / file).write_text(json.dumps(stated))
    preprocess = vit.from_folder(folder).preprocess
    assert preprocess.size == (224, 224) and preprocess.interpolation == "bicubic"
    np.testing.assert_allclose(preprocess.mean, [0.2, 0.4, 0.6])
    np.testing.assert_allclose(preprocess.std, [2, 2, 2])


def test_every_shorter_side_is_met_before_the_crop(folder):
    for edge in range(224, 300):
        stated = {"do_center_crop": True, "crop_size": 224, "size": edge}
        (folder / "preprocessor_config.json").write_text(json.dumps(stated))
        crop_pct = vit.from_folder(folder).preprocess.crop_pct
        assert int(224 / crop_pct) == edge


def rewrite(**values):
    def change(folder):
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | values))

    return change


def remove(name):
    return lambda folder: (folder / name).unlink()


def write(name, text):
    return lambda folder: (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (remove("config.json"), r"no checkpoint folder of transformers: config\.json not found"),
        (remove("model.safetensors"), r"model\.safetensors not found.*weights=FOLDER"),
        (rewrite(model_type="siglip"), "model_type .* 'siglip' unknown; choose one of clip, "),
        (rewrite(model_type="dinov3_vit"), "'dinov3_vit' unknown"),
        (rewrite(hidden_act="tanh"), "hidden_act of .*'tanh' unknown; choose one of gelu,"),
        (rewrite(num_channels=1), "num_channels is 1, not 3"),
        (rewrite(patch_size=[8, 4]), r"patch_size .* is not square"),
        (rewrite(hidden_size="wide"), "cannot be read by transformers"),
        (rewrite(hidden_size=48), "does not fit this network"),
        (write("config.json", "{"), "is no JSON"),
        (write("config.json", "[]"), "holds no JSON object"),
        (write("preprocessor_config.json", '{"resample": 9}'), "no preprocessing that we know"),
    ],
)
def test_bad_folders_are_explained(folder, change, message):
    change(folder)
    with pytest.raises(UserError, match=message):
        backbones.create("transformers", weights=str(folder))


@pytest.mark.parametrize("weights", ["", "random"])
def test_a_folder_must_be_given(weights, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"checkpoint folder holds: give .*weights=FOLDER"):
        backbones.create("transformers", weights=weights)


def test_absent_transformers_are_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match="pip install transformers"):
        backbones.create("transformers", weights=str(folder))


def test_sizes_are_whole_patches(folder):
    with pytest.raises(UserError, match="takes multiples of 8 pixels"):
        backbones.create("transformers", weights=str(folder), size=(32, 36))
    assert backbones.create("transformers", weights=str(folder)).map_shape(64) == (8, 8, 24)


def test_weights_without_a_key_are_reported_whole(folder):
    path = folder / "model.safetensors"
    state = load_file(path)
    del state["vit.encoder.layer.1.attention.attention.key.weight"]
    save_file(state, path)
    with pytest.raises(UserError) as error:
        backbones.create("transformers", weights=str(folder))
    message = str(error.value)
    assert "missing: params/blocks_1/attention/qkv/kernel [24, 72]" in message
    assert "extra: vit.encoder.layer.1.attention.attention.query.weight [24, 24]" in message
