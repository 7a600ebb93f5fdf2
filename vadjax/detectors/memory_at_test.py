"""MNAD's published score: PSNR and distance to the memory, both scaled within each test video.

As cvlab-yonsei/MNAD's Evaluate.py has it, and not as anything else here is scored: a frame's score
hangs on the whole video (scaled by its least and largest), and under "updated" on the order of its
frames, as the items go on learning from those that look normal. Here they begin with the trained
ones in each video; there they are carried on from one test video to the next.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from vadjax.data.clip import Clip
from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.window_state import trained_of
from vadjax.evaluation.psnr import psnr_score, regularity_score
from vadjax.models.mnad import updated
from vadjax.scoring.aggregate import spread
from vadjax.scoring.first_frames import scored_windows

# Of the objective: weight of PSNR beside the distance, and the error below which items are updated.
WEIGHT = {"predict": 0.6, "reconstruct": 0.7}
NORMAL = {"predict": 0.01, "reconstruct": 0.015}
SCALED = "scores of each test video are scaled by its own least and largest value (model.at_test)"
LEARNS = "the memory goes on learning from test frames while it scores them (model.at_test)"


def adaptations(at_test: str) -> list[str]:
    """Return how a score hangs on other frames of its test video, in words for audit and pages.

    >>> adaptations("frozen"), len(adaptations("combined")), len(adaptations("updated"))
    ([], 1, 2)
    """
    return [SCALED, LEARNS][: ("frozen", "combined", "updated").index(at_test)]


def score_clips(detector: Any, state: Any, clips: Sequence[Clip]) -> list[ScoredVideo]:
    """Score clips one by one, each frame after the one before it.

    Args:
        detector: a `WindowModel` whose model is mnad.
        state: what its `fit` returned.
        clips: to score, of segments.

    Returns:
        A record for each clip.
    """
    variables, standardizer = trained_of(state)
    config, result = detector.config, []
    cut = {"length": config.window.length, "dilation": config.window.dilation}
    for clip in clips:
        rows = clip.rows("features")
        model = detector.model(rows.shape[1:])
        table = scored_windows([len(rows)], detector.first_frames(model), **cut)
        measure = _measure(model, detector.objective.name, config.model.at_test == "updated")
        standard = standardizer.apply(rows[:])
        error, distance = (np.asarray(x) for x in measure(variables, standard, table.rows))
        scores = combined(error, distance, weight=WEIGHT[detector.objective.name])
        result.append(clip.scored(*spread(scores[:, None], table.rows[:, -1:], len(rows), "last")))
    return result


def combined(error: ArrayLike, distance: ArrayLike, *, weight: float) -> np.ndarray:
    """Put PSNR and distance together, each scaled to 0 .. 1 within the video (equation 13).

    >>> combined([0.01, 0.1, 1.0], [1.0, 3.0, 2.0], weight=0.6).round(2).tolist()
    [0.0, 0.7, 0.8]

    Args:
        error: [t], mean squared error of each frame, of pixels in 0 .. 1.
        distance: [t], of each frame's queries from the memory.
        weight: of PSNR; the distance has the rest.

    Returns:
        float64 [t], higher is more abnormal.
    """
    parts = (regularity_score(x, variant="min_max") for x in (psnr_score(error), distance))
    near, far = parts
    return weight * near + (1 - weight) * far


@functools.lru_cache(maxsize=8)
def _measure(model: Any, task: str, update: bool) -> Callable:
    """Compile the measuring of a video's windows in order of time."""

    def measure(variables: Mapping, rows: jax.Array, windows: jax.Array) -> tuple:
        def step(items: jax.Array, window: jax.Array) -> tuple:
            held = {**variables, "memory": {"items": items}}
            frames = rows[window][None].astype(jnp.float32)
            outputs, _ = model.apply(held, frames, num_outputs=1)
            error = jnp.square(outputs["output"][:, -1] - frames[:, -1]) / 4  # of pixels in 0 .. 1
            if update:
                weight = 1 - jnp.exp(-error)  # the larger an error, the more it counts
                mean = (weight * error).sum() / jnp.maximum(weight.sum(), 1e-12)
                query = outputs["hidden"].reshape(-1, items.shape[1])
                items = jnp.where(mean < NORMAL[task], updated(items, query), items)
            return items, (error.mean(), outputs["compactness"][0, 0])

        return jax.lax.scan(step, jnp.asarray(variables["memory"]["items"]), windows)[1]

    return jax.jit(measure)
