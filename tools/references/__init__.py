"""Reference networks that vadjax's backbones are compared with, a module for each family.

A family's module has
    NAMES: the backbones that are compared; `make parity` uses the first of each family,
        `make parity-full` all;
    SIZES: (height, width) of the inputs that are compared, the checkpoint's first;
    GOLDENS: {name: (height, width)} of those that have a golden file;
    shapes(name): {key: shape} of the reference's state dict;
    outputs(name, state, images): {tap: [b, h, w, c] float32} of all taps of vadjax, "features", and
        "logits" if it has them, of uint8 images [b, h, w, 3].
`timm_shapes` and `timm_outputs` do both for networks of timm.
"""

import importlib
import pkgutil
from collections.abc import Callable

import numpy as np


def families() -> dict:
    """Return {family: module} of all modules here."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}


def timm_shapes(name: str, **options) -> dict[str, list[int]]:
    """Return {key: shape} of timm's state dict."""
    import timm

    network = timm.create_model(name, pretrained=False, **options)
    return {key: list(value.shape) for key, value in network.state_dict().items()}


def timm_outputs(
    name: str,
    state: dict[str, np.ndarray],
    images: np.ndarray,
    *,
    taps: Callable[..., dict],
    channels_last: bool = False,
    double: bool = False,
    **options,
) -> dict[str, np.ndarray]:
    """Run timm's network on images, normalised as its configuration says.

    Args:
        name: Of the network.
        state: Its state dict.
        images: [b, h, w, 3] uint8.
        taps: network -> {tap: the submodule whose output it is}, without "map", which is what
            `forward_features` returns.
        channels_last: What the submodules return is [b, h, w, c] already.
        double: Compute in float64.
        options: Of `timm.create_model`.

    Returns:
        {tap: [b, h, w, c]}, "features" (what timm gives without classifier) and "logits".
    """
    import timm
    import torch

    network = timm.create_model(name, pretrained=False, **options).eval()
    network.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in state.items()})
    mean, std = (np.float32(network.default_cfg[key]) for key in ("mean", "std"))
    x = (np.float32(images) / 255 - mean) / std
    x = torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
    if double:
        network, x = network.double(), x.double()
    outputs = {}

    def keep(tap):
        def hook(module, inputs, output):
            outputs[tap] = output

        return hook

    for tap, module in taps(network).items():
        module.register_forward_hook(keep(tap))
    with torch.no_grad():
        x = outputs["map"] = network.forward_features(x)
        if not channels_last:
            outputs = {key: value.permute(0, 2, 3, 1) for key, value in outputs.items()}
        outputs["features"] = network.forward_head(x, pre_logits=True)
        outputs["logits"] = network.forward_head(x)
    return {key: value.numpy() for key, value in outputs.items()}
