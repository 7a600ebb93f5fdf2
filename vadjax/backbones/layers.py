"""Convolutions in the fastest form of each backend, and the blocks built on them.

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
from collections.abc import Callable, Iterator, Mapping, Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from vadjax.backbones import winograd

Pads = tuple[tuple[int, int], tuple[int, int]]  # (low, high) of height, of width

Padding = str | int | Pads
TRANSFORMED = "transformed"  # collection of kernels
_LIBRARY_FORMS = contextvars.ContextVar("library_forms", default=False)

ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "": lambda x: x,
    "relu": jax.nn.relu,
    "relu6": jax.nn.relu6,
    "silu": jax.nn.silu,
    "sigmoid": jax.nn.sigmoid,
    "gelu": functools.partial(jax.nn.gelu, approximate=False),
    "gelu_tanh": functools.partial(jax.nn.gelu, approximate=True),
    "quick_gelu": lambda x: x * jax.nn.sigmoid(1.702 * x),  # CLIP's
}


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
    """Convolve with a parameter of `module`, whose transformed kernel may be in store.

    Winograd's kernels are transformed once where the collection `TRANSFORMED` is given, and
    written into it where it is mutable (`Backbone.prepared`). In training nothing is transformed.
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
    """Choose the fastest formulation on a backend ("" is the one in use)."""
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
    """Return the zeros that `padding` puts around an image (see `conv`)."""
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


def _dot(x, kernel, stride, pads):
    """A 1x1 convolution without padding is a matrix product."""
    del pads
    x = x[:, ::stride, ::stride]
    b, h, w, c = x.shape
    return (x.reshape(-1, c) @ kernel[0, 0]).reshape(b, h, w, -1)


def _patches(x, kernel, stride, pads):
    """Patches that do not overlap, each a row of a matrix product."""
    del pads
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
    for size, out, k, (low, _) in zip(
        x.shape[1:3], grad.shape[1:3], kernel.shape[:2], pads, strict=True
    ):
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


def _winograd(x, kernel, stride, pads):
    del stride
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


class ConvBnAct(nn.Module):
    """Convolution, batch norm, activation; with batch norm folded, convolution and bias.

    Attributes:
        features: Output channels.
        kernel: Height and width of the kernel; one number is both.
        groups: Of channels; `depthwise` is one group per channel.
        padding: As `conv` takes it.
        act: A key of `ACTIVATIONS`; "" is none.
        norm: False is a convolution without batch norm, folded or not.
        bias: Of a convolution without batch norm.
        eps: Batch norm's epsilon; a family has its own.
        folded: Expects the variables that `fold_batch_norm` made.
    """

    features: int
    kernel: int | tuple[int, int] = 1
    stride: int = 1
    depthwise: bool = False
    groups: int = 1
    padding: Padding = "symmetric"
    act: str = "relu6"
    norm: bool = True
    bias: bool = True
    eps: float = 1e-5
    folded: bool = True

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        size = (self.kernel,) * 2 if isinstance(self.kernel, int) else self.kernel
        group_size = 1 if self.depthwise else x.shape[-1] // self.groups
        shape = (*size, group_size, self.features)
        kernel = self.param("kernel", nn.initializers.he_normal(), shape)
        # [b, h', w', features]
        x = module_conv(self, x, kernel, stride=self.stride, padding=self.padding, train=train)
        if self.norm and not self.folded:
            x = _batch_norm(self.eps)(x, use_running_average=not train)
        elif self.norm or self.bias:
            x = x + self.param("bias", nn.initializers.zeros, (self.features,))
        return ACTIVATIONS[self.act](x)


class BatchNorm(nn.Module):
    """A batch norm that follows no convolution; folded, a scale and a bias per channel."""

    eps: float = 1e-5
    folded: bool = True

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        if not self.folded:
            return _batch_norm(self.eps)(x, use_running_average=not train)
        scale = self.param("scale", nn.initializers.ones, x.shape[-1:])
        return x * scale + self.param("bias", nn.initializers.zeros, x.shape[-1:])


class LayerScale(nn.Module):
    """A learnt factor per channel on a residual branch (arXiv 2103.17239)."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return x * self.param("scale", nn.initializers.ones, x.shape[-1:])


def _batch_norm(eps: float) -> nn.Module:
    return nn.BatchNorm(momentum=0.9, epsilon=eps, name="norm")  # PyTorch's momentum of 0.1


class SqueezeExcite(nn.Module):
    """Scale each channel by a gate that sees the mean of all (arXiv 1709.01507).

    Attributes:
        width: Of the layer between.
        act: Of the layer between; `gate` of the gates.
    """

    width: int
    act: str = "relu"
    gate: str = "sigmoid"

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        gates = x.mean((1, 2))  # [b, c]
        gates = ACTIVATIONS[self.act](nn.Dense(self.width, name="reduce")(gates))
        gates = ACTIVATIONS[self.gate](nn.Dense(x.shape[-1], name="expand")(gates))
        return x * gates[:, None, None]


def fold_batch_norm(variables: Mapping, *, eps: float, dtype=np.float32) -> dict:
    """Fold every batch norm into the convolution beside it, or into a scale and a bias.

    Args:
        variables: {"params", "batch_stats"} of a network built with `folded=False`.
        eps: Batch norm's epsilon.
        dtype: Of what is folded, which is computed in float64.

    Returns:
        {"params"} of the same network built with `folded=True`.
    """

    def fold(params, statistics):
        if "norm" not in statistics:
            return {
                key: fold(value, statistics.get(key, {})) if isinstance(value, Mapping) else value
                for key, value in params.items()
            }
        norm = {k: np.asarray(v, np.float64) for k, v in params["norm"].items()}
        mean, var = (np.asarray(statistics["norm"][k], np.float64) for k in ("mean", "var"))
        scale = norm["scale"] / np.sqrt(var + eps)
        bias = (norm["bias"] - mean * scale).astype(dtype)
        if "kernel" not in params:
            return {"scale": scale.astype(dtype), "bias": bias}
        kernel = np.asarray(params["kernel"], np.float64) * scale  # output channels come last
        return {"kernel": kernel.astype(dtype), "bias": bias}

    return {"params": fold(variables["params"], variables.get("batch_stats", {}))}
