"""A backbone: a network, its variables and its preprocessing."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones.convolution import TRANSFORMED
from vadjax.backbones.network import Network
from vadjax.backbones.preprocess import Preprocess
from vadjax.errors import UserError, unknown


@dataclasses.dataclass(frozen=True, eq=False)
class Backbone:
    """A frozen network with its weights and preprocessing.

    Attributes:
        name: As `vadjax.backbones.create` knows it.
        module: The Linen module.
        variables: {"params": ...}, and "batch_stats" where batch norm is not folded.
        preprocess: Frame -> input image.
        taps: Names of the stages that `apply(taps=...)` and `split` know, in order; the last is
            "map".
        num_features: Length of the pooled feature vector.
        weights_source: Where the weights came from, for people.
        weights_sha256: Of the weights file; "" where there is none.
        random: True if the weights are random: no result of such a backbone means anything.
        stem: Path of the first convolution's kernel in the parameters; () where there is none.
        dtype: Of the computation.
        check_size: (height, width) -> None; raises UserError for inputs that the network cannot
            take.
        settings: What else than name and weights determines the outputs.
    """

    name: str
    module: Network
    variables: Mapping
    preprocess: Preprocess
    taps: tuple[str, ...]
    num_features: int
    weights_source: str
    weights_sha256: str
    random: bool
    stem: tuple[str, ...]
    dtype: str
    settings: Mapping = dataclasses.field(default_factory=dict)
    check_size: Callable[[tuple[int, int]], None] = lambda size: None

    def __call__(self, images: jax.Array, *, taps: Sequence[str] = ()) -> dict:
        """Apply the backbone to images with its own variables."""
        return self.apply(self.variables, images, taps=taps)

    def apply(self, variables: Mapping, images: jax.Array, *, taps: Sequence[str] = ()) -> dict:
        """Apply the backbone: pure, for jit, vmap and shard_map.

        Args:
            variables: As `self.variables`.
            images: What `preprocess` returns, stacked: [b, h, w, 3], [b, h, w, 1] or [b, h, w],
                uint8, or float in 0 .. 1. Mean and standard deviation are applied here.
            taps: Stages whose outputs are wanted too.

        Returns:
            "features" [b, d], "map" [b, h', w', c], "logits" and "probabilities" [b, k] where the
            network has a classifier, "embedding" [b, e] where it has a projection (CLIP), "taps"
            {name: [b, h, w, c]}; all float32, except that pixel backbones keep the images' dtype.
        """
        for tap in taps:
            self._check_tap(tap)
        variables, x = self._enter(variables, images)
        return jax.tree.map(_to_float32, self.module.apply(variables, x, taps=tuple(taps)))

    def prepared(self) -> Mapping:
        """Return the variables with kernels that this backend transforms once for all images.

        `apply` and `split` take them as they take `self.variables`, at any input size.
        """
        if not self.variables:
            return self.variables
        image = jnp.zeros((1, *self.preprocess.size, self.preprocess.channels or 3), jnp.uint8)

        @jax.jit  # the network itself is dead code here, and removed
        def transform(variables: Mapping, image: jax.Array) -> dict:
            variables, x = self._enter(variables, image)
            return dict(self.module.apply(variables, x, mutable=[TRANSFORMED])[1])

        return {**self.variables, **transform(self.variables, image)}

    def split(self, tap: str) -> tuple[Callable, Callable]:
        """Cut the network after a stage, to explain or differentiate only the rest of it.

        Args:
            tap: The stage, one of `taps`.

        Returns:
            truncated(variables, images) -> [b, h, w, c], or a dict of arrays of which "map" is that
            (`network.spatial` takes it out), and head(variables, that) -> what `apply` returns,
            without taps. Both are pure.
        """
        self._check_tap(tap)

        def truncated(variables: Mapping, images: jax.Array) -> Any:
            variables, x = self._enter(variables, images)
            return self.module.apply(variables, x, stop=tap)

        def head(variables: Mapping, value: Any) -> dict:
            return jax.tree.map(_to_float32, self.module.apply(variables, value, start=tap))

        return truncated, head

    @property
    def num_classes(self) -> int:
        """Classes of the classifier; 0 where the weights have none."""
        channels = self.preprocess.channels or 3
        image = jax.ShapeDtypeStruct((1, *self.preprocess.size, channels), jnp.uint8)
        outputs = jax.eval_shape(self.apply, self.variables, image)
        return outputs["logits"].shape[-1] if "logits" in outputs else 0

    def map_shape(self, size: int | tuple[int, int] | None = None) -> tuple[int, int, int]:
        """Return (h, w, c) of the last map for an input size; None is the preprocessing's."""
        height, width = (size, size) if isinstance(size, int) else size or self.preprocess.size
        channels = self.preprocess.channels or 3
        image = jax.ShapeDtypeStruct((1, height, width, channels), jnp.uint8)
        return jax.eval_shape(self.apply, self.variables, image)["map"].shape[1:]

    def spec(self) -> dict:
        """Describe what determines this backbone's outputs, for a fingerprint."""
        return {
            "name": self.name,
            "weights_sha256": self.weights_sha256,
            "random": self.random,
            "dtype": self.dtype,
            "preprocess": self.preprocess.spec(),
            **({"settings": dict(self.settings)} if self.settings else {}),
        }

    def _check_tap(self, tap: str) -> None:
        if tap not in self.taps:
            raise unknown(f"tap of backbone {self.name}", tap, self.taps)

    def _check_images(self, x: jax.Array) -> None:
        fine = x.ndim == 4 and x.shape[0] and x.shape[-1] in (1, 3)
        if not fine or not (x.dtype == jnp.uint8 or jnp.issubdtype(x.dtype, jnp.floating)):
            raise UserError(
                f"images are {x.dtype} {list(x.shape)}; backbone {self.name} wants [b, h, w, 3], "
                "[b, h, w, 1] or [b, h, w], uint8, or float in 0 .. 1, and at least one"
            )
        self.check_size((x.shape[1], x.shape[2]))

    def _enter(self, variables: Mapping, images: jax.Array) -> tuple[Mapping, jax.Array]:
        """Normalise images; for grey ones, fold the repetition of channels into the stem."""
        x = images[..., None] if images.ndim == 3 else images  # [b, h, w, c]
        if not self.preprocess.mean:
            return variables, x
        self._check_images(x)
        scale = 255 if x.dtype == jnp.uint8 else 1
        x = x.astype(jnp.float32) / scale
        mean, std = (np.asarray(v, np.float32) for v in (self.preprocess.mean, self.preprocess.std))
        if x.shape[-1] == 1 and len(mean) > 1 and _holds(variables["params"], self.stem):
            if np.ptp(mean) == np.ptp(std) == 0:
                x, fold = (x - mean[0]) / std[0], lambda k: k.sum(2, keepdims=True)
            else:
                # conv((x - m) / s, k) is a convolution of (x, 1), exact at padded borders too.
                x, fold = jnp.concatenate([x, jnp.ones_like(x)], -1), _fold_grey(mean, std)
            variables = _replace(variables, ("params", *self.stem), fold)
        else:  # grey frames are repeated by broadcasting
            x = (x - mean) / std
        return variables, x.astype(self.dtype)


def _to_float32(x: jax.Array) -> jax.Array:
    return x.astype(jnp.float32) if x.dtype == jnp.bfloat16 else x


def _fold_grey(mean: np.ndarray, std: np.ndarray) -> Callable:
    def fold(kernel: jax.Array) -> jax.Array:
        kernel = kernel / std[:, None]
        return jnp.stack([kernel.sum(2), -(kernel * mean[:, None]).sum(2)], axis=2)

    return fold


def _holds(tree: Mapping, path: tuple[str, ...]) -> bool:
    for key in path:
        if not isinstance(tree, Mapping) or key not in tree:
            return False
        tree = tree[key]
    return bool(path)


def _replace(tree: Mapping, path: tuple[str, ...], change: Callable) -> dict:
    """Copy nested dicts with one leaf changed."""
    if not path:
        return change(tree)
    return {**tree, path[0]: _replace(tree[path[0]], path[1:], change)}
