"""All forms of every family: folded, grey, half precision, fine-tuned; two stages of each.

Nothing here needs torch; it stands here because compiling the gradients takes its time.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, PartitionSpec
from safetensors.numpy import save_file

from tests.backbones.test_goldens import CASES, golden_shapes
from tests.quick import QUICK
from tools.make_goldens_backbones import random_images, random_state
from vadjax import backbones
from vadjax.backbones.network import spatial


def compiled(function, *args):
    # Compiling is what takes the time here, and unoptimised programs compute the same.
    return jax.jit(function).lower(*args).compile(compiler_options=QUICK)(*args)


def close(ours, theirs, tolerance):
    theirs = np.float32(theirs)
    assert np.std(theirs) > 0
    assert np.abs(np.float32(ours) - theirs).max() <= tolerance * np.abs(theirs).max()


# One network of each kind of block; the others are the same code with other numbers (the blocks of
# MaxViT are those of CoAtNet).
ALIKE = {
    "efficientnet_lite0",
    "maxvit_tiny_tf_224",
    "mobilenetv2_100",
    "vgg11",
    "vit_xsmall_patch16_clip_224",
}


@pytest.fixture(scope="module", params=[name for name in CASES if name not in ALIKE])
def create(request, tmp_path_factory):
    """`create(...)` of one golden network under random weights, and its images."""
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    save_file(random_state(golden_shapes(request.param), seed=0), path)
    images = random_images(CASES[request.param], seed=1)
    return functools.partial(backbones.create, request.param, weights=str(path)), images


def first_stages(backbone, images, *, count=2):
    """The map of the second stage, which has seen every kind of block but the last ones."""
    truncated, _ = backbone.split(backbone.taps[min(count, len(backbone.taps)) - 1])
    return compiled(lambda v, x: spatial(truncated(v, x)), backbone.variables, images)


def test_folded_grey_and_bfloat16_forms_agree(create):
    create, images = create
    backbone = create()
    wanted = first_stages(backbone, images)
    close(first_stages(create(folded=False), images), wanted, 1e-5)
    close(first_stages(create(dtype="bfloat16"), images), wanted, 0.05)
    grey = images[..., :1]
    colour = first_stages(backbone, np.repeat(grey, 3, axis=-1))
    close(first_stages(backbone, grey), colour, 1e-5)


def test_vmap_and_shard_map_equal_the_batch(create):
    create, images = create
    backbone = create()
    wanted = first_stages(backbone, images)
    truncated, _ = backbone.split(backbone.taps[1])
    run = lambda v, x: spatial(truncated(v, x))  # noqa: E731
    mapped = jax.vmap(lambda v, x: run(v, x[None])[0], in_axes=(None, 0))
    close(compiled(mapped, backbone.variables, images), wanted, 1e-5)
    sharded = jax.shard_map(
        run,
        mesh=jax.make_mesh((1,), ("data",), axis_types=(AxisType.Auto,)),
        in_specs=(PartitionSpec(), PartitionSpec("data")),
        out_specs=PartitionSpec("data"),
    )
    close(compiled(sharded, backbone.variables, images), wanted, 1e-5)


def test_fine_tuning_moves_everything(create):
    create, images = create
    backbone = create(folded=False)
    stop = backbone.taps[min(2, len(backbone.taps)) - 1]
    x = np.float32(images) / 255

    def loss(params, rest):
        y, state = backbone.module.apply(
            {"params": params, **rest}, x, stop=stop, train=True, mutable=["batch_stats"]
        )
        return jnp.square(spatial(y)).mean(), state

    variables = dict(backbone.variables)
    params = variables.pop("params")
    (_, state), grads = compiled(jax.value_and_grad(loss, has_aux=True), params, variables)
    moved = [name for name, g in grads.items() if max(map(_size, jax.tree.leaves(g))) > 0]
    assert moved and all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(grads))
    before = variables.get("batch_stats", {})
    for name, statistics in state.get("batch_stats", {}).items():
        for old, new in zip(
            jax.tree.leaves(before[name]), jax.tree.leaves(statistics), strict=True
        ):
            assert (np.abs(np.asarray(old) - np.asarray(new)).max() > 0) == (name in moved)


def _size(leaf):
    return float(np.abs(leaf).max())
