"""Pixel backbones: the resized frame is the map, so that pixel models use the same pipeline."""

import jax

from vadjax.backbones.network import Architecture, Network
from vadjax.backbones.preprocess import Preprocess


class Pixels(Network):
    """The identity, in the images' own dtype."""

    def stages(self):
        return {"map": lambda x, train: x}

    def head(self, x: jax.Array) -> dict[str, jax.Array]:
        return {"features": x.reshape(x.shape[0], -1)}  # [b, h * w * c]


def _architecture(channels: int) -> Architecture:
    preprocess = Preprocess(
        size=(64, 64), interpolation="bilinear", mean=(), std=(), channels=channels
    )
    return Architecture(
        network=lambda num_classes, folded: Pixels(), preprocess=preprocess, taps=("map",)
    )


ARCHITECTURES = {"pixels": _architecture(1), "pixels_rgb": _architecture(3)}
