"""NanoDet-g in Flax: the network, and the decoding of its outputs into candidates.

RangiLyu/nanodet (Apache-2.0), `config/nanodet-g.yml`: stages of cross-stage-partial blocks, a path
aggregation network without convolutions, a head of two convolutions for each level. Written from
the published graph; batch norm is folded into its weights already.
"""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones.layers import ConvBnAct, edged

STRIDES = (8, 16, 32)
SIZE = (416, 416)  # of the published graph
MULTIPLE = STRIDES[-1]
MEAN = (103.53, 116.28, 123.675)  # blue, green, red, in grey levels
STD = (57.375, 57.12, 58.395)
NUM_CLASSES = 80
_BINS = 11  # of the distribution over the distance to a side: 0 .. 10 strides
_WIDTH = 128  # of the levels between backbone and head


class NanoDet(nn.Module):
    """Images to class logits and distributions of distances; layers are named as the weights."""

    @nn.compact
    def __call__(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Apply the network.

        Args:
            images: [b, h, w, 3] float, blue, green, red, normalised; h and w are multiples of 32.

        Returns:
            Class logits [b, n, 80] and logits of distances [b, n, 4, 11] (left, top, right,
            bottom) at the n places of all levels: each level row by row, the finest first.
        """
        x = self._conv(0, images, 32, stride=2)  # [b, h/2, w/2, 32]
        x = nn.max_pool(
            edged(x, -jnp.inf), window_shape=(3, 3), strides=(2, 2)
        )  # [b, h/4, w/4, 32]
        x = self._block(1, x, 32, pairs=1, stride=1)  # [b, h/4, w/4, 64]
        fine = self._block(5, x, 64, pairs=2)  # [b, h/8, w/8, 128]
        middle = self._block(11, fine, 128, pairs=2)  # [b, h/16, w/16, 256]
        coarse = self._block(17, middle, 256, pairs=3)  # [b, h/32, w/32, 512]
        levels = _aggregate(
            [
                self._conv(number, x, _WIDTH, kernel=1, active=False)
                for number, x in zip((25, 26, 27), (fine, middle, coarse), strict=True)
            ]
        )
        logits, distances = zip(
            *(self._head(28 + 2 * n, level) for n, level in enumerate(levels)), strict=True
        )
        return jnp.concatenate(logits, 1), jnp.concatenate(distances, 1)

    def _conv(
        self,
        number: int,
        x: jax.Array,
        features: int,
        *,
        kernel: int = 3,
        stride: int = 1,
        active: bool = True,
    ) -> jax.Array:
        conv = ConvBnAct(
            features, kernel, stride=stride, norm=False, act="", name=f"conv{number:02d}"
        )
        return nn.leaky_relu(conv(x), 0.1) if active else conv(x)

    def _block(
        self, first: int, x: jax.Array, features: int, *, pairs: int, stride: int = 2
    ) -> jax.Array:
        """A convolution, then pairs of half its width, each pair joined; all beside the first."""
        entry = x = self._conv(first, x, features, stride=stride)
        for number in range(first + 1, first + 1 + 2 * pairs, 2):
            left = self._conv(number, x, features // 2)
            x = jnp.concatenate([self._conv(number + 1, left, features // 2), left], -1)
        x = self._conv(first + 1 + 2 * pairs, x, features)
        return jnp.concatenate([x, entry], -1)  # [b, h', w', 2 * features]

    def _head(self, number: int, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = self._conv(number, x, _WIDTH)
        x = self._conv(number + 1, x, NUM_CLASSES + 4 * _BINS, kernel=1, active=False)
        x = x.reshape(x.shape[0], -1, x.shape[-1])  # [b, h * w, 124]
        return x[..., :NUM_CLASSES], x[..., NUM_CLASSES:].reshape(*x.shape[:2], 4, _BINS)


def _aggregate(levels: Sequence[jax.Array]) -> list[jax.Array]:
    """Add to each level the coarser ones, then to each the finer ones, resized bilinearly."""

    def resized(x: jax.Array, like: jax.Array) -> jax.Array:
        return jax.image.resize(x, like.shape, "bilinear", antialias=False)

    fine, middle, coarse = levels
    middle = middle + resized(coarse, middle)
    fine = fine + resized(middle, fine)
    middle = middle + resized(fine, middle)
    return [fine, middle, coarse + resized(middle, coarse)]


def centres(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of an input: their centres [n, 2] (x, y) in pixels, their strides [n]."""
    points, strides = [], []
    for stride in STRIDES:
        rows, columns = (np.arange(side // stride) for side in size)
        y, x = np.meshgrid(rows, columns, indexing="ij")
        points.append((np.stack([x.ravel(), y.ravel()], -1) + 0.5) * stride)
        strides.append(np.full(x.size, stride))
    return np.concatenate(points).astype(np.float32), np.concatenate(strides).astype(np.float32)


def normalised(images: jax.Array) -> jax.Array:
    """Turn [b, h, w, 3] uint8 RGB images into what the network takes."""
    mean, std = np.asarray(MEAN, np.float32), np.asarray(STD, np.float32)
    return (images[..., ::-1].astype(jnp.float32) - mean) / std


def boxes(distances: jax.Array, size: tuple[int, int]) -> jax.Array:
    """Decode distributions into boxes (Generalized Focal Loss, 2020, equation 4).

    A distance is the expectation of a softmax over 0 .. 10, in units of the level's stride.

    Args:
        distances: [b, n, 4, 11] logits.
        size: (height, width) of the images in pixels.

    Returns:
        [b, n, 4] float32, (x0, y0, x1, y1) in pixels of the image, not clipped.
    """
    points, strides = centres(size)
    sides = nn.softmax(distances) @ np.arange(_BINS, dtype=np.float32)  # [b, n, 4]
    sides = sides * strides[:, None]
    return jnp.concatenate([points - sides[..., :2], points + sides[..., 2:]], -1)


def candidates(variables: dict, images: jax.Array, *, count: int) -> dict[str, jax.Array]:
    """Return the pairs of a place and a class that have the highest scores: pure, for jit.

    Args:
        variables: Of `NanoDet`.
        images: [b, h, w, 3] uint8 RGB; h and w are multiples of 32.
        count: Pairs of an image, k.

    Returns:
        "scores" [b, k] float32 in 0 .. 1, falling; "classes" [b, k] int32; "boxes" [b, k, 4]
        float32 in pixels of the image.
    """
    height, width = images.shape[1:3]
    outputs: Any = NanoDet().apply(variables, normalised(images))
    logits, distances = outputs
    # The best k pairs lie in the k places whose best class is highest, so only these are sorted.
    _, places = jax.lax.top_k(logits.max(-1), min(count, logits.shape[1]))  # [b, p]
    logits = jnp.take_along_axis(logits, places[..., None], 1)  # [b, p, 80]
    scores, pairs = jax.lax.top_k(logits.reshape(len(images), -1), count)  # [b, k]
    found = jnp.take_along_axis(boxes(distances, (height, width)), places[..., None], 1)
    return {
        "scores": nn.sigmoid(scores),
        "classes": pairs % NUM_CLASSES,
        "boxes": jnp.take_along_axis(found, (pairs // NUM_CLASSES)[..., None], 1),
    }
