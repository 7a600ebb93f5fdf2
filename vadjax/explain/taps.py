"""Cut a backbone at a stage, so that only the part after it is differentiated."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from vadjax.backbones.backbone import Backbone
from vadjax.backbones.network import spatial
from vadjax.backbones.registry import HEADS
from vadjax.errors import UserError, unknown

INPUT = "input"  # the tap of input gradients: the image itself


def cut(
    backbone: Backbone, *, tap: str, rows: str = "features", start: str = ""
) -> tuple[Callable, Callable]:
    """Cut a backbone at the stage to explain, up to the rows that a detector reads.

    Args:
        backbone: what `backbones.create` returned.
        tap: one of `taps_before(rows)`, or `INPUT`.
        rows: what the detector reads: a stage, or one of `HEADS` (config features.tap).
        start: a stage at or before `tap` whose outputs [b, h, w, c] the truncated takes instead of
            images.

    Returns:
        truncated(variables, images) -> activations, and rest(variables, activations) -> rows.

    Raises:
        UserError: an unknown tap, or one after the rows.
    """
    if tap == INPUT:
        scale = 255 if backbone.preprocess.mean else 1  # `apply` takes the range 0 .. 1
        taps = () if rows in (*HEADS, "map") else (rows,)

        def before(variables, images):
            return images.astype(jnp.float32) / scale

        def after(variables, images):
            outputs = backbone.apply(variables, images, taps=taps)
            return {**outputs, **outputs["taps"]}[rows]

        return before, after
    if tap not in (choices := taps_before(backbone, rows)):
        raise unknown(f"explain.tap of {backbone.name} for features.tap={rows!r}", tap, choices)
    to_tap, head = backbone.split(tap)

    def truncated(variables, images):
        if start:
            x = images.astype(backbone.dtype)
            return x if start == tap else backbone.module.apply(variables, x, start=start, stop=tap)
        return jax.tree.map(  # `pixels` are integers, which have no gradient
            lambda x: x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(jnp.float32),
            to_tap(variables, images),
        )

    if rows in HEADS:
        return truncated, lambda variables, x: head(variables, x)[rows]
    if rows == tap:
        return truncated, lambda variables, x: spatial(x)

    def between(variables, x):
        return spatial(backbone.module.apply(variables, x, start=tap, stop=rows))

    return truncated, between


def taps_before(backbone: Backbone, rows: str) -> tuple[str, ...]:
    """Return the stages up to the rows that a detector reads.

    Args:
        backbone: what `backbones.create` returned.
        rows: see `cut`.

    Returns:
        Names, in order.
    """
    return backbone.taps if rows in HEADS else backbone.taps[: backbone.taps.index(rows) + 1]


def lightest(backbone: Backbone, tap: str) -> tuple[str, int]:
    """Return the stage up to a tap that has the fewest values a frame.

    From its stored outputs the tap is computed quickly: one stage lies between them as a rule.

    Args:
        backbone: what `backbones.create` returned.
        tap: the last stage that is considered.

    Returns:
        (stage, values a frame); ("", 0) for networks that pass more than a map between stages.
    """
    channels = backbone.preprocess.channels or 3
    image = jax.ShapeDtypeStruct((1, *backbone.preprocess.size, channels), jnp.uint8)
    stages = backbone.taps[: backbone.taps.index(tap) + 1]
    truncated = backbone.split(tap)[0]
    if isinstance(jax.eval_shape(truncated, backbone.variables, image), dict):
        return "", 0
    outputs = jax.eval_shape(
        lambda variables, images: backbone.apply(variables, images, taps=stages)["taps"],
        backbone.variables,
        image,
    )
    sizes = {stage: outputs[stage].size for stage in stages}
    stage = min(sizes, key=sizes.__getitem__)
    return stage, sizes[stage]


def choose_tap(backbone: Backbone, *, tap: str = "", rows: str = "features") -> str:
    """Return the stage to explain: the given one, or the last whose map the rows depend on.

    A vision transformer's features are its class token, which attends to the patches for the last
    time in the last block: after that, the map has no gradient.

    Args:
        backbone: what `backbones.create` returned.
        tap: the stage that was asked for, or "".
        rows: see `cut`.

    Returns:
        The name of a stage.

    Raises:
        UserError: of that stage only the class token reaches the rows.
    """
    if tap:
        if not _reads_places(backbone, tap, rows):
            raise UserError(
                f"explain.tap={tap!r}: the features of {backbone.name} depend on no place of that "
                f"map, only on its class token; choose {choose_tap(backbone, rows=rows)!r} or an "
                "earlier stage."
            )
        return tap
    before = reversed(taps_before(backbone, rows))
    return next(stage for stage in before if _reads_places(backbone, stage, rows))


def _reads_places(backbone: Backbone, tap: str, rows: str) -> bool:
    """Return whether the rows depend on the map at a tap, by tracing alone."""
    truncated, rest = cut(backbone, tap=tap, rows=rows)
    channels = backbone.preprocess.channels or 3
    image = jax.ShapeDtypeStruct((1, *backbone.preprocess.size, channels), jnp.uint8)
    at = jax.eval_shape(truncated, backbone.variables, image)

    def by_map(places, others):
        x = {**others, "map": places} if isinstance(at, dict) else places
        return rest(backbone.variables, x)

    traced = jax.make_jaxpr(by_map)(spatial(at), at if isinstance(at, dict) else {}).jaxpr
    reached = {id(traced.invars[0])}
    for step in traced.eqns:
        if any(id(v) in reached for v in step.invars):
            reached |= {id(v) for v in step.outvars}
    return id(traced.outvars[0]) in reached
