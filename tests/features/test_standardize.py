"""Standardising: against NumPy in float64, chunk by chunk."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.errors import UserError
from vadjax.features.standardize import Standardizer


@settings(deadline=None, max_examples=30, derandomize=True)
@given(
    cuts=st.lists(st.integers(0, 50), min_size=0, max_size=3),
    offset=st.sampled_from([0.0, 3.0, 1e4]),
    chunk_bytes=st.integers(1, 1500),
)
def test_statistics_equal_numpy_whatever_the_chunks(cuts, offset, chunk_bytes):
    rows = np.random.default_rng(0).normal(offset, 2.0, (50, 3)).astype(np.float32)
    clips = np.split(rows, sorted(cuts))
    fitted = Standardizer.fit(clips, chunk_bytes=chunk_bytes)
    exact = rows.astype(np.float64)
    np.testing.assert_allclose(fitted.mean, exact.mean(0), rtol=1e-6)
    np.testing.assert_allclose(fitted.std, exact.std(0), rtol=1e-5)
    once = fitted.apply(rows)
    assert once.dtype == np.float32
    np.testing.assert_allclose(once.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(once.std(0), 1, atol=1e-3)


def test_maps_are_standardised_by_channel():
    maps = np.random.default_rng(1).normal(size=(20, 4, 5, 2)).astype(np.float16)
    maps[..., 1] *= 7
    fitted = Standardizer.fit([maps[:12], maps[12:]])
    assert fitted.mean.shape == fitted.std.shape == (2,)
    np.testing.assert_allclose(fitted.std, maps.astype(np.float64).std((0, 1, 2)), rtol=1e-5)
    assert fitted.apply(maps).shape == maps.shape and fitted.apply(maps).dtype == np.float32


def test_a_feature_that_hardly_varies_cannot_drown_the_others():
    rows = np.zeros((9, 4), np.float32)
    rows[:, 0], rows[:, 1], rows[:, 2] = 0.1, np.arange(9), 2 * np.arange(9)
    rows[0, 3] = 1e-3
    fitted = Standardizer.fit([rows])
    deviation = np.arange(9).std()
    np.testing.assert_allclose(fitted.std[[1, 2]], [deviation, 2 * deviation], rtol=1e-6)
    np.testing.assert_allclose(
        fitted.std[[0, 3]], 0.1 * deviation, rtol=1e-6
    )  # a tenth of the median
    np.testing.assert_array_equal(fitted.apply(rows)[:, 0], 0)


def test_features_that_are_all_constant_are_only_centred():
    fitted = Standardizer.fit([np.full((9, 2), 0.1, np.float32)])
    np.testing.assert_array_equal(fitted.std, 1)


def test_it_survives_json():
    rows = np.random.default_rng(2).normal(size=(9, 2)).astype(np.float32)
    fitted = Standardizer.fit([rows])
    again = Standardizer.from_dict(json.loads(json.dumps(fitted.to_dict())))
    np.testing.assert_array_equal(fitted.apply(rows), again.apply(rows))


def test_what_cannot_be_fitted():
    rows = np.zeros((9, 2), np.float32)
    broken = rows.copy()
    broken[[1, 4], 0] = np.nan, np.inf
    with pytest.raises(UserError, match="2 of 18 feature rows hold NaN or infinity"):
        Standardizer.fit([rows, broken])
    for clips in ([], [rows[:0]]):
        with pytest.raises(UserError, match="no feature row"):
            Standardizer.fit(clips)
    with pytest.raises(ValueError, match="3 channels"):
        Standardizer.fit([rows]).apply(np.zeros((4, 3)))


def test_maps_are_standardised_by_place():
    rng = np.random.default_rng(2)
    maps = rng.normal(size=(30, 2, 3, 2)) * rng.uniform(0.5, 3, (2, 3, 2))
    maps[:, 0, 0] = 4.0  # never changes
    fitted = Standardizer.fit([maps[:11], maps[11:]], by_place=True, chunk_bytes=900)
    np.testing.assert_allclose(fitted.mean, maps.mean(0), rtol=1e-5)
    wanted = np.sqrt(maps.var(0) + 0.3**2 * maps.var((0, 1, 2)))
    np.testing.assert_allclose(fitted.std, wanted, rtol=1e-5)
    again = Standardizer.from_dict(json.loads(json.dumps(fitted.to_dict())))
    np.testing.assert_array_equal(again.apply(maps), fitted.apply(maps))
    np.testing.assert_allclose(fitted.apply(maps)[:, 0, 0], 0, atol=1e-6)
