"""Conversions to half precision and back equal NumPy's, bit for bit."""

import numpy as np
import pytest

from vadjax.data.arrays import half

HALVES = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)
WITH = np.isfinite(HALVES)
FINITE = np.sort(HALVES[WITH])
MIDDLES = ((FINITE[:-1].astype(np.float64) + FINITE[1:]) / 2).astype(np.float32)
ANY = np.random.default_rng(0).integers(0, 1 << 32, 200_000, np.uint32).view(np.float32)


@pytest.mark.filterwarnings("ignore:(overflow|invalid value)")
@pytest.mark.parametrize("opencv", [True, False])
@pytest.mark.parametrize(
    "values",
    [HALVES, MIDDLES, np.nextafter(MIDDLES, np.float32(9e9)), np.nextafter(MIDDLES, -9e9), ANY],
    ids=["halves", "middles", "above", "below", "any"],
)
def test_values_are_rounded_as_numpy_rounds_them(values, opencv, monkeypatch):
    if not opencv:
        monkeypatch.setattr(half, "_opencv_converts", lambda: False)
    values = values.astype(np.float32)[: len(values) // 5 * 5].reshape(5, -1, 1)
    wanted, found = values.astype(np.float16), np.ones(values.shape, np.float16)
    half.to_half(values, found)
    same = (found.view(np.uint16) == wanted.view(np.uint16)) | (np.isnan(wanted) & np.isnan(found))
    assert same.all()


def test_parts_of_an_array_are_written_and_no_more():
    out = np.zeros((6, 4), np.float16)
    half.to_half(np.full((3, 4), 1.5, np.float32), out[2:5])
    assert (out[2:5] == 1.5).all() and not out[[0, 1, 5]].any()
    half.to_half(np.zeros((0, 4), np.float32), out[:0])
    transposed = np.arange(12, dtype=np.float32).reshape(4, 3).T
    half.to_half(transposed, out[:3])
    np.testing.assert_array_equal(out[:3], transposed)


@pytest.mark.filterwarnings("ignore:(overflow|invalid value)")
@pytest.mark.parametrize("opencv", [True, False])
def test_every_half_becomes_the_float_that_it_is(opencv, monkeypatch):
    if not opencv:
        monkeypatch.setattr(half, "_opencv_converts", lambda: False)
    values = np.arange(1 << 16, dtype=np.uint16).view(np.float16).reshape(64, 2, -1)
    found = half.to_single(values)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, values.astype(np.float32))
    np.testing.assert_array_equal(half.to_single(values[:, 1].T), values[:, 1].T.astype(np.float32))
    assert half.to_single(values[:0]).shape == (0, 2, 512)
