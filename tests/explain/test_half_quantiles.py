"""Quantiles by counting against NumPy's of all values at once."""

import numpy as np
import pytest

from vadjax.explain.half_quantiles import half_quantiles


@pytest.mark.parametrize("count", [1, 2, 3, 50, 12_345])
@pytest.mark.parametrize("ties", [False, True])
def test_they_are_numpys_to_the_bit(count, ties, monkeypatch):
    monkeypatch.setattr("vadjax.data.arrays.row_view.BLOCK_BYTES", 100)
    values = np.random.default_rng(count).normal(size=(count, 3)).astype(np.float16)
    values = values.round(1) if ties else values
    shares = (0, 0.1, 0.5, 0.9, 0.999, 1)
    whole = values.astype(np.float32).ravel()
    parts = [values[: count // 3], values[count // 3 :]]
    assert half_quantiles(parts, shares) == np.quantile(whole, shares).tolist()
