"""How rare a value is: a mixture of Gaussians over its log-densities at several scales of noise.

This is MULDE (Micorek et al., CVPR 2024). What a network learns is a sample of fixed size, which is
kept with it, so that further clips can join it.
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.detectors.scene.cue import CueState, Lesson
from vadjax.models.log_density import log_density
from vadjax.scoring.mixture import fit_mixture, log_likelihood
from vadjax.training.score_matching import Recipe, fit_log_densities

NUM_POINTS = 8192  # of the sample, some repeatedly where there are fewer
RECIPE = Recipe()
SCALES = tuple(np.geomspace(*RECIPE.noise, 8).tolist())
COMPONENTS = 5  # of the mixture; MULDE has 1, 3 or 5
_BLOCKS = 32, 256  # points that are looked at in one call: most frames have fewer bodies than 32


def evenly(lessons: Sequence[Lesson], mean: np.ndarray, axes: np.ndarray) -> CueState:
    """Take a sample of the vectors of all lessons, evenly spaced, in whitened components.

    Args:
        lessons: vectors [n, d] of each clip; read one after the other.
        mean: float32 [d].
        axes: float32 [d, k].

    Returns:
        points float16 [NUM_POINTS, k]; count, of the vectors that they stand for.
    """
    counts = [len(lesson["vectors"]) for lesson in lessons]
    total = sum(counts)
    wanted = np.linspace(0, total - 1, NUM_POINTS).round().astype(int)
    found, start = [], 0
    for lesson, count in zip(lessons, counts, strict=True):
        own = wanted[(wanted >= start) & (wanted < start + count)] - start
        if len(own):
            found.append(_whitened(lesson["vectors"][own], mean, axes))
        start += count
    return {"points": np.concatenate(found), "count": total}


def joined(sample: CueState, vectors: np.ndarray, mean: np.ndarray, axes: np.ndarray) -> CueState:
    """Let the vectors of one more clip join a sample, each with the same weight.

    Args:
        sample: what `evenly` returned.
        vectors: [n, d] of the clip.
        mean: float32 [d].
        axes: float32 [d, k].

    Returns:
        As `evenly`.
    """
    total = sample["count"] + len(vectors)
    new = round(NUM_POINTS * len(vectors) / total)
    parts = sample["points"], _whitened(vectors, mean, axes)
    taken = [
        part[np.linspace(0, len(part) - 1, number).round().astype(int)]
        for part, number in zip(parts, (NUM_POINTS - new, new), strict=True)
    ]
    return {"points": np.concatenate(taken), "count": total}


def fit_rarities(samples: Sequence[CueState], *, seed: int) -> list[CueState]:
    """Fit the networks of several samples in one program, and a mixture to each.

    Args:
        samples: what `evenly`, `joined` or `place_rarity.of_counts` returned; their points may
            differ in width.
        seed: of all random numbers.

    Returns:
        Each sample with network, mixture, peak (the largest log-likelihood of a point) and seed.
    """
    points = [sample["points"].astype(np.float32) for sample in samples]
    found = []
    for sample, own, network in zip(
        samples, points, fit_log_densities(points, seed=seed, recipe=RECIPE), strict=True
    ):
        values = _log_densities(network, own)
        mixture = fit_mixture(values, components=COMPONENTS, seed=seed)
        peak = float(log_likelihood(mixture, values).max())
        found.append({**sample, "network": network, "mixture": mixture, "peak": peak, "seed": seed})
    return found


def rarity(state: CueState, vectors: np.ndarray) -> np.ndarray:
    """Measure how rare vectors are.

    Args:
        state: what `fit_rarities` returned.
        vectors: float32 [n, k], in whitened components.

    Returns:
        float32 [n], at least 0: at how many deviations from its middle a normal distribution is as
        much below its peak.
    """
    found = log_likelihood(state["mixture"], _log_densities(state["network"], vectors))
    return np.sqrt(2 * np.maximum(state["peak"] - found, 0)).astype(np.float32)


def _whitened(vectors: np.ndarray, mean: np.ndarray, axes: np.ndarray) -> np.ndarray:
    return ((vectors.astype(np.float32) - mean) @ axes).astype(np.float16)


def _log_densities(network: list, vectors: np.ndarray) -> np.ndarray:
    """Return the log-densities of vectors, float64 [n, len(SCALES)]; blocks of two shapes."""
    count = len(vectors)
    size = next((block for block in _BLOCKS if count <= block), _BLOCKS[-1])
    full = np.zeros((-(-count // size) * size, vectors.shape[1]), np.float32)
    full[:count] = vectors
    blocks = [_program()(network, full[k : k + size]) for k in range(0, count, size)]
    found = np.concatenate(blocks) if blocks else np.zeros((0, len(SCALES)))
    return found[:count].astype(np.float64)


@functools.cache
def _program():
    def run(network: list, points: jax.Array) -> jax.Array:
        scales = jnp.asarray(SCALES, jnp.float32)
        return jax.vmap(
            lambda scale: log_density(network, points, jnp.full(len(points), scale)), out_axes=1
        )(scales)

    return jax.jit(run)
