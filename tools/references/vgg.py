"""timm's VGGs; the classifier with its 120M weights is slow and used for `_COMPLETE` only."""

import numpy as np

from tools.references import timm_outputs, timm_shapes

NAMES = ("vgg16", "vgg19", "vgg11", "vgg13", "vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn")
# Under the second size one axis of the map is below the classifier's 7 places, one above.
SIZES = ((224, 224), (160, 288))
GOLDENS = {"vgg11": (64, 96), "vgg11_bn": (64, 96)}

_COMPLETE = ("vgg16", "vgg19")
# Without classes timm keeps the classifier's hidden layers: one unit then, which nothing reads.
_HEADLESS = {"num_classes": 0, "mlp_ratio": 1 / 4096}


def shapes(name: str) -> dict[str, list[int]]:
    """Return {key: shape}."""
    import torch

    if name in _COMPLETE:
        with torch.device("meta"):  # draws no weights
            return timm_shapes(name)
    everything = timm_shapes(name, **_HEADLESS)
    return {key: shape for key, shape in everything.items() if key.startswith("features")}


def outputs(name: str, state: dict[str, np.ndarray], images: np.ndarray) -> dict[str, np.ndarray]:
    """Run timm's network; the features are the mean of the map, not timm's hidden layer."""
    options = {} if name in _COMPLETE else _HEADLESS
    if name not in _COMPLETE:
        unread = timm_shapes(name, **_HEADLESS)
        state = {key: np.zeros(shape) for key, shape in unread.items()} | state
    out = timm_outputs(name, state, images, taps=_taps, **options)
    out["features"] = out["map"].mean((1, 2))
    if name not in _COMPLETE:
        del out["logits"]
    return out


def _taps(network) -> dict:
    """Return the last layer before each pooling."""
    ends = network.feature_ends[:-1]
    names = ("stem", *(f"stage{i}" for i in range(1, len(ends))))
    return {name: network.features[end] for name, end in zip(names, ends, strict=True)}
