"""Blocks of layers that backbones share, and the folding of their batch norms."""

import functools
from collections.abc import Callable, Mapping

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones.convolution import Padding, module_conv

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


def edged(x: jax.Array, value: float) -> jax.Array:
    """Put an edge of one pixel around images [b, h, w, c], for a pooling of 3 x 3 without padding.

    jax2onnx takes no notice of the padding of a pooling; XLA computes both forms alike.

    Args:
        x: [b, h, w, c].
        value: of the edge, -inf where the largest is pooled.

    Returns:
        [b, h + 2, w + 2, c].
    """
    return jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=value)


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
