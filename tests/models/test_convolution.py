"""Convolutions of the video models against XLA's: values and both gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vadjax.models import dense_convolution
from vadjax.models.convolution import conv, conv_transpose, max_pool

CASES = [
    # size of the input, of the kernel, strides, padding
    ((6, 8), (3, 3), (1, 1), (1, 1)),
    ((7, 9), (3, 3), (2, 2), (1, 1)),
    ((9, 10), (4, 4), (2, 2), (0, 0)),
    ((23, 27), (11, 11), (4, 4), (0, 0)),
    ((10, 12), (5, 5), (2, 2), (2, 2)),
    ((4, 6, 7), (3, 3, 3), (1, 2, 2), (1, 1, 1)),
    ((5, 6, 8), (3, 3, 3), (2, 2, 2), (1, 1, 1)),
]


def _arrays(size, kernel_size):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, *size, 3)).astype(np.float32)
    return x, rng.normal(size=(*kernel_size, 3, 5)).astype(np.float32)


def _names(num):
    return ("NHWC", "HWIO", "NHWC") if num == 2 else ("NDHWC", "DHWIO", "NDHWC")


def _plain(x, kernel, strides, padding):
    pads = [(p, p) for p in padding]
    names = _names(kernel.ndim - 2)
    return jax.lax.conv_general_dilated(x, kernel, strides, pads, dimension_numbers=names)


def _with_gradients(function, x, kernel):
    value, back = jax.vjp(function, x, kernel)
    grad = np.random.default_rng(1).normal(size=value.shape).astype(np.float32)
    return value, *back(jnp.asarray(grad))


@pytest.mark.parametrize("size,kernel_size,strides,padding", CASES)
def test_convolution_equals_xla_and_so_do_its_gradients(size, kernel_size, strides, padding):
    x, kernel = _arrays(size, kernel_size)
    ours = _with_gradients(lambda x, k: conv(x, k, strides=strides, padding=padding), x, kernel)
    theirs = _with_gradients(lambda x, k: _plain(x, k, strides, padding), x, kernel)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize(
    "form,size,kernel_shape",
    [
        ("winograd", (6, 8), (3, 3, 32, 40)),
        ("winograd", (5, 7), (3, 3, 40, 32)),
        ("winograd", (1, 1), (3, 3, 32, 32)),
        ("columns", (5, 6), (3, 3, 16, 8)),
        ("columns", (6, 5), (2, 4, 8, 2)),
        ("", (6, 5), (3, 3, 4, 16)),
    ],
)
def test_every_form_of_stride_one_equals_xla_and_so_do_its_gradients(form, size, kernel_shape):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, *size, kernel_shape[2])).astype(np.float32)
    kernel = rng.normal(size=kernel_shape).astype(np.float32)
    assert dense_convolution.choose(kernel.shape, kernel.dtype) == form
    ours = _with_gradients(lambda x, k: conv(x, k, padding=1), x, kernel)
    theirs = _with_gradients(lambda x, k: _plain(x, k, (1, 1), (1, 1)), x, kernel)
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, atol=3e-6 * np.abs(b).max(), rtol=0)


def test_half_precision_is_not_summed_of_parts():
    assert not dense_convolution.choose((3, 3, 64, 64), jnp.dtype("bfloat16"))


@pytest.mark.parametrize("size,kernel_size,strides,padding", CASES)
@pytest.mark.parametrize("more", [0, 1])
def test_transposed_convolution_is_the_gradient_of_a_convolution(
    size, kernel_size, strides, padding, more
):
    x, kernel = _arrays(size, kernel_size)
    more = more if min(strides) > 1 else 0
    moved = {"strides": strides, "padding": padding, "extra": more}
    ours = _with_gradients(lambda x, k: conv_transpose(x, k, **moved), x, kernel)
    out = [
        s * (n - 1) + k - 2 * p + more
        for n, k, s, p in zip(size, kernel_size, strides, padding, strict=True)
    ]

    def transposed(x, k):
        back = jax.vjp(
            lambda y: _plain(y, k.swapaxes(-1, -2), strides, padding), jnp.zeros((2, *out, 5))
        )[1]
        return back(x)[0]

    theirs = _with_gradients(transposed, x, kernel)
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, atol=1e-3, rtol=1e-4)


def test_other_devices_get_the_same_from_xla(monkeypatch):
    """XLA's forms, which accelerators take, against those of the CPU."""
    for size, kernel_size, strides, padding in CASES:
        x, kernel = _arrays(size, kernel_size)
        moved = {"strides": strides, "padding": padding}
        here = conv(x, kernel, **moved), conv_transpose(x, kernel, extra=0, **moved)
        with monkeypatch.context() as patch:
            patch.setattr(jax, "default_backend", lambda: "gpu")
            there = conv(x, kernel, **moved), conv_transpose(x, kernel, extra=0, **moved)
        for a, b in zip(here, there, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("channels", [(3, 5), (32, 32), (4, 16)])
def test_members_of_a_population_are_convolved_apart(channels):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 6, 8, channels[0])).astype(np.float32)
    kernel = rng.normal(size=(3, 3, *channels)).astype(np.float32)
    kernels = np.stack([kernel, -2 * kernel])

    def grad(k):
        return jax.grad(lambda k: jnp.square(conv(x, k, padding=1)).sum())(k)

    together = jax.vmap(grad)(kernels)
    for i in range(2):
        alone = grad(kernels[i])
        np.testing.assert_allclose(together[i], alone, rtol=0, atol=3e-6 * np.abs(alone).max())


def test_the_largest_of_four_pixels():
    x = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(max_pool(x)[0, ..., 0], [[5, 7], [13, 15]])
