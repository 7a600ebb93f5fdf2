"""Layers of PyTorch that take their weights from our variables."""

import jax
import numpy as np
import pytest

torch = pytest.importorskip("torch")
F = torch.nn.functional


def tensors(tree):
    """The variables as tensors; parameters keep their gradients."""
    return jax.tree.map(lambda a: torch.tensor(np.asarray(a), requires_grad=True), tree)


def first(x):
    """[b, ..., c] to torch's [b, c, ...]."""
    return x.movedim(-1, 1)


def last(x):
    """Torch's [b, c, ...] to [b, ..., c]."""
    return x.movedim(1, -1)


def stacked(windows):
    """Frames of windows [b, t, h, w, c] as channels, torch's order."""
    return windows.permute(0, 1, 4, 2, 3).flatten(1, 2)


def conv(p, x, **kwargs):
    kernel = p["kernel"].movedim((-1, -2), (0, 1))  # [o, i, ...]
    function = F.conv2d if kernel.ndim == 4 else F.conv3d
    return function(x, kernel, p["bias"], **kwargs)


def deconv(p, x, **kwargs):
    kernel = p["kernel"].movedim((-2, -1), (0, 1))  # [i, o, ...]
    function = F.conv_transpose2d if kernel.ndim == 4 else F.conv_transpose3d
    return function(x, kernel, p["bias"], **kwargs)


def normed(variables, name, x, training):
    """Batch norm with the parameters and the statistics of a name, then nothing."""
    p, stats = variables["params"][f"{name}_norm"], variables["batch_stats"][f"{name}_norm"]
    moments = stats["mean"].detach().clone(), stats["var"].detach().clone()
    return F.batch_norm(x, *moments, p["scale"], p["bias"], training=training)
