"""Convolutions over two or three axes that stay fast inside a compiled epoch on CPU.

XLA's own convolution loses its threads inside `lax.scan` on CPU, and a population's vmap turns it
into a slow grouped one; there they are matrix products over gathered neighbours. Other devices get
XLA's convolution. All forms are channels-last and compute the same sums.
"""

import functools
import itertools
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from vadjax.models import dense_convolution

MANY = 24  # taps from which a stride is taken by regrouping pixels into channels first


def conv(x, kernel, *, strides: int | Sequence[int] = 1, padding: int | Sequence[int] = 0):
    """Convolve (without flipping), zeros outside.

    Args:
        x: [b, ..., i], with as many axes between as the kernel has.
        kernel: [k, ..., i, o].
        strides: one, or one an axis.
        padding: zeros at both ends, one number or one an axis.

    Returns:
        [b, ..., o].
    """
    num = kernel.ndim - 2
    strides, padding = _each(strides, num), _each(padding, num)
    if jax.default_backend() != "cpu":
        pads = [(p, p) for p in padding]
        names = _names(num)
        return jax.lax.conv_general_dilated(x, kernel, strides, pads, dimension_numbers=names)
    return _gathered(x, kernel, strides, padding)


def conv_transpose(
    x,
    kernel,
    *,
    strides: int | Sequence[int],
    padding: int | Sequence[int] = 0,
    extra: int | Sequence[int] = 0,
):
    """Transpose a convolution: the gradient of `conv` by its input.

    Each input adds the kernel, times its value, at `strides` times its place. On CPU in the
    sub-pixel form (Shi et al. 2016): the phases of the output are channels of one convolution.

    Args:
        x: [b, ..., i].
        kernel: [k, ..., i, o].
        strides: one, or one an axis.
        padding: rows cut off at both ends.
        extra: rows kept in addition at the far end, torch's `output_padding`.

    Returns:
        [b, ..., o]; an axis of n has strides (n - 1) + k - 2 padding + extra.
    """
    num = kernel.ndim - 2
    strides, padding, extra = (_each(v, num) for v in (strides, padding, extra))
    sizes, axes = kernel.shape[:num], tuple(range(num))
    if jax.default_backend() != "cpu":
        lows = [k - 1 - p for k, p in zip(sizes, padding, strict=True)]
        return jax.lax.conv_general_dilated(
            x,
            jnp.flip(kernel, axes),
            (1,) * num,
            [(low, low + more) for low, more in zip(lows, extra, strict=True)],
            lhs_dilation=strides,
            dimension_numbers=_names(num),
        )
    near = [-(-k // s) for k, s in zip(sizes, strides, strict=True)]  # inputs an output sees
    fill = [(0, n * s - k) for n, s, k in zip(near, strides, sizes, strict=True)]
    kernel = jnp.pad(kernel, (*fill, (0, 0), (0, 0)))
    i, o = kernel.shape[-2:]
    kernel = kernel.reshape(*itertools.chain(*zip(near, strides, strict=True)), i, o)
    order = [2 * n for n in range(num)], [2 * n + 1 for n in range(num)]
    kernel = kernel.transpose(*order[0], 2 * num, *order[1], 2 * num + 1)  # [near, i, phases, o]
    kernel = jnp.flip(kernel, axes).reshape(*near, i, -1)
    y = conv(x, kernel, padding=[n - 1 for n in near])
    blocks = y.shape[1:-1]
    y = y.reshape(y.shape[0], *blocks, *strides, o)
    pairs = itertools.chain(*((1 + n, 1 + num + n) for n in range(num)))
    y = y.transpose(0, *pairs, 1 + 2 * num)
    y = y.reshape(y.shape[0], *(n * s for n, s in zip(blocks, strides, strict=True)), o)
    for axis, (n, s, k, p, more) in enumerate(
        zip(x.shape[1:-1], strides, sizes, padding, extra, strict=True), 1
    ):
        stop = s * (n - 1) + k - p + more
        if stop > y.shape[axis]:
            beyond = [(0, (i == axis) * (stop - y.shape[axis])) for i in range(y.ndim)]
            y = jnp.pad(y, beyond)
        y = jax.lax.slice_in_dim(y, p, stop, axis=axis)
    return y


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _gathered(x, kernel, strides, padding):
    """`conv` as matrix products over gathered neighbours, or in a form that moves less."""
    x = jnp.pad(x, ((0, 0), *((p, p) for p in padding), (0, 0)))
    sizes, num = kernel.shape[:-2], kernel.ndim - 2
    form = _form(kernel, strides)
    if form:
        return dense_convolution.FORMS[form](x, kernel)
    out = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], sizes, strides, strict=True)]
    if num == 2 and max(strides) > 1 and math.prod(sizes) > MANY:
        x, kernel = _regrouped(x, kernel, strides, out)
        sizes, strides = kernel.shape[:2], (1, 1)
    products = [
        near @ part.reshape(-1, kernel.shape[-1])
        for near, part in zip(
            _neighbours(x, sizes, strides, out), kernel if num == 3 else [kernel], strict=True
        )
    ]
    return sum(products[1:], start=products[0])


def _forward(x, kernel, strides, padding):
    # The neighbours are gathered again for the kernel's gradient: kept, they would take as many
    # times the memory of the input as the kernel has taps.
    return _gathered(x, kernel, strides, padding), (x, kernel)


def _backward(strides, padding, kept, grad):
    x, kernel = kept
    sizes, out = kernel.shape[:-2], grad.shape[1:-1]
    left = [
        n - (s * (m - 1) + k - 2 * p)
        for n, m, k, s, p in zip(x.shape[1:-1], out, sizes, strides, padding, strict=True)
    ]
    moved = {"strides": strides, "padding": padding, "extra": left}
    grad_x = conv_transpose(grad, kernel.swapaxes(-1, -2), **moved)
    x = jnp.pad(x, ((0, 0), *((p, p) for p in padding), (0, 0)))
    if _form(kernel, strides):
        return grad_x, dense_convolution.kernel_gradient(x, grad, sizes)
    flat = grad.reshape(-1, grad.shape[-1])
    parts = [
        near.reshape(-1, near.shape[-1]).T @ flat for near in _neighbours(x, sizes, strides, out)
    ]
    return grad_x, jnp.stack(parts).reshape(kernel.shape)


def _form(kernel, strides):
    if kernel.ndim != 4 or max(strides) > 1:
        return ""
    return dense_convolution.choose(kernel.shape, kernel.dtype)


_gathered.defvjp(_forward, _backward)


def _neighbours(x, sizes, strides, out):
    """Yield the neighbours of each output, [b, *out, taps * c]: of three axes, those at a time.

    Neighbours in space are gathered once and shared by the taps in time.
    """
    if len(sizes) == 2:
        yield _patches(x, sizes, strides, out)
        return
    b, t = x.shape[:2]
    near = _patches(x.reshape(b * t, *x.shape[2:]), sizes[1:], strides[1:], out[1:])
    near = near.reshape(b, t, *near.shape[1:])
    last = strides[0] * (out[0] - 1) + 1
    for i in range(sizes[0]):
        yield near[:, i : i + last : strides[0]]


def max_pool(x):
    """Take the largest of 2x2 pixels: [b, h, w, c] to [b, h / 2, w / 2, c]; h and w are even."""
    b, h, w, c = x.shape
    x = x.reshape(b, h // 2, 2, w // 2, 2, c)
    # The gradient of `max` looks for its result among the inputs. Computed twice by a compiler,
    # these may differ in the last bit: it then finds none, and divides by 0.
    left, right = (_larger(x[:, :, 0, :, i], x[:, :, 1, :, i]) for i in (0, 1))
    return _larger(left, right)


def _larger(a, b):
    return jnp.where(b > a, b, a)


def _patches(x, sizes, strides, out):
    """Gather neighbours: [b, h, w, c] to [b, *out, taps * c]."""
    (s, z), (h, w) = strides, out
    last, end = s * (h - 1) + 1, z * (w - 1) + 1
    taps = [
        x[:, i : i + last : s, j : j + end : z]
        for i, j in itertools.product(*(range(k) for k in sizes))
    ]
    return taps[0] if len(taps) == 1 else jnp.concatenate(taps, axis=-1)


def _regrouped(x, kernel, strides, out):
    """Turn a strided convolution over two axes into one of stride 1 over blocks of pixels."""
    (s, z), (h, w) = strides, out
    near = [-(-k // n) for k, n in zip(kernel.shape[:2], strides, strict=True)]
    rows, columns = s * (h + near[0] - 1), z * (w + near[1] - 1)
    x = x[:, :rows, :columns]
    x = jnp.pad(x, ((0, 0), (0, rows - x.shape[1]), (0, columns - x.shape[2]), (0, 0)))
    b, _, _, i = x.shape
    x = x.reshape(b, rows // s, s, columns // z, z, i).transpose(0, 1, 3, 2, 4, 5)
    fill = [(0, n * t - k) for n, t, k in zip(near, strides, kernel.shape[:2], strict=True)]
    kernel = jnp.pad(kernel, (*fill, (0, 0), (0, 0)))
    kernel = kernel.reshape(near[0], s, near[1], z, i, -1).transpose(0, 2, 1, 3, 4, 5)
    return x.reshape(*x.shape[:3], -1), kernel.reshape(*near, s * z * i, -1)


def _each(value: int | Sequence[int], num: int) -> tuple[int, ...]:
    return (value,) * num if isinstance(value, int) else tuple(value)


def _names(num: int) -> tuple[str, str, str]:
    axes = "DHW"[-num:]
    return f"N{axes}C", f"{axes}IO", f"N{axes}C"
