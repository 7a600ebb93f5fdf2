"""What every backbone is to the rest of vadjax: a network, its variables, its preprocessing."""

import dataclasses
import functools
import math
import operator
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones import converted, truncated
from vadjax.backbones import weights as weights_lib
from vadjax.backbones.identify_checkpoint import identify_checkpoint
from vadjax.backbones.layers import TRANSFORMED
from vadjax.backbones.network import Architecture, Network
from vadjax.backbones.port import port
from vadjax.backbones.preprocess import IMAGENET_MEAN, IMAGENET_STD, Preprocess
from vadjax.errors import UserError, unknown

DTYPES = ("float32", "bfloat16")
PRESETS: dict[str, dict[str, Any]] = {
    "checkpoint": {},
    "rahmani_compat": {
        "size": (224, 224),
        "interpolation": "bilinear",
        "mean": IMAGENET_MEAN,
        "std": IMAGENET_STD,
    },
}


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
            "features" [b, d], "map" [b, h', w', c], "logits" [b, k] where the network has a
            classifier, "embedding" [b, e] where it has a projection (CLIP), "taps"
            {name: [b, h, w, c]}; all float32, except that pixel backbones keep the images' dtype.
        """
        for tap in taps:
            self._check_tap(tap)
        variables, x = self._enter(variables, images)
        return jax.tree.map(_to_float32, self.module.apply(variables, x, taps=tuple(taps)))

    def prepared(self) -> Mapping:
        """Return the variables with what this backend wants computed once for all images.

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
        """Cut the network behind a stage, to explain or differentiate the rest of it alone.

        Returns:
            trunk(variables, images) -> [b, h, w, c], or a dict of arrays of which "map" is that
            (`network.spatial` takes it out), and head(variables, that) -> what `apply` returns,
            without taps. Both are pure.
        """
        self._check_tap(tap)

        def trunk(variables: Mapping, images: jax.Array) -> Any:
            variables, x = self._enter(variables, images)
            return self.module.apply(variables, x, stop=tap)

        def head(variables: Mapping, value: Any) -> dict:
            return jax.tree.map(_to_float32, self.module.apply(variables, value, start=tap))

        return trunk, head

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


def build(
    name: str,
    architecture: Architecture,
    *,
    weights: str,
    size: int | tuple[int, int] | None,
    preprocess: str = "checkpoint",
    fit: str,
    cache_dir: str | None,
    dtype: str,
    folded: bool,
    last_stage: str = "",
) -> Backbone:
    """Build the backbone that `vadjax.backbones.create` describes."""
    if last_stage:
        architecture = truncated.ended(name, architecture, last_stage)
    if dtype not in DTYPES:
        raise unknown("dtype of a backbone", dtype, DTYPES)
    if preprocess not in PRESETS:
        raise unknown("preprocess of a backbone", preprocess, PRESETS)
    preset = PRESETS[preprocess] if architecture.layouts else {}
    if preset and architecture.preprocess.channels:
        raise UserError(f"backbone {name} has a preprocess of its own; leave it at 'checkpoint'")
    prepare = dataclasses.replace(architecture.preprocess, **preset)
    pixels = prepare.size if size is None else _pair(size)
    prepare = dataclasses.replace(prepare, size=pixels, fit=fit)
    check_input(name, architecture, size=pixels, fit=fit)
    check_size = functools.partial(_check_size, name, architecture)
    common: dict[str, Any] = {"preprocess": prepare, "taps": architecture.taps, "dtype": dtype}
    if not architecture.layouts:
        return Backbone(
            name=name,
            module=architecture.network(0, folded),
            variables={},
            num_features=architecture.num_features or math.prod((*prepare.size, prepare.channels)),
            weights_source="none needed",
            weights_sha256="",
            random=False,
            stem=(),
            **common,
        )
    if weights == "random":
        source = "random, seed 0"
        variables, facts = _convert(name, architecture, None, source, folded)
    else:
        found = weights_lib.find(
            name,
            weights=weights,
            cache_dir=cache_dir,
            package=architecture.package,
            checkpoint=architecture.checkpoint,
        )
        source = found.source

        def convert() -> tuple[dict, dict]:
            sha256 = found.sha256()
            state = weights_lib.read(found.path)
            tree, facts = _convert(name, architecture, state, source, folded)
            return tree, {**facts, "sha256": sha256}

        if cache_dir:
            folder = pathlib.Path(cache_dir).expanduser() / "weights" / "converted"
            recipe = {"name": name, "folded": folded, **architecture.settings}
            variables, facts = converted.recall(found, recipe, folder, convert)
        else:
            variables, facts = convert()
    variables = jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), variables)
    return Backbone(
        name=name,
        module=architecture.network(facts["num_classes"], folded),
        variables=variables,
        num_features=architecture.num_features,
        weights_source=source,
        weights_sha256=facts.get("sha256", ""),
        random=weights == "random",
        stem=architecture.stem,
        settings=architecture.settings,
        check_size=check_size,
        **common,
    )


def _pair(size: object) -> tuple[int, int]:
    sides = size if isinstance(size, tuple | list) else (size, size)
    try:
        height, width = map(operator.index, sides)
    except (TypeError, ValueError):
        raise UserError(
            f"input size {size!r} is no whole number of pixels, nor (height, width)"
        ) from None
    return height, width


def check_input(name: str, architecture: Architecture, *, size: tuple[int, int], fit: str) -> None:
    """Refuse what the network cannot take, before weights are looked for.

    Raises:
        UserError: The size is not one of its sizes, or it needs one size for all frames.
    """
    if fit == "native" and (architecture.fixed or not architecture.layouts):
        raise UserError(
            f"backbone {name} needs one size for all frames: fit is 'native'; set "
            "features.fit to stretch, pad or crop"
        )
    _check_size(name, architecture, size)


def _check_size(name: str, architecture: Architecture, size: tuple[int, int]) -> None:
    if not architecture.layouts:
        return
    height, width = size
    own = architecture.preprocess.size
    if architecture.fixed and size != own:
        wanted = f"takes {own[0]} x {own[1]} pixels and no other size"
    elif min(size) < architecture.least:
        wanted = f"takes at least {architecture.least} x {architecture.least} pixels"
    elif height % architecture.multiple or width % architecture.multiple:
        wanted = f"takes multiples of {architecture.multiple} pixels"
    else:
        return
    raise UserError(
        f"input size {height} x {width} (height x width): backbone {name} {wanted}; "
        "set features.height and features.width"
    )


def _convert(
    name: str, architecture: Architecture, state: Mapping | None, source: str, folded: bool
) -> tuple[dict, dict]:
    """Return variables, ported from a checkpoint or random where that is None, and facts."""
    num_classes = 1000
    if state is not None:
        heads = [state[key].shape[0] for key in architecture.classifier if key in state]
        num_classes = heads[0] if heads else 0
    layouts = architecture.layouts  # that of timm, if no layout's marker is there
    layout = next((x for x in layouts if x.marker in (state or {})), layouts[0])
    if layout.folded and not folded:
        raise UserError(
            f"{source}: the batch norms of this checkpoint are folded into its convolutions, "
            "which nothing undoes; give a checkpoint with batch norms, or take folded=True"
        )
    module = architecture.network(num_classes, layout.folded)
    size, channels = architecture.preprocess.size, architecture.preprocess.channels or 3
    image = jax.ShapeDtypeStruct((1, *size, channels), jnp.float32)
    template = _template(module, image)
    if state is None:
        variables = _random(template)
    else:
        prepared = layout.prepare(dict(state))
        try:
            variables = port(
                prepared,
                template,
                layout.rules,
                ignore=architecture.ignore,
                unused=truncated.unused(module, template, image),
                source=source,
            )
        except UserError as error:
            names = identify_checkpoint(state)
            if not names or name in names:
                raise
            raise UserError(
                f"{source} looks like weights of {' or '.join(names)}, not of {name}.\n{error}"
            ) from None
    if folded and not layout.folded:
        with np.errstate(invalid="ignore", over="ignore"):
            variables = architecture.fold(variables, eps=architecture.eps)
    if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(variables)):
        raise UserError(
            f"{source}: folding its batch norms gives NaN or infinity, so a variance in it is "
            "negative or a value too large: the file is damaged; fetch it again"
        )
    return variables, {"num_classes": num_classes}


@functools.lru_cache(maxsize=64)  # tracing takes a second or two
def _template(module: Any, image: jax.ShapeDtypeStruct) -> Mapping:
    """Return the shapes of a network's variables."""
    return jax.eval_shape(module.init, jax.random.key(0), image)


def _random(template: Mapping) -> dict:
    """Fill variables as training would start: He-normal kernels, batch norm an identity.

    By NumPy, because compiling JAX's initialisers takes longer than everything else here.
    """
    random = np.random.default_rng(0)

    def fill(path: tuple, leaf: jax.ShapeDtypeStruct) -> np.ndarray:
        if len(leaf.shape) > 1:
            scale = math.sqrt(2 / math.prod(leaf.shape[:-1]))
            return (scale * random.standard_normal(leaf.shape)).astype(np.float32)
        one = path[-1].key in ("scale", "var")
        return np.full(leaf.shape, float(one), np.float32)

    return jax.tree_util.tree_map_with_path(fill, template)


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
