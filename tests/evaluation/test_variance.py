"""Populations with known variances: they are found again."""

import numpy as np
import pytest

from vadjax.evaluation.variance import NORMAL, decompose


def population(seed, drawing, video, *, drawings=400, seeds=4):
    """Draw figures whose parts have these standard deviations; videos are those of a drawing."""
    rng = np.random.default_rng(0)
    made = {}
    for n in range(drawings):
        shared = rng.normal(0, drawing) + rng.normal(0, video)
        values = 0.8 + shared + rng.normal(0, seed, seeds)
        half = video * NORMAL / 2
        made[str(n)] = [(float(v), (v - half, v + half)) for v in values]
    return made


@pytest.mark.parametrize("parts", [(0.02, 0.05, 0.03), (0.05, 0.01, 0.02), (0.01, 0.0, 0.04)])
def test_the_parts_are_found_again(parts):
    found = decompose(population(*parts))
    seed, drawing, video = parts
    assert found.seed == pytest.approx(seed**2, rel=0.12)
    assert found.video == pytest.approx(video**2)
    assert found.drawing == pytest.approx(drawing**2, abs=0.15 * sum(x**2 for x in parts))


def test_by_hand_and_what_is_not_known():
    found = decompose({"0": [(0.7, None), (0.9, None)]})
    assert found.seed == pytest.approx(0.02) and (found.video, found.drawing) == (None, None)
    assert decompose({"0": [(0.7, (0.6, 0.8))]}).seed is None
    two = decompose({"0": [(0.7, None), (0.9, None)], "1": [(0.4, None), (0.4, None)]})
    assert two.seed == pytest.approx(0.01)  # the mean of .02 and 0
    assert two.drawing == pytest.approx(0.08 - 0.01 / 2)
