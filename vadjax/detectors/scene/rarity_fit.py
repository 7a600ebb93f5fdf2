"""Networks and mixtures that say how rare a value is, fitted; `rarity` measures by them."""

from collections.abc import Sequence

import numpy as np

from vadjax.detectors.scene.cue import CueState
from vadjax.detectors.scene.rarity import NOISE, log_densities
from vadjax.scoring.mixture import fit_mixture, log_likelihood
from vadjax.training.score_matching import Recipe, fit_log_densities

RECIPE = Recipe(noise=NOISE)
COMPONENTS = 5  # of the mixture; MULDE has 1, 3 or 5


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
        values = log_densities(network, own)
        mixture = fit_mixture(values, components=COMPONENTS, seed=seed)
        peak = float(log_likelihood(mixture, values).max())
        found.append({**sample, "network": network, "mixture": mixture, "peak": peak, "seed": seed})
    return found
