"""How rare a value is: a mixture of Gaussians over its log-densities at several scales of noise.

This is MULDE (Micorek et al., CVPR 2024). What a network learns (`rarity_fit`) is a sample of fixed
size, which is kept with it, so that further clips can join it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.detectors.scene.cue import CueState, Lesson
from vadjax.scoring.mixture import log_likelihood

NUM_POINTS = 8192  # of the sample, some repeatedly where there are fewer
NOISE = 0.1, 2.0  # lowest and highest scale
SCALES = tuple(np.geomspace(*NOISE, 8).tolist())
BLOCK = 1024  # points whose hidden layers are in memory at once


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


def rarity(state: CueState, vectors: np.ndarray) -> np.ndarray:
    """Measure how rare vectors are.

    Args:
        state: what `fit_rarities` returned.
        vectors: float32 [n, k], in whitened components.

    Returns:
        float32 [n], at least 0: at how many deviations from its middle a normal distribution is as
        much below its peak.
    """
    found = log_likelihood(state["mixture"], log_densities(state["network"], vectors))
    return np.sqrt(2 * np.maximum(state["peak"] - found, 0)).astype(np.float32)


def _whitened(vectors: np.ndarray, mean: np.ndarray, axes: np.ndarray) -> np.ndarray:
    return ((vectors.astype(np.float32) - mean) @ axes).astype(np.float16)


def log_densities(network: Sequence[Mapping], vectors: np.ndarray) -> np.ndarray:
    """Return what `models.log_density.log_density` gives at each of `SCALES`, by numpy.

    Args:
        network: kernel and bias of each layer.
        vectors: float32 [n, k].

    Returns:
        float64 [n, len(SCALES)].
    """
    blocks = [_of_block(network, vectors[k : k + BLOCK]) for k in range(0, len(vectors), BLOCK)]
    return np.concatenate(blocks) if blocks else np.zeros((0, len(SCALES)))


def _of_block(network: Sequence[Mapping], vectors: np.ndarray) -> np.ndarray:
    scales = np.array(SCALES)[:, None, None]
    # In float64: a float32 product gives a row other last digits among other rows.
    points = vectors.astype(np.float64) / np.sqrt(1 + scales**2)  # [scales, n, k]
    noise = np.broadcast_to(np.log(scales), (*points.shape[:2], 1))
    x = np.concatenate([points, noise], axis=2).reshape(-1, vectors.shape[1] + 1)
    for layer in network[:-1]:
        x = x @ np.asarray(layer["kernel"], np.float64) + layer["bias"]
        x = x * (0.5 + 0.5 * np.tanh(0.5 * x))  # silu, without an exponential that overflows
    last = np.asarray(network[-1]["kernel"], np.float64)
    return (x @ last + network[-1]["bias"]).reshape(points.shape[:2]).T
