"""VGG: blocks of 3x3 convolutions with max-pooling between them, and a wide classifier.

arXiv 1409.1556, table 1. The networks differ in how many convolutions a block has, and in whether
batch norm follows each (`_bn`). The features are the mean of the map, 512 values: the two layers of
4096 belong to the classifier here. Those work on inputs of all sizes as timm's do, whose first is a
7x7 convolution: it slides over larger maps, and smaller ones are spread to 7x7 before it
(torchvision pools all maps to 7x7).
"""

import dataclasses
import functools
import re
from collections.abc import Iterator

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones.layers import ConvBnAct
from vadjax.backbones.network import Architecture, Layout, Network
from vadjax.backbones.port import Rule, conv_rules, dense_rules
from vadjax.backbones.preprocess import Preprocess

TAPS = ("stem", "stage1", "stage2", "stage3", "stage4", "map")
SIDE = 7  # of the map that the classifier was made for


@dataclasses.dataclass(frozen=True)
class Variant:
    """What tells one network of the family from another.

    Attributes:
        repeats: Convolutions of each block.
        norm: Batch norm after each convolution.
        widths: Channels of each block.
        hidden: Width of the classifier's two hidden layers.
    """

    repeats: tuple[int, int, int, int, int]
    norm: bool = False
    widths: tuple[int, int, int, int, int] = (64, 128, 256, 512, 512)
    hidden: int = 4096


_REPEATS = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
VARIANTS = {
    **{name: Variant(repeats) for name, repeats in _REPEATS.items()},
    **{f"{name}_bn": Variant(repeats, norm=True) for name, repeats in _REPEATS.items()},
}


class Block(nn.Module):
    """Max-pooling, but for the first block, and a chain of convolutions."""

    variant: Variant
    index: int
    folded: bool

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        variant = self.variant
        x = _pool(x) if self.index else x
        for i in range(variant.repeats[self.index]):
            x = ConvBnAct(
                variant.widths[self.index],
                kernel=3,
                act="relu",
                norm=variant.norm,
                folded=self.folded,
                name=f"conv{i}",
            )(x, train)
        return x


class Classifier(nn.Module):
    """Two hidden layers, of which the first sees 7x7 places of the map, and the classes."""

    hidden: int
    num_classes: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = _spread(x)
        # Over a map of just its size any stride will do, and with this one it is a matrix product.
        stride = SIDE if x.shape[1:3] == (SIDE, SIDE) else 1
        hidden1 = ConvBnAct(
            self.hidden, SIDE, stride=stride, padding=0, act="relu", norm=False, name="hidden1"
        )
        x = hidden1(x)
        x = jax.nn.relu(nn.Dense(self.hidden, name="hidden2")(x))  # [b, h - 6, w - 6, hidden]
        return nn.Dense(self.num_classes, name="classes")(x.mean((1, 2)))


class VGG(Network):
    """Five blocks, a last pooling, and beside each other the mean and the classifier.

    Attributes:
        variant: Which network of the family.
        num_classes: Of the classifier; 0 is none.
        folded: Expects variables with batch norm folded.
    """

    variant: Variant
    num_classes: int = 1000
    folded: bool = True

    def setup(self):
        for i, tap in enumerate(TAPS[:-1]):
            setattr(self, tap, Block(self.variant, i, self.folded))
        if self.num_classes:
            self.classifier = Classifier(self.variant.hidden, self.num_classes)

    def stages(self):
        blocks = {tap: getattr(self, tap) for tap in TAPS[:-1]}
        return {**blocks, "map": lambda x, train: _pool(x)}

    def head(self, x: jax.Array) -> dict[str, jax.Array]:
        features = x.mean((1, 2))  # [b, 512]
        return {"features": features} | ({"logits": self.classifier(x)} if self.num_classes else {})


def _pool(x: jax.Array) -> jax.Array:
    return nn.max_pool(x, window_shape=(2, 2), strides=(2, 2))


def _spread(x: jax.Array) -> jax.Array:
    """Spread axes of fewer than 7 places to 7, as PyTorch's adaptive mean does.

    Place i of 7 is the mean of those of the n places that the interval i n / 7 .. (i + 1) n / 7
    touches.
    """
    for equation, n in zip(("bhwc,ih->biwc", "bhwc,jw->bhjc"), x.shape[1:3], strict=True):
        if n < SIDE:
            low, high = np.arange(n), np.arange(1, n + 1)
            places = np.arange(SIDE)[:, None]
            touches = (low < (places + 1) * n / SIDE) & (high > places * n / SIDE)
            weights = touches / touches.sum(1, keepdims=True)  # [7, n]
            x = jnp.einsum(equation, x, jnp.asarray(weights, x.dtype))
    return x


def _conv_rules(variant: Variant) -> Iterator[Rule]:
    """Convolutions, batch norms, ReLUs and poolings are numbered as one list, "features"."""
    count = 0
    for tap, repeats in zip(TAPS, variant.repeats, strict=False):
        for i in range(repeats):
            norm = f"features.{count + 1}" if variant.norm else ""
            yield from conv_rules(f"{tap}/conv{i}", f"features.{count}", norm)
            count += 3 if variant.norm else 2
        count += 1


def layouts(variant: Variant) -> tuple[Layout, ...]:
    """Return timm's names of the weights, and torchvision's."""
    return (
        _layout(variant, ("pre_logits.fc1", "pre_logits.fc2", "head.fc"), "conv_as_linear"),
        _layout(variant, ("classifier.0", "classifier.3", "classifier.6"), "linear"),
    )


def _layout(variant: Variant, names: tuple[str, str, str], transform: str) -> Layout:
    """Return the layout whose classifier has layers of these names."""
    rules = (
        *conv_rules("classifier/hidden1", names[0]),
        *dense_rules("classifier/hidden2", names[1], transform),
        *dense_rules("classifier/classes", names[2]),
        *_conv_rules(variant),
    )
    return Layout(f"{names[0]}.weight", rules, functools.partial(_prepare, names=names))


def _prepare(state: dict[str, np.ndarray], *, names: tuple[str, str, str]) -> dict[str, np.ndarray]:
    """Give the weights timm's shapes, and take out what our network has no place for.

    That is a convolution's bias in front of a batch norm, which only shifts the norm's mean; and
    hidden layers without classes behind them (timm's num_classes=0 keeps them).
    """
    state = dict(state)
    weight = state.get(f"{names[0]}.weight")
    if weight is not None and weight.ndim == 2 and weight.shape[1] == 512 * SIDE**2:
        # torchvision's is a linear layer over the map, flattened as [c, h, w].
        state[f"{names[0]}.weight"] = weight.reshape(-1, 512, SIDE, SIDE)
    for key in list(state):
        match = re.fullmatch(r"features\.(\d+)\.bias", key)
        mean = f"features.{int(match[1]) + 1}.running_mean" if match else ""
        if mean in state and state[mean].shape == state[key].shape:
            state[mean] = state[mean] - state.pop(key)
    if f"{names[2]}.weight" not in state:
        hidden = tuple(f"{name}." for name in names[:2])
        state = {key: value for key, value in state.items() if not key.startswith(hidden)}
    return state


def _architecture(name: str) -> Architecture:
    variant = VARIANTS[name]
    return Architecture(
        network=functools.partial(VGG, variant),
        preprocess=Preprocess(interpolation="bilinear", crop_pct=0.875),
        taps=TAPS,
        num_features=variant.widths[-1],
        layouts=layouts(variant),
        classifier=("head.fc.weight", "classifier.6.weight"),
        stem=("stem", "conv0", "kernel"),
        checkpoint=f"timm/{name}.tv_in1k",
        licence="BSD-3-Clause",
    )


ARCHITECTURES = {name: _architecture(name) for name in VARIANTS}
