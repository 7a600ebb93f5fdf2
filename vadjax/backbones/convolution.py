"""Convolutions in the fastest form of each backend.

`conv` is the one place where a formulation is chosen. XLA on CPU is 14 to 36 times slower at
depthwise convolutions than at the same sum written as shifted slices, up to six times slower at
grouped ones than at a dense one for each group, and half as fast at 1x1 convolutions as at a matrix
product; on GPU and TPU the library convolution wins everywhere. All formulations are tested equal,
gradients included.
"""

import contextlib
import contextvars
import functools
import math
from collections.abc import Callable, Iterator, Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from vadjax.backbones import winograd

Pads = tuple[tuple[int, int], tuple[int, int]]  # (low, high) of height, of width
Padding = str | int | Pads
TRANSFORMED = "transformed"  # collection of kernels
_LIBRARY_FORMS = contextvars.ContextVar("library_forms", default=False)


def conv(
    x: jax.Array,
    kernel: jax.Array,
    *,
    stride: int = 1,
    padding: Padding = "symmetric",
    how: str = "",
) -> jax.Array:
    """Convolve `x` with `kernel`.

    Args:
        x: [b, h, w, c] float.
        kernel: [kh, kw, c / groups, d] float; the number of groups follows from `c`.
        stride: Of both axes.
        padding: "symmetric" as in PyTorch, (k - 1) // 2 on both sides; "same" as in TensorFlow,
            as much as the size needs, the odd pixel below and on the right; an int, so much on
            all sides; or ((above, below), (left, right)).
        how: A key of `FORMULATIONS`; "" lets `choose` decide.

    Returns:
        [b, h', w', d] float.
    """
    pads = pad_widths(x.shape[1:3], kernel.shape[:2], stride, padding)
    how = how or choose(x.shape, kernel.shape, stride, pads)
    return FORMULATIONS[how](x, kernel, stride, pads)


def module_conv(
    module: nn.Module,
    x: jax.Array,
    kernel: jax.Array,
    *,
    stride: int = 1,
    padding: Padding = "symmetric",
    train: bool = False,
) -> jax.Array:
    """Convolve with a parameter of a module, using its transformed kernel if that is stored.

    Winograd's are in the collection `TRANSFORMED`, where it is given (`Backbone.prepared`).

    Args:
        module: The owner of the parameter "kernel".
        x: [b, h, w, c] float.
        kernel: That parameter, [kh, kw, c / groups, d].
        stride: Of both axes.
        padding: See `conv`.
        train: Whether gradients will flow to the kernel.

    Returns:
        [b, h', w', d] float.
    """
    pads = pad_widths(x.shape[1:3], kernel.shape[:2], stride, padding)
    how = choose(x.shape, kernel.shape, stride, pads)
    if how != "winograd":
        return FORMULATIONS[how](x, kernel, stride, pads)
    if train or x.dtype == jnp.bfloat16:
        return _library(x, kernel, stride, pads)
    if module.has_variable(TRANSFORMED, "kernel"):
        transformed: jax.Array = module.get_variable(TRANSFORMED, "kernel")
    else:
        transformed = winograd.transform(kernel)
        if module.is_mutable_collection(TRANSFORMED) and not module.is_initializing():
            module.put_variable(TRANSFORMED, "kernel", transformed)
    return winograd.convolve(x, transformed, pads)


@contextlib.contextmanager
def library_forms() -> Iterator[None]:
    """Trace every convolution inside the block in its usual form, as operations are counted."""
    token = _LIBRARY_FORMS.set(True)
    try:
        yield
    finally:
        _LIBRARY_FORMS.reset(token)


def choose(
    shape: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    stride: int,
    pads: Pads,
    backend: str = "",
) -> str:
    """Choose the fastest formulation of a convolution.

    Args:
        shape: Of the input, (b, h, w, c).
        kernel_shape: (kh, kw, c / groups, d).
        stride: Of both axes.
        pads: Zeros around the input.
        backend: "cpu", "gpu" or "tpu"; "" is the one in use.

    Returns:
        A key of `FORMULATIONS`.
    """
    height, width, group_size, features = kernel_shape
    channels = shape[-1]
    if (backend or jax.default_backend()) != "cpu" or _LIBRARY_FORMS.get():
        return "library"
    unpadded = pads == ((0, 0), (0, 0))
    if height == width == 1 and group_size == channels and unpadded:
        return "dot"
    if group_size == 1 and channels == features > 1:
        return "shifted"
    if 1 < group_size < channels:
        return "grouped"
    whole = shape[1] % height == shape[2] % width == 0
    if height == width == stride and group_size == channels and unpadded and whole:
        return "patches"
    wide = min(channels, features) >= 16  # else transforming takes longer than it saves
    if height == width == 3 and stride == 1 and group_size == channels and wide:
        return "winograd"
    if channels == group_size == 3 and height * width <= 9:
        return "padded"  # a 3x3 stem over colour: half of the time (7x7: no gain)
    return "library"


def pad_widths(sizes: Sequence[int], kernel: Sequence[int], stride: int, padding: Padding) -> Pads:
    """Return the number of zeros that a padding puts around an image.

    Args:
        sizes: Height and width of the image.
        kernel: Height and width of the kernel.
        stride: Of both axes.
        padding: See `conv`.

    Returns:
        ((above, below), (left, right)).

    Raises:
        ValueError: An unknown padding.
    """
    if isinstance(padding, tuple):
        return padding
    if isinstance(padding, int):
        return ((padding, padding),) * 2
    if padding == "symmetric":
        high, wide = ((k - 1) // 2 for k in kernel)
        return (high, high), (wide, wide)
    if padding == "same":
        high, wide = (
            max((math.ceil(n / stride) - 1) * stride + k - n, 0)
            for n, k in zip(sizes, kernel, strict=True)
        )
        return (high // 2, high - high // 2), (wide // 2, wide - wide // 2)
    raise ValueError(f"padding {padding!r} is none of 'symmetric', 'same', a number, pairs")


def _library(x, kernel, stride, pads):
    return lax.conv_general_dilated(
        x,
        kernel,
        window_strides=(stride, stride),
        padding=pads,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=x.shape[-1] // kernel.shape[2],
    )


def _dot(x, kernel, stride, _):
    """A 1x1 convolution without padding is a matrix product."""
    x = x[:, ::stride, ::stride]
    b, h, w, c = x.shape
    return (x.reshape(-1, c) @ kernel[0, 0]).reshape(b, h, w, -1)


def _patches(x, kernel, stride, _):
    """Multiply patches that do not overlap, each as one row, by the kernel."""
    b, h, w, c = x.shape
    x = x.reshape(b, h // stride, stride, w // stride, stride, c).swapaxes(2, 3)
    x = x.reshape(-1, stride * stride * c) @ kernel.reshape(stride * stride * c, -1)
    return x.reshape(b, h // stride, w // stride, -1)


def _padded(x, kernel, stride, pads):
    more = ((0, 0), (0, 0), (0, 0), (0, 1))
    return _library(jnp.pad(x, more), jnp.pad(kernel, (*more[:2], (0, 1), (0, 0))), stride, pads)


def _grouped(x, kernel, stride, pads):
    """A dense convolution for each group; small groups are merged, with zeros between them.

    Below 16 channels a convolution of its own costs as much as one of twice the width.
    """
    height, width, group_size, features = kernel.shape
    groups = x.shape[-1] // group_size
    each = features // groups  # output channels of a group
    step = max(16 // group_size, 1)
    outputs = []
    for first in range(0, groups, step):
        count = min(step, groups - first)
        part = kernel[..., first * each : (first + count) * each]
        if count > 1:  # block diagonal
            part = part.reshape(height, width, 1, group_size, count, each)
            part = part * jnp.eye(count, dtype=kernel.dtype)[:, None, :, None]
            part = part.reshape(height, width, count * group_size, count * each)
        seen = x[..., first * group_size : (first + count) * group_size]
        outputs.append(_library(seen, part, stride, pads))
    return jnp.concatenate(outputs, axis=-1)


def _shifts(x, kernel_size, stride, pads):
    """Return {(i, j): what tap (i, j) of the kernel sees, [b, h', w', c]}.

    The padded image is cut into its stride x stride phases first, so that every tap is a dense
    slice of one of them: strided slices do not vectorise.
    """
    sizes = x.shape[1:3]
    out = [(n + sum(p) - k) // stride + 1 for n, p, k in zip(sizes, pads, kernel_size, strict=True)]
    # What the last tap of the last output needs, in whole strides.
    want = [(o + (k - 1) // stride) * stride for o, k in zip(out, kernel_size, strict=True)]
    config = [(lo, total - n - lo, 0) for n, (lo, _), total in zip(sizes, pads, want, strict=True)]
    x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *config, (0, 0, 0)])
    b, h, w, c = x.shape
    x = x.reshape(b, h // stride, stride, w // stride, stride, c)

    def tap(i, j):
        rows = slice(i // stride, i // stride + out[0])
        columns = slice(j // stride, j // stride + out[1])
        return x[:, rows, i % stride, columns, j % stride]

    return {(i, j): tap(i, j) for i in range(kernel_size[0]) for j in range(kernel_size[1])}


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _shifted(x, kernel, stride, pads):
    """Depthwise convolution as a sum of shifted slices, one fused loop.

    The gradient is written out because autodiff would make a chain of pads of it (3.4 times
    slower); so there is no forward mode (`jax.jvp`) through this formulation.
    """
    taps = _shifts(x, kernel.shape[:2], stride, pads)
    return sum(tap * kernel[i, j, 0] for (i, j), tap in taps.items())


def _shifted_forward(x, kernel, stride, pads):
    return _shifted(x, kernel, stride, pads), (x, kernel)


def _shifted_backward(stride, pads, residuals, grad):
    x, kernel = residuals
    # The input's gradient: the output's, spread by the stride, under the flipped kernel.
    config = [(0, 0, 0)]
    shapes = x.shape[1:3], grad.shape[1:3], kernel.shape[:2]
    for size, out, k, (low, _) in zip(*shapes, pads, strict=True):
        before = k - 1 - low
        spread = (out - 1) * stride + 1
        config.append((before, size + k - 1 - before - spread, stride - 1))
    config.append((0, 0, 0))
    spread = lax.pad(grad, jnp.zeros((), grad.dtype), config)
    dx = _shifted(spread, kernel[::-1, ::-1], 1, ((0, 0), (0, 0)))
    taps = _shifts(x, kernel.shape[:2], stride, pads)
    dkernel = jnp.stack([jnp.sum(tap * grad, axis=(0, 1, 2)) for tap in taps.values()])
    return dx, dkernel.reshape(kernel.shape)


_shifted.defvjp(_shifted_forward, _shifted_backward)


def _winograd(x, kernel, _, pads):
    return winograd.convolve(x, winograd.transform(kernel), pads)


FORMULATIONS: dict[str, Callable[[jax.Array, jax.Array, int, Pads], jax.Array]] = {
    "library": _library,
    "dot": _dot,
    "patches": _patches,
    "shifted": _shifted,
    "grouped": _grouped,
    "padded": _padded,
    "winograd": _winograd,
}
