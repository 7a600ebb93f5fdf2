"""PatchCore's score of an image, by its equations in float64."""

import numpy as np
import pytest

from vadjax.scoring.nearest_place import Bank, score


def wanted(bank, places, neighbours):
    bank, places = bank.astype(float), places.astype(float)
    table = np.linalg.norm(places[:, None] - bank[None], axis=-1)
    away = table.min(1)
    own = away.argmax()
    nearest = table[own].argmin()
    around = np.argsort(np.linalg.norm(bank - bank[nearest], axis=1), kind="stable")[:neighbours]
    if neighbours == 1:
        return away.max(), away
    weights = np.exp(table[own][around])
    return (1 - np.exp(table[own][nearest]) / weights.sum()) * away.max(), away


@pytest.mark.parametrize("neighbours, num", [(1, 40), (3, 40), (9, 40), (9, 4)])
def test_the_score_is_that_of_the_equations(neighbours, num):
    rng = np.random.default_rng(neighbours)
    bank = np.float32(rng.normal(size=(num, 5)) + 20)
    places = np.float32(rng.normal(size=(12, 5)) * 1.5 + 20)
    found, away = score(Bank.of(bank), places, neighbours=neighbours)
    value, by_place = wanted(bank, places, neighbours)
    np.testing.assert_allclose(away, by_place, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found, value, rtol=1e-5)


def test_a_bank_of_one_place_weights_nothing():
    places = np.float32([[3, 4], [0, 1]])
    found, away = score(Bank.of(np.zeros((1, 2), np.float32)), places, neighbours=9)
    np.testing.assert_allclose(away, [5, 1], rtol=1e-6)
    np.testing.assert_allclose(found, 5, rtol=1e-6)
