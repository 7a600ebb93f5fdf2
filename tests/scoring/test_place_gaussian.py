"""Gaussians of places, against NumPy in float64."""

import numpy as np
import pytest

from vadjax.errors import UserError
from vadjax.scoring import place_gaussian


def rows_of(n, places=5, width=4, seed=0):
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(places, width, width))
    return np.float32(np.einsum("npi,pij->npj", rng.normal(size=(n, places, width)), mixed) + 30)


def batched(rows, size):
    """Yield blocks of one size, place by place; what fills the last one must not count."""
    for start in range(0, len(rows), size):
        own = rows[start : start + size]
        filled = np.concatenate([own, np.full((size - len(own), *rows.shape[1:]), 1e3, np.float32)])
        yield filled.swapaxes(0, 1), len(own)


def test_moments_and_distances_equal_numpy(monkeypatch):
    monkeypatch.setattr(place_gaussian, "_AT_ONCE", 4 * 4**2 * 2)  # two places at once, of five
    rows, test = rows_of(23), rows_of(7, seed=1)
    fitted = place_gaussian.fit(batched(rows, 5))
    np.testing.assert_allclose(fitted["mean"], rows.mean(0), rtol=1e-6)
    away = np.asarray(place_gaussian.distances(fitted["mean"], fitted["white"], test))
    for place in range(5):
        covariance = np.cov(rows[:, place].astype(float), rowvar=False) + 0.01 * np.eye(4)
        gap = test[:, place] - rows[:, place].astype(float).mean(0)
        wanted = np.sqrt(np.einsum("ni,ij,nj->n", gap, np.linalg.inv(covariance), gap))
        np.testing.assert_allclose(away[:, place], wanted, rtol=2e-3)
    again = place_gaussian.fit(batched(rows, 23))
    np.testing.assert_allclose(again["white"], fitted["white"], rtol=1e-3, atol=1e-4)


def test_one_row_has_no_covariance():
    with pytest.raises(UserError, match="got 1 normal rows, and a covariance wants at least 2"):
        place_gaussian.fit(batched(rows_of(1), 4))
    with pytest.raises(UserError, match="got 0 normal rows"):
        place_gaussian.fit([])


def test_numbers_that_are_not_finite_are_refused():
    rows = rows_of(6)
    rows[2, 1, 0] = np.nan
    with pytest.raises(UserError, match="hold NaN or infinity"):
        place_gaussian.fit(batched(rows, 3))


def test_covariances_beyond_the_memory_are_refused(monkeypatch):
    monkeypatch.setattr(place_gaussian, "MOST_BYTES", 4 * 5 * 4**2 - 1)
    with pytest.raises(UserError, match=r"4 numbers at 5 places .* set places\.dims lower"):
        place_gaussian.fit(batched(rows_of(6), 3))
