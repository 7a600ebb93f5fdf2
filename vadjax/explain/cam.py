"""Class activation maps: which places of a frame raise a score, by one backward pass.

Everything is a pure function of a score and of activations, which are an array [..., h, w, c] or,
where a network passes more between its stages, a dict of arrays of which "map" is that.

Maps are rectified and not normalised. The score of a window is that of its last row, and one
backward pass through time gives every frame of the window its gradient. The gradient is the total
one: where a score is an error, it also flows through the target (whatever
`objective.target_gradient` says for training); otherwise the last row of a predictor, which is only
the target, would have no map.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from vadjax.backbones.network import spatial
from vadjax.errors import unknown
from vadjax.explain.taps import cut

METHODS = ("gradcam++", "gradcam", "hirescam", "input_gradient")
COARSE = 8  # side of a cell of an input gradient's map, in pixels of the image


def combine(activations, gradients, *, method: str = "gradcam++", eps: float = 0.0) -> jax.Array:
    """Turn activations and gradients of a score into a map.

    gradcam: channels weighted by their mean gradient (Selvaraju et al. 2017). gradcam++: by the sum
    of their positive gradients, each times alpha = g^2 / (2 g^2 + g^3 sum(a)) (Chattopadhay et al.
    2018, eq. 19, which takes the exponential of the score for what is explained). hirescam: the
    product in each place (Draelos and Carin 2020). input_gradient: the largest |gradient| of a
    place's channels (Simonyan et al. 2014).

    Args:
        activations: [..., h, w, c] float.
        gradients: as `activations`.
        method: one of `METHODS`.
        eps: added to gradcam++'s denominator. With 0 it is exact however small the gradients are;
            the PyTorch package grad-cam takes 1e-6, which outweighs gradients below 1e-3.

    Returns:
        [..., h, w] float32, at least 0.

    Raises:
        UserError: `method` is none of `METHODS`.
    """
    a, g = activations.astype(jnp.float32), gradients.astype(jnp.float32)
    if method == "gradcam":
        return jax.nn.relu((a * g.mean((-3, -2), keepdims=True)).sum(-1))
    if method == "hirescam":
        return jax.nn.relu((a * g).sum(-1))
    if method == "input_gradient":
        return jnp.abs(g).max(-1)
    if method != "gradcam++":
        raise unknown("explain.method", method, METHODS)
    total = a.sum((-3, -2), keepdims=True)  # [..., 1, 1, c]
    if eps:
        alpha = g**2 / (2 * g**2 + total * g**3 + eps)
    else:
        below = 2 + total * g
        alpha = jnp.where(below == 0, 0, 1 / jnp.where(below == 0, 1, below))
    weights = (alpha * jax.nn.relu(g)).sum((-3, -2), keepdims=True)
    return jax.nn.relu((a * weights).sum(-1))


def explain(score: Callable, activations, *, method: str = "gradcam++", eps: float = 0.0):
    """Explain scores by the activations that they were computed from.

    Args:
        score: activations -> [b]; each of the scores may only depend on its own activations.
        activations: an array [b, ..., h, w, c], or a dict of arrays of which "map" is that.
        method: see `combine`.
        eps: see `combine`.

    Returns:
        (scores [b], maps [b, ..., h, w] float32).
    """
    scores, backward = jax.vjp(score, activations)
    (gradients,) = backward(jnp.ones_like(scores))
    return scores, combine(spatial(activations), spatial(gradients), method=method, eps=eps)


def window_score(model, objective, variables, *, mean=0.0, std=1.0) -> Callable:
    """Return the score of windows as a differentiable function of their rows.

    Args:
        model: what `models.create` returned.
        objective: what `objectives.create` returned; gradients go through its target.
        variables: the model's.
        mean: [c] of the rows' standardisation.
        std: [c] likewise.

    Returns:
        A function: rows [b, t, ...] as the store holds them -> [b], the score of the last row.
    """
    if hasattr(objective, "target_gradient"):
        objective = dataclasses.replace(objective, target_gradient=True)

    def score(rows):
        windows = (rows.astype(jnp.float32) - mean) / std
        outputs, _ = model.apply(variables, windows, num_outputs=1)
        return objective.frame_score(outputs, windows[:, -1:])[:, -1]

    return score


def make_window_fn(backbone, model, objective, *, tap: str, rows: str, method: str) -> Callable:
    """Compile maps of all frames of windows, from frames to score and back.

    Args:
        backbone: what `backbones.create` returned.
        model: what `models.create` returned.
        objective: what `objectives.create` returned.
        tap: stage to explain, see `taps.cut`.
        rows: what the detector reads of the backbone.
        method: see `combine`.

    Returns:
        A function (backbone's variables, model's variables, mean [c], std [c], images
        [b, t, h, w, c]) -> (scores [b], maps [b, t, h', w']).
    """
    truncated, rest = cut(backbone, tap=tap, rows=rows)

    def run(network, variables, mean, std, images):
        b, t = images.shape[:2]
        activations = truncated(network, images.reshape(b * t, *images.shape[2:]))
        activations = jax.tree.map(lambda x: x.reshape(b, t, *x.shape[1:]), activations)
        of_rows = window_score(model, objective, variables, mean=mean, std=std)

        def score(x):
            flat = jax.tree.map(lambda leaf: leaf.reshape(b * t, *leaf.shape[2:]), x)
            rows = rest(network, flat)
            return of_rows(rows.reshape(b, t, *rows.shape[1:]))

        return explain(score, activations, method=method)

    return jax.jit(run)


def make_gradient_fn(model, objective) -> Callable:
    """Compile the first half of the chain rule: from the score to the window's last row.

    Args:
        model: what `models.create` returned.
        objective: what `objectives.create` returned.

    Returns:
        A function (variables, mean [c], std [c], windows [b, t, ...] as the store holds them) ->
        (scores [b], gradients [b, ...] of the last row).
    """

    def run(variables, mean, std, windows):
        score = window_score(model, objective, variables, mean=mean, std=std)
        scores, backward = jax.vjp(score, windows.astype(jnp.float32))
        return scores, backward(jnp.ones_like(scores))[0][:, -1]

    return jax.jit(run)


def make_frame_fn(
    backbone, *, tap: str, rows: str, method: str, start: str = "", micro_batch: int = 1
) -> Callable:
    """Compile the second half: from the gradient of a frame's row to the frame's map.

    By the chain rule this equals differentiating the score itself, but each frame goes through the
    network once instead of once for each window that contains it. Batches are split over the local
    devices, and on CPU over micro-batches, as in extraction.

    Args:
        backbone: what `backbones.create` returned.
        tap: stage to explain, see `taps.cut`.
        rows: what the detector reads of the backbone.
        method: see `combine`.
        start: stage whose outputs are given instead of images, see `taps.cut`.
        micro_batch: frames that a CPU device takes at a time.

    Returns:
        A function (images uint8 [b, ...], gradients [b, ...]) -> maps [b, h, w], which returns
        without waiting; b is a multiple of devices times micro-batch.
    """
    truncated, rest = cut(backbone, tap=tap, rows=rows, start=start)
    micro_batch = micro_batch if jax.default_backend() == "cpu" else 0
    mesh = jax.make_mesh((jax.local_device_count(),), ("data",), axis_types=(AxisType.Auto,))
    split, whole = PartitionSpec("data"), PartitionSpec()
    variables = jax.device_put(backbone.prepared(), NamedSharding(mesh, whole))

    def maps(variables, images, gradients):
        def score(x):
            products = rest(variables, x).astype(jnp.float32) * gradients
            return products.reshape(len(products), -1).sum(-1)

        return coarse(explain(score, truncated(variables, images), method=method)[1], method)

    def share(variables, images, gradients):
        if not micro_batch:
            return maps(variables, images, gradients)
        batches = jax.tree.map(
            lambda x: x.reshape(-1, micro_batch, *x.shape[1:]), (images, gradients)
        )
        results = jax.lax.map(lambda batch: maps(variables, *batch), batches)
        return results.reshape(-1, *results.shape[2:])

    # Unchecked: layers with a custom backward pass do not declare the axes that it varies over.
    specs: dict[str, Any] = {"in_specs": (whole, split, split), "out_specs": split}
    run = jax.jit(jax.shard_map(share, mesh=mesh, check_vma=False, **specs))
    return lambda images, gradients: run(variables, images, gradients)


def coarse(maps: jax.Array, method: str) -> jax.Array:
    """Average the maps of input gradients, which have a value for each pixel, over cells.

    Args:
        maps: [b, h, w] float.
        method: see `combine`; maps of other methods are returned unchanged.

    Returns:
        [b, h', w'] float.
    """
    if method != "input_gradient":
        return maps
    size = [-(-side // COARSE) for side in maps.shape[1:]]
    return jax.image.resize(maps, (len(maps), *size), "linear", antialias=True)
