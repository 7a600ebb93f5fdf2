"""Distances against brute force and scikit-learn."""

import numpy as np
import pytest
import scipy.spatial.distance
from sklearn.covariance import LedoitWolf

from vadjax.data.arrays.row_view import RowView
from vadjax.scoring import distances


def mahalanobis(fit, test):
    return distances.mahalanobis(distances.fit_mahalanobis(fit), test)


@pytest.mark.parametrize(("n", "m", "d", "k"), [(40, 30, 6, 5), (3, 7, 4, 5), (1, 2, 3, 1)])
def test_knn_is_the_brute_force_mean_distance(n, m, d, k):
    rng = np.random.default_rng(0)
    fit, test = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    expected = np.sort(scipy.spatial.distance.cdist(test, fit), 1)[:, :k].mean(1)
    found = distances.knn(fit, test, k=k)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_knn_in_chunks(monkeypatch):
    rng = np.random.default_rng(1)
    fit, test = rng.normal(size=(50, 8)), rng.normal(size=(33, 8))
    whole = distances.knn(fit, test)
    monkeypatch.setattr(distances, "_CELLS_AT_ONCE", 400)
    np.testing.assert_allclose(distances.knn(fit, test), whole, rtol=1e-6)


def test_a_fitted_frame_is_at_no_distance_from_itself():
    fit = np.random.default_rng(2).normal(size=(20, 300)) + 100  # far from 0: squares would cancel
    assert distances.knn(fit, fit, k=1).max() == 0


@pytest.mark.parametrize(("n", "d"), [(80, 12), (30, 30), (15, 60)])
def test_mahalanobis_is_that_of_scikit_learn(n, d, monkeypatch):
    rng = np.random.default_rng(3)
    mix = rng.normal(size=(d, d))
    fit, test = rng.normal(size=(n, d)) @ mix + 1, rng.normal(size=(25, d)) @ mix
    expected = np.sqrt(LedoitWolf().fit(fit).mahalanobis(test))
    found = mahalanobis(fit, test)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    monkeypatch.setattr(distances, "_CELLS_AT_ONCE", 50)
    np.testing.assert_allclose(mahalanobis(fit, test), expected, rtol=1e-5)


def test_mahalanobis_in_more_dimensions_than_frames():
    rng = np.random.default_rng(4)
    fit = np.concatenate([rng.normal(size=(15, 60)), np.zeros((15, 4))], 1)  # and constant features
    far = np.concatenate([fit + 0.1, fit + 9])
    scores = mahalanobis(fit, far)
    assert np.isfinite(scores).all()
    assert scores[:15].max() < scores[15:].min()


def test_mahalanobis_of_constant_features_is_finite():
    assert np.isfinite(mahalanobis(np.ones((5, 3)), np.ones((2, 3)))).all()


def test_features_that_do_not_fit():
    fitted = distances.fit_mahalanobis(np.eye(4, 3))
    with pytest.raises(ValueError, match=r"\(2, 5\) should be \[m, 3\]"):
        distances.knn(np.zeros((4, 3)), np.zeros((2, 5)))
    with pytest.raises(ValueError, match=r"\(2, 5\) should be \[m, 3\]"):
        distances.mahalanobis(fitted, np.zeros((2, 5)))
    for fit in (distances.fit_mahalanobis, lambda x: distances.knn(x, np.zeros((2, 3)))):
        with pytest.raises(ValueError, match="n of at least 1"):
            fit(np.zeros((0, 3)))


def test_no_neighbours():
    with pytest.raises(ValueError, match="k 0"):
        distances.knn(np.zeros((4, 3)), np.zeros((2, 3)), k=0)


def test_views_are_measured_in_chunks_as_arrays_are(monkeypatch):
    rng = np.random.default_rng(5)
    fit, test = (rng.normal(size=(n, 6)).astype(np.float32) for n in (90, 31))
    whole = distances.knn(fit, test), mahalanobis(fit, test)
    view = RowView(test)
    np.testing.assert_array_equal(distances.knn(fit, view), whole[0])
    np.testing.assert_array_equal(mahalanobis(fit, view), whole[1])
    for name in ("_CELLS_AT_ONCE", "_FLOAT64_AT_ONCE", "_FITTED_AT_ONCE"):
        monkeypatch.setattr(distances, name, 6 * 7)  # the covariance in 13 blocks
    np.testing.assert_allclose(distances.knn(fit, view), whole[0], rtol=1e-6)
    np.testing.assert_allclose(mahalanobis(RowView(fit), view), whole[1], rtol=1e-6)
    expected = np.sqrt(LedoitWolf().fit(fit).mahalanobis(test))
    np.testing.assert_allclose(mahalanobis(RowView(fit), view), expected, rtol=1e-5)
