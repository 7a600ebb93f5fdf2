"""Build a backbone: find its weights, port and fold them, check its input."""

import dataclasses
import functools
import math
import operator
import pathlib
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones import converted, truncated
from vadjax.backbones import weights as weights_lib
from vadjax.backbones.backbone import Backbone
from vadjax.backbones.identify_checkpoint import identify_checkpoint
from vadjax.backbones.network import Architecture
from vadjax.backbones.port import port
from vadjax.backbones.preprocess import IMAGENET_MEAN, IMAGENET_STD
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
    """Build the backbone that `vadjax.backbones.create` describes.

    Args:
        name: Of the backbone, for messages and the cache.
        architecture: How to build and to port it.
        weights: See `create`.
        size: See `create`.
        preprocess: A key of `PRESETS`.
        fit: See `create`.
        cache_dir: See `create`.
        dtype: One of `DTYPES`.
        folded: See `create`.
        last_stage: See `create`.

    Returns:
        The backbone.

    Raises:
        UserError: See `create`.
    """
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
            f"input size {size!r} is neither a whole number of pixels nor (height, width)"
        ) from None
    return height, width


def check_input(name: str, architecture: Architecture, *, size: tuple[int, int], fit: str) -> None:
    """Refuse an input that the network cannot take, before weights are searched.

    Args:
        name: Of the backbone, for messages.
        architecture: Of the backbone.
        size: (height, width) of the input in pixels.
        fit: See `create`.

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
