"""Layers: folded batch norms equal unfolded ones, and a batch norm equals its formula."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones import layers


class Tiny(nn.Module):
    folded: bool

    @nn.compact
    def __call__(self, x):
        x = layers.ConvBnAct(8, kernel=3, eps=1e-3, folded=self.folded, name="a")(x)
        return layers.ConvBnAct(
            8, kernel=3, depthwise=True, act="", eps=1e-3, folded=self.folded, name="b"
        )(x)


def test_folding_keeps_the_function():
    random = np.random.default_rng(0)
    x = jnp.asarray(random.normal(size=(2, 7, 6, 3)), jnp.float32)
    shapes = jax.eval_shape(Tiny(folded=False).init, jax.random.key(0), x)
    variables = jax.tree.map(lambda leaf: np.float32(random.uniform(0.5, 2, leaf.shape)), shapes)
    folded = layers.fold_batch_norm(variables, eps=1e-3)
    before = jax.jit(Tiny(folded=False).apply)(variables, x)
    after = jax.jit(Tiny(folded=True).apply)(folded, x)
    np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-5 * np.abs(before).max())
    assert set(folded["params"]["a"]) == {"kernel", "bias"}


def test_batch_norm_equals_its_formula_and_its_statistics_move():
    random = np.random.default_rng(0)
    x = jnp.asarray(random.normal(3, 2, size=(4, 5, 5, 2)), jnp.float32)
    layer = layers.ConvBnAct(3, act="", eps=1e-3, folded=False)
    kernel = np.float32(random.normal(size=(1, 1, 2, 3)))
    norm = {"scale": np.ones(3, np.float32), "bias": np.zeros(3, np.float32)}
    statistics = {"mean": np.zeros(3, np.float32), "var": np.ones(3, np.float32)}
    variables = {
        "params": {"kernel": kernel, "norm": norm},
        "batch_stats": {"norm": statistics},
    }
    y = x @ kernel[0, 0]
    np.testing.assert_allclose(layer.apply(variables, x), y / np.sqrt(1 + 1e-3), rtol=1e-5)
    apply = jax.jit(functools.partial(layer.apply, train=True, mutable=["batch_stats"]))
    _, moved = apply(variables, x)
    mean = moved["batch_stats"]["norm"]["mean"]
    np.testing.assert_allclose(mean, 0.1 * y.mean((0, 1, 2)), rtol=1e-4)
