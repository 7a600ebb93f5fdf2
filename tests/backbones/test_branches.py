"""Branches fold into one convolution: by hand, against the unfolded form, and from checkpoints."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

from vadjax.backbones import mobileone, repvgg
from vadjax.backbones.branches import BlockSpec, Branches, architecture, fold_branches
from vadjax.backbones.build import build
from vadjax.backbones.preprocess import Preprocess
from vadjax.errors import UserError


def norm(scale, bias, mean):
    """Parameters and statistics of a batch norm that divides by 2 under eps=1."""
    statistics = {"mean": np.float32(mean), "var": np.full(len(mean), 3, np.float32)}
    return {"scale": np.float32(scale), "bias": np.float32(bias)}, statistics


def test_folding_by_hand():
    wide = np.zeros((3, 3, 2, 2), np.float32)
    wide[0, 2] = [[1, 2], [3, 4]]
    pointwise = np.float32([[5, 6], [7, 8]])[None, None]
    branches = {
        "branch0": (wide, norm([2, 4], [1, 0], [0, 1])),  # scale 1, 2; bias 1, -2
        "branch1": (2 * wide, norm([2, 2], [0, 0], [0, 0])),  # scale 1, 1
        "pointwise": (pointwise, norm([4, 2], [0, 3], [1, 2])),  # scale 2, 1; bias -2, 1
        "identity": (None, norm([6, 8], [0, 0], [1, 1])),  # scale 3, 4; bias -3, -4
    }
    params, statistics = {}, {}
    for name, (kernel, (affine, moments)) in branches.items():
        params[name] = {"norm": affine} | ({} if kernel is None else {"kernel": kernel})
        statistics[name] = {"norm": moments}
    variables = {"params": {"stem": params}, "batch_stats": {"stem": statistics}}
    folded = fold_branches(variables, eps=1.0)["params"]["stem"]
    wanted = np.zeros((3, 3, 2, 2))
    wanted[0, 2] = [[1 + 2, 4 + 4], [3 + 6, 8 + 8]]
    wanted[1, 1] = [[10 + 3, 6], [14, 8 + 4]]
    np.testing.assert_array_equal(folded["kernel"], wanted)
    np.testing.assert_array_equal(folded["bias"], [1 - 2 - 3, -2 + 1 - 4])
    assert set(folded) == {"kernel", "bias"}


@pytest.mark.parametrize(
    "spec",
    [
        BlockSpec(4),
        BlockSpec(6, stride=2),
        BlockSpec(4, depthwise=True, copies=3),
        BlockSpec(4, depthwise=True, stride=2),
        BlockSpec(4, kernel=1, copies=2, squeeze=2),
        BlockSpec(4, kernel=5),
    ],
    ids=str,
)
def test_folded_equals_unfolded(spec):
    random = np.random.default_rng(0)
    x = jnp.asarray(random.normal(size=(2, 7, 8, 4)), jnp.float32)
    unfolded, folded = Branches(spec, folded=False), Branches(spec)
    shapes = jax.eval_shape(unfolded.init, jax.random.key(0), x)

    def fill(path, leaf):
        low = 0.5 if path[-1].key == "var" else -1
        return np.float32(random.uniform(low, 2, leaf.shape))

    variables = jax.tree_util.tree_map_with_path(fill, shapes)
    before = jax.jit(unfolded.apply)(variables, x)
    merged = fold_branches(variables, eps=1e-5)
    wanted = jax.eval_shape(folded.init, jax.random.key(0), x)
    assert jax.tree.map(np.shape, merged) == jax.tree.map(np.shape, wanted)
    after = jax.jit(folded.apply)(merged, x)
    assert before.max() > 1
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-5 * before.max())


def build_tiny(weights, *, folded=True):
    tiny = architecture(
        BlockSpec(4, stride=2),
        ((BlockSpec(4, stride=2, depthwise=True, copies=2), BlockSpec(6, kernel=1, squeeze=2)),),
        branch="conv_kxk.{}",
        pointwise="conv_scale",
        preprocess=Preprocess(),
        checkpoint="",
        licence="",
    )
    return build(
        "tiny",
        tiny,
        weights=weights,
        size=32,
        fit="stretch",
        cache_dir=None,
        dtype="float32",
        folded=folded,
    )


@pytest.fixture
def reparameterized(tmp_path):
    """A folded backbone, and its weights under the names that timm leaves."""
    backbone = build_tiny("random")
    params = backbone.variables["params"]
    block0, block1 = (params["stage1"][f"block{i}"] for i in range(2))
    blocks = {"stem": params["stem"], "stages.0.0": block0, "stages.0.1": block1}
    state = {}
    for name, block in blocks.items():
        state[f"{name}.reparam_conv.weight"] = np.transpose(block["kernel"], (3, 2, 0, 1))
        state[f"{name}.reparam_conv.bias"] = block["bias"]
    for ours, theirs in (("reduce", "fc1"), ("expand", "fc2")):
        layer = block1["squeeze"][ours]
        state[f"stages.0.1.attn.{theirs}.weight"] = np.transpose(layer["kernel"])[..., None, None]
        state[f"stages.0.1.attn.{theirs}.bias"] = layer["bias"]
    state["head.fc.weight"] = np.transpose(params["classifier"]["kernel"])
    state["head.fc.bias"] = params["classifier"]["bias"]
    path = tmp_path / "folded.safetensors"
    save_file({key: np.ascontiguousarray(value) for key, value in state.items()}, path)
    return backbone, str(path)


def test_reparameterized_checkpoints_are_loaded_folded(reparameterized):
    backbone, path = reparameterized
    loaded = build_tiny(path)
    jax.tree.map(np.testing.assert_array_equal, loaded.variables, backbone.variables)
    out = loaded(np.zeros((1, 32, 32), np.uint8))
    assert out["map"].shape == (1, 8, 8, 6) and list(loaded.taps) == ["stem", "map"]


def test_reparameterized_checkpoints_are_not_unfolded(reparameterized):
    with pytest.raises(UserError, match=r"folded\.safetensors: the batch norms .* are folded"):
        build_tiny(reparameterized[1], folded=False)


def test_widths_are_the_papers():
    assert {name: arch.num_features for name, arch in repvgg.ARCHITECTURES.items()} == {
        "repvgg_a0": 1280,
        "repvgg_a1": 1280,
        "repvgg_a2": 1408,
        "repvgg_b0": 1280,
        "repvgg_b1": 2048,
        "repvgg_b2": 2560,
        "repvgg_b3": 2560,
    }
    widths = [arch.num_features for arch in mobileone.ARCHITECTURES.values()]
    assert widths == [1024, 1280, 2048, 2048, 2048]
