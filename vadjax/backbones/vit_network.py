"""The network of `vit`: patches and prefix tokens through a transformer, at any input size."""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones.layers import ACTIVATIONS, ConvBnAct, LayerScale
from vadjax.backbones.network import Network


@dataclasses.dataclass(frozen=True)
class Variant:
    """What tells one network of the family from another.

    Attributes:
        patch: Side of a patch in pixels.
        width: Channels of a token.
        grid: (rows, columns) of patches for which the checkpoint has positions.
        hidden: Width of the layer between the two of an MLP; 0 is four times `width`.
        registers: Tokens behind the class token that belong to no place (arXiv 2309.16588).
        layer_scale: Each residual branch has a factor per channel.
        norm_first: A layer norm before the first block, and patches without bias (CLIP's).
        embedding: Length of the joint space of images and texts; a last layer of so many
            outputs projects into it and is no classifier. 0 is none.
        pool: What a classifier sees: "token", or "token+mean" of the patches (DINOv2's).
        antialias: Filter positions that are resampled to fewer patches.
    """

    patch: int
    width: int
    heads: int
    depth: int = 12
    grid: tuple[int, int] = (14, 14)
    hidden: int = 0
    act: str = "gelu"
    eps: float = 1e-6
    qkv_bias: bool = True
    registers: int = 0
    layer_scale: bool = False
    norm_first: bool = False
    embedding: int = 0
    pool: str = "token"
    antialias: bool = True


def resize_matrix(size: int, new: int, *, antialias: bool) -> np.ndarray:
    """Return the matrix [new, size] that resamples a row bicubically, as PyTorch does.

    Keys' kernel (1981), with a = -0.75 and the border repeated; under `antialias` with a = -0.5,
    as wide as the reduction asks, and what lies outside left out (as Pillow does).

    Args:
        size: Length of the row.
        new: Its new length.
        antialias: See above.

    Returns:
        float [new, size].
    """
    a, scale = (-0.5, max(size / new, 1)) if antialias else (-0.75, 1)
    centres = (np.arange(new) + 0.5) * size / new - 0.5
    margin = 0 if antialias else 2
    taps = np.arange(-margin, size + margin)
    x = np.abs(taps - centres[:, None]) / scale  # [new, taps]
    near = ((a + 2) * x - (a + 3)) * x**2 + 1
    far = a * (((x - 5) * x + 8) * x - 4)
    weights = np.where(x <= 1, near, np.where(x < 2, far, 0))
    matrix = np.zeros((new, size))
    for tap, column in zip(np.clip(taps, 0, size - 1), weights.T, strict=True):
        matrix[:, tap] += column
    return (matrix / matrix.sum(1, keepdims=True)).astype(np.float32)


class Attention(nn.Module):
    """Every token asks all tokens: softmax(q k' / sqrt(d)) v, in several heads."""

    heads: int
    bias: bool = True

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        b, n, width = x.shape
        qkv = nn.Dense(3 * width, use_bias=self.bias, name="qkv")(x)
        qkv = qkv.reshape(b, n, 3, self.heads, width // self.heads)
        q, k, v = qkv.transpose(2, 0, 3, 1, 4)  # each [b, heads, n, d]
        scores = (q * q.shape[-1] ** -0.5) @ k.mT  # [b, heads, n, n]
        weights = jax.nn.softmax(scores.astype(jnp.float32)).astype(x.dtype)
        x = (weights @ v).swapaxes(1, 2).reshape(b, n, width)
        return nn.Dense(width, name="out")(x)


class Block(nn.Module):
    """Attention, then an MLP, each normalised before and added to what came in."""

    variant: Variant

    @nn.compact
    def __call__(self, x: dict, train: bool = False) -> dict:
        variant = self.variant
        b, h, w, c = x["map"].shape
        tokens = jnp.concatenate([x["prefix"], x["map"].reshape(b, h * w, c)], axis=1)  # [b, n, c]
        y = nn.LayerNorm(variant.eps, name="norm1")(tokens)
        y = Attention(variant.heads, variant.qkv_bias, name="attention")(y)
        tokens = tokens + (LayerScale(name="scale1")(y) if variant.layer_scale else y)
        y = nn.LayerNorm(variant.eps, name="norm2")(tokens)
        y = nn.Dense(variant.hidden or 4 * c, name="expand")(y)
        y = nn.Dense(c, name="project")(ACTIVATIONS[variant.act](y))
        tokens = tokens + (LayerScale(name="scale2")(y) if variant.layer_scale else y)
        prefix = x["prefix"].shape[1]
        return {"prefix": tokens[:, :prefix], "map": tokens[:, prefix:].reshape(b, h, w, c)}


class VisionTransformer(Network):
    """Patches, a stage for each block, layer norm, class token, classifier or projection.

    Attributes:
        variant: Which network of the family.
        num_classes: Outputs of the last layer; 0 is none.
        folded: As every network takes it; without batch norm it changes nothing.
    """

    variant: Variant
    num_classes: int = 1000
    folded: bool = True

    def setup(self):
        variant = self.variant
        self.patches = ConvBnAct(
            variant.width,
            kernel=variant.patch,
            stride=variant.patch,
            padding=0,
            act="",
            norm=False,
            bias=not variant.norm_first,
        )
        normal = nn.initializers.normal(0.02)
        # The class token with its position, and the registers.
        self.prefix = self.param("prefix", normal, (1 + variant.registers, variant.width))
        self.position = self.param("position", normal, (*variant.grid, variant.width))
        if variant.norm_first:
            self.first_norm = nn.LayerNorm(variant.eps)
        self.blocks = [Block(variant) for _ in range(variant.depth)]
        self.norm = nn.LayerNorm(variant.eps)
        if self.num_classes:
            self.last = nn.Dense(self.num_classes)

    def stages(self):
        blocks = {f"stage{i}": block for i, block in enumerate(self.blocks, start=1)}
        return {"stem": self._embed, **blocks, "map": lambda x, train: _each(self.norm, x)}

    def head(self, x: dict) -> dict[str, jax.Array]:
        features = x["prefix"][:, 0]  # [b, d]
        if not self.num_classes:
            return {"features": features}
        if self.num_classes == self.variant.embedding:
            return {"features": features, "embedding": self.last(features)}
        seen = features
        if self.variant.pool == "token+mean":
            seen = jnp.concatenate([features, x["map"].mean((1, 2))], axis=-1)  # [b, 2 * d]
        return {"features": features, "logits": self.last(seen)}

    def _embed(self, x: jax.Array, train: bool) -> dict:
        x = self.patches(x, train)  # [b, h, w, c]
        _, h, w, _ = x.shape
        x = x + self._positions((h, w)).astype(x.dtype)
        prefix = jnp.broadcast_to(self.prefix, (x.shape[0], *self.prefix.shape))
        tokens = {"prefix": prefix.astype(x.dtype), "map": x}
        return _each(self.first_norm, tokens) if self.variant.norm_first else tokens

    def _positions(self, size: tuple[int, int]) -> jax.Array:
        """Return the patches' positions [h, w, c], resampled if the input has another size."""
        positions = self.position
        if size == self.variant.grid:
            return positions
        rows, columns = (
            resize_matrix(old, new, antialias=self.variant.antialias)
            for old, new in zip(self.variant.grid, size, strict=True)
        )
        positions = jnp.tensordot(rows, positions.astype(jnp.float32), 1)  # [h, w', c]
        return jnp.einsum("xw,hwc->hxc", columns, positions)


def _each(layer, x: dict) -> dict:
    return {key: layer(value) for key, value in x.items()}
