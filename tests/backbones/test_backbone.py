"""The contract of every backbone: outputs, grey frames, taps, split, transformations, errors."""

import dataclasses
import functools
import importlib
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, PartitionSpec

from vadjax import backbones
from vadjax.backbones import efficientnet
from vadjax.backbones.build import build
from vadjax.errors import UserError

# Lite0 with two narrow stages: the machinery is the same, and it compiles ten times faster.
VARIANT = efficientnet.Variant(
    stages=(
        efficientnet.StageSpec(1, kernel=3, stride=1, expand=1, features=8),
        efficientnet.StageSpec(2, kernel=5, stride=2, expand=2, features=12),
    ),
    padding="same",
    eps=1e-3,
    stem=8,
    num_features=20,
)


def create(like="tf_efficientnet_lite0", *, dtype="float32", folded=True):
    architecture = dataclasses.replace(
        efficientnet.ARCHITECTURES[like],
        network=functools.partial(efficientnet.EfficientNet, VARIANT),
        taps=("stem", "stage1", "stage2", "map"),
        num_features=20,
    )
    return build(
        "tiny",
        architecture,
        weights="random",
        size=32,
        fit="stretch",
        cache_dir=None,
        dtype=dtype,
        folded=folded,
    )


@pytest.fixture(scope="module")
def tiny():
    return create()


@pytest.fixture(scope="module")
def apply(tiny):
    return jax.jit(functools.partial(tiny.apply, taps=tiny.taps))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (2, 32, 40, 3), np.uint8)


def close(ours, theirs, tolerance=1e-5):
    theirs = np.asarray(theirs)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * np.abs(theirs).max())


def test_names_are_listed_without_importing_jax():
    code = (
        "import sys; from vadjax import backbones; backbones.list_backbones(); "
        "sys.exit('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_listed_name_has_an_architecture():
    families = {backbones.family_of(name) for name in backbones.list_backbones()}
    modules = [importlib.import_module(f"vadjax.backbones.{family}") for family in families]
    architectures = [name for module in modules for name in module.ARCHITECTURES]
    assert backbones.list_backbones() == sorted(architectures)


def test_outputs_have_the_contracts_shapes(tiny, apply, images):
    out = apply(tiny.variables, images)
    assert out["features"].shape == (2, tiny.num_features) == (2, 20)
    assert out["map"].shape[1:] == tiny.map_shape((32, 40)) == (8, 10, 20)
    assert out["logits"].shape == (2, 1000)
    assert list(out["taps"]) == sorted(tiny.taps)
    assert out["taps"]["stem"].shape == (2, 16, 20, 8)
    assert out["taps"]["stage2"].shape == (2, 8, 10, 12)
    assert tiny.map_shape() == (8, 8, 20) and tiny.map_shape(224) == (56, 56, 20)
    close(out["features"], out["map"].mean((1, 2)))


def test_floats_in_0_to_1_equal_uint8(tiny, apply, images):
    out = apply(tiny.variables, np.float32(images) / 255)
    close(out["map"], apply(tiny.variables, images)["map"])


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "mobilenetv2_100"])
def test_grey_equals_the_repeated_channel(name, images):
    backbone = create(name)  # equal and unequal means per channel
    grey = images[..., 0]
    stem, _ = backbone.split("stem")
    stem = jax.jit(stem)
    colour = stem(backbone.variables, np.repeat(grey[..., None], 3, axis=-1))
    close(stem(backbone.variables, grey), colour)
    close(stem(backbone.variables, grey[..., None]), colour)


def test_folded_equals_unfolded(tiny, apply, images):
    unfolded = create(folded=False)
    assert "batch_stats" in unfolded.variables and "batch_stats" not in tiny.variables
    out = jax.jit(unfolded.apply)(unfolded.variables, images)
    close(apply(tiny.variables, images)["map"], out["map"])


@pytest.mark.parametrize("tap", ["stage1", "map"])
def test_split_equals_the_whole(tiny, apply, images, tap):
    truncated, head = tiny.split(tap)
    whole = apply(tiny.variables, images)
    value = jax.jit(truncated)(tiny.variables, images)
    close(value, whole["taps"][tap])
    out = jax.jit(head)(tiny.variables, value)
    for key in ("features", "map", "logits"):
        close(out[key], whole[key])


def test_the_gradient_of_a_logit_in_the_map_is_the_classifier(tiny):
    _, head = tiny.split("map")
    value = jnp.ones((1, 2, 3, 20))
    grad = jax.grad(lambda m: head(tiny.variables, m)["logits"][0, 7])(value)
    kernel = tiny.variables["params"]["classifier"]["kernel"]
    close(grad[0, 1, 2], kernel[:, 7] / 6)


def test_vmap_and_shard_map_equal_the_batch(tiny, apply, images):
    features = apply(tiny.variables, images)["features"]
    one = jax.vmap(lambda image: tiny.apply(tiny.variables, image[None])["features"][0])
    close(jax.jit(one)(images), features)
    sharded = jax.shard_map(
        lambda v, x: tiny.apply(v, x)["features"],
        mesh=jax.make_mesh((1,), ("data",), axis_types=(AxisType.Auto,)),
        in_specs=(PartitionSpec(), PartitionSpec("data")),
        out_specs=PartitionSpec("data"),
    )
    close(jax.jit(sharded)(tiny.variables, images), features)


def test_bfloat16_is_near(tiny, apply, images):
    half = create(dtype="bfloat16")
    out = jax.jit(half.apply)(half.variables, images)
    assert out["features"].dtype == jnp.float32
    close(out["features"], apply(tiny.variables, images)["features"], tolerance=0.05)


def test_random_weights_are_stamped_and_reproducible(tiny):
    again = create()
    assert tiny.random and "random" in tiny.weights_source and tiny.spec()["random"]
    jax.tree.map(np.testing.assert_array_equal, tiny.variables, again.variables)


def test_rahmani_compat_is_the_same_for_all():
    ours = [
        backbones.create(name, weights="random", preprocess="rahmani_compat").preprocess
        for name in ("tf_efficientnet_lite0", "mobilenetv2_100")
    ]
    assert ours[0] == ours[1]
    assert ours[0].size == (224, 224) and ours[0].interpolation == "bilinear"
    assert ours[0].mean == (0.485, 0.456, 0.406) and ours[0].std == (0.229, 0.224, 0.225)
    with pytest.raises(UserError, match="Did you mean 'rahmani_compat'"):
        backbones.create("mobilenetv2_100", weights="random", preprocess="rahmani")


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("tf_efficientnet_lite0", (16, 64), "takes at least 32 x 32 pixels"),
        ("coatnet_0_rw_224", (224, 336), "takes 224 x 224 pixels and no other size"),
        ("vit_tiny_patch16_224", (224, 230), "takes multiples of 16 pixels"),
    ],
)
def test_sizes_that_a_network_cannot_take_are_refused(name, size, message):
    with pytest.raises(UserError, match=message):
        backbones.create(name, weights="random", size=size)


@pytest.mark.parametrize(("name", "channels"), [("pixels", 1), ("pixels_rgb", 3)])
def test_pixels_are_the_frame(name, channels):
    backbone = backbones.create(name, size=(6, 8))
    frame = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    image = backbone.preprocess(frame)
    out = backbone(jnp.asarray(image)[None])
    assert out["map"].dtype == jnp.uint8 and backbone.map_shape() == (6, 8, channels)
    np.testing.assert_array_equal(out["map"][0], image)
    np.testing.assert_array_equal(out["features"], image.reshape(1, -1))
    assert backbone.num_features == 6 * 8 * channels and not backbone.random


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "tf_eficientnet_lite0"}, "Did you mean 'tf_efficientnet_lite0'"),
        ({"fit": "squash"}, "fit 'squash' unknown"),
        ({"dtype": "float16"}, "dtype of a backbone 'float16' unknown"),
        ({"size": (0, 32)}, "input size"),
        ({"size": "64"}, "input size '64' is neither a whole number"),
        ({"size": (64, 2.5)}, r"input size \(64, 2.5\) is neither a whole number"),
        ({"size": (64, 64, 3)}, r"nor \(height, width\)"),
        ({"fit": "native"}, "needs one size for all frames"),
        ({"name": "coatnet_0_rw_224", "fit": "native"}, "needs one size .* stretch, pad or crop"),
    ],
)
def test_wrong_arguments_name_the_right_ones(arguments, message):
    with pytest.raises(UserError, match=message):
        backbones.create(**{"name": "pixels", "weights": "random"} | arguments)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((2, 32, 32, 4), np.uint8),
        ((32, 32), np.uint8),
        ((32, 40, 3), np.uint8),  # one image without its batch axis: 40 x 3 pixels
        ((0, 32, 32, 3), np.uint8),
        ((2, 32, 32, 3), np.int32),
        ((2, 16, 32, 3), np.uint8),
    ],
)
def test_images_that_are_none_are_refused(tiny, shape, dtype):
    with pytest.raises(UserError, match=r"wants \[b, h, w, 3\]|takes at least 32 x 32"):
        tiny(np.zeros(shape, dtype))


def test_folded_networks_are_not_trained(tiny):
    with pytest.raises(ValueError, match="create it with folded=False"):
        tiny.module.apply(tiny.variables, np.zeros((1, 32, 32, 3), np.float32), train=True)


def test_unknown_taps_name_the_right_ones(tiny, images):
    with pytest.raises(UserError, match=r"choose one of map, stage1.*Did you mean 'stage2'"):
        tiny.apply(tiny.variables, images, taps=("stage22",))
    with pytest.raises(UserError, match="'layer4' unknown"):
        tiny.split("layer4")
