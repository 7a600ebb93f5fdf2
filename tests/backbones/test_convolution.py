"""Convolutions: all formulations equal the library's, gradients included."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.backbones import convolution, layers


def conv_by_loops(x, kernel, stride, pads):
    """The definition, in NumPy."""
    x = np.pad(x, ((0, 0), *pads, (0, 0)))
    kh, kw, group_size, features = kernel.shape
    groups = x.shape[-1] // group_size
    out = np.zeros(
        (
            x.shape[0],
            (x.shape[1] - kh) // stride + 1,
            (x.shape[2] - kw) // stride + 1,
            features,
        )
    )
    for i, j, d in np.ndindex(*out.shape[1:]):
        group = d // (features // groups)
        patch = x[:, i * stride : i * stride + kh, j * stride : j * stride + kw]
        patch = patch[..., group * group_size : (group + 1) * group_size]
        out[:, i, j, d] = (patch * kernel[..., d]).sum((1, 2, 3))
    return out


CASES = {  # formulation -> its kernel's (height, width), group size (0: no groups), its stride
    "library": st.tuples(
        st.tuples(st.integers(1, 5), st.integers(1, 5)), st.integers(0, 3), st.integers(1, 3)
    ),
    "dot": st.tuples(st.just((1, 1)), st.just(0), st.integers(1, 3)),
    "patches": st.integers(1, 3).map(lambda n: ((n, n), 0, n)),
    "shifted": st.tuples(
        st.tuples(st.integers(1, 7), st.integers(1, 7)), st.just(1), st.integers(1, 3)
    ),
    "grouped": st.tuples(  # 3 and 6: some groups are merged; 20: none
        st.tuples(st.integers(1, 4), st.integers(1, 4)),
        st.sampled_from([3, 6, 20]),
        st.integers(1, 3),
    ),
    "winograd": st.just(((3, 3), False, 1)),
    "padded": st.tuples(
        st.tuples(st.integers(1, 4), st.integers(1, 4)), st.just(0), st.integers(1, 3)
    ),
}


@settings(max_examples=5, deadline=None, derandomize=True)
@pytest.mark.parametrize("how", CASES)
@given(data=st.data())
def test_formulations_equal_the_definition(how, data):
    kernel_size, group_size, stride = data.draw(CASES[how])
    height, width, groups = (data.draw(st.integers(max(kernel_size), 9)) for _ in range(3))
    channels = groups * (group_size or 1)
    # Depthwise, as many outputs as inputs; else two of each group, or four of all.
    features = {0: 4, 1: channels}.get(group_size, 2 * groups)
    padding = data.draw(st.sampled_from(["same", "symmetric", 1, ((0, 2), (1, 0))]))
    if how == "dot":
        padding = 0
    if how == "patches":
        padding, height, width = 0, height // stride * stride, width // stride * stride
    random = np.random.default_rng(0)
    x = random.normal(size=(2, height, width, channels))
    kernel = random.normal(size=(*kernel_size, group_size or channels, features))
    if padding == "same":
        pads = []
        for n, k in zip((height, width), kernel_size, strict=True):
            total = max((-(-n // stride) - 1) * stride + k - n, 0)
            pads.append((total // 2, total - total // 2))
    elif padding == "symmetric":
        pads = [((k - 1) // 2,) * 2 for k in kernel_size]
    else:
        pads = [(padding, padding)] * 2 if isinstance(padding, int) else padding
    with jax.enable_x64(True):
        conv = functools.partial(convolution.conv, stride=stride, padding=padding, how=how)
        ours = jax.jit(conv)(x, kernel)
    np.testing.assert_allclose(ours, conv_by_loops(x, kernel, stride, pads), atol=1e-10)


@pytest.mark.parametrize(
    ("how", "size", "group_size", "stride", "padding"),
    [
        ("shifted", 3, 1, 1, "same"),
        ("shifted", 5, 1, 2, "same"),
        ("shifted", 2, 1, 3, "symmetric"),
        ("grouped", 3, 6, 2, "symmetric"),
        ("padded", 3, 18, 2, "same"),
        ("dot", 1, 18, 1, "symmetric"),
    ],
)
def test_gradients_equal_the_library(how, size, group_size, stride, padding):
    random = np.random.default_rng(0)
    x = random.normal(size=(2, 9, 8, 18))
    kernel = random.normal(size=(size, size, group_size, 18))

    def loss(how, x, kernel):
        y = convolution.conv(x, kernel, stride=stride, padding=padding, how=how)
        return jnp.sum(jnp.sin(y))

    with jax.enable_x64(True):
        grad = jax.jit(jax.grad(loss, argnums=(1, 2)), static_argnums=0)
        grads = {h: grad(h, x, kernel) for h in (how, "library")}
    for ours, theirs in zip(grads[how], grads["library"], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_the_choice_depends_on_the_backend():
    none, one, two = (((n, n),) * 2 for n in (0, 1, 2))
    cases = {
        "padded": ((1, 32, 32, 3), (3, 3, 3, 32), 2, one),
        "dot": ((1, 32, 32, 64), (1, 1, 64, 128), 2, none),
        "shifted": ((1, 32, 32, 96), (5, 5, 1, 96), 2, two),
        "grouped": ((1, 32, 32, 56), (3, 3, 8, 56), 1, one),
        "patches": ((1, 32, 32, 3), (4, 4, 3, 96), 4, none),
        "winograd": ((1, 32, 32, 64), (3, 3, 64, 64), 1, one),
        "library": ((1, 32, 32, 64), (3, 3, 64, 64), 2, one),
    }
    assert {how: convolution.choose(*case, "cpu") for how, case in cases.items()} == {
        how: how for how in cases
    }
    assert {
        convolution.choose(*case, backend) for case in cases.values() for backend in ("gpu", "tpu")
    } == {"library"}
    # 33 pixels are no whole number of patches: the last ones are dropped, as the library does.
    assert convolution.choose((1, 33, 32, 3), (4, 4, 3, 96), 4, none, "cpu") == "library"


@pytest.mark.parametrize("shape", [(2, 6, 150, 16), (1, 21, 64, 16), (3, 5, 7, 16)])
def test_winograd_by_strips_and_images_equals_the_library(shape):
    random = np.random.default_rng(0)
    x = random.normal(size=shape)
    kernel = random.normal(size=(3, 3, 16, 17))
    with jax.enable_x64(True):
        outs = [
            jax.jit(functools.partial(convolution.conv, how=how))(x, kernel)
            for how in ("winograd", "library")
        ]
    np.testing.assert_allclose(*outs, atol=1e-10)


def test_winograds_kernels_are_stored_once_and_used():
    class Two(nn.Module):
        @nn.compact
        def __call__(self, x, train=False):
            x = layers.ConvBnAct(16, kernel=3, name="a")(x, train)
            return layers.ConvBnAct(16, kernel=3, stride=2, name="b")(x, train)

    x = np.random.default_rng(0).normal(size=(1, 9, 9, 16)).astype(np.float32)
    variables = Two().init(jax.random.key(0), x)
    assert set(variables) == {"params"}
    wanted, stored = Two().apply(variables, x, mutable=[convolution.TRANSFORMED])
    assert jax.tree.map(jnp.shape, stored) == {"transformed": {"a": {"kernel": (16, 16, 16)}}}
    np.testing.assert_array_equal(Two().apply({**variables, **stored}, x), wanted)
    zeros = jax.tree.map(jnp.zeros_like, stored)  # they take the kernel's place ...
    assert not np.asarray(Two().apply({**variables, **zeros}, x)).any()
    trained = Two().apply({**variables, **zeros}, x, True)  # ... but not in training
    np.testing.assert_allclose(trained, wanted, atol=1e-5)


def test_unknown_padding_is_refused():
    with pytest.raises(ValueError, match="padding 'full' is none of"):
        convolution.conv(jnp.ones((1, 4, 4, 2)), jnp.ones((3, 3, 2, 2)), padding="full")
