"""Scores of windows become scores of frames."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vadjax.scoring.aggregate import fill, spread


@given(st.lists(st.booleans(), min_size=1, max_size=30).filter(any), st.integers(0, 99))
def test_fill_takes_the_nearest_known_frame(known, seed):
    known = np.array(known)
    values = np.random.default_rng(seed).normal(size=len(known))
    got = fill(values, known)
    for i in range(len(known)):
        near = min(np.flatnonzero(known), key=lambda j: (abs(i - j), j))
        assert got[i] == np.float32(values[near])


@pytest.mark.parametrize(
    "how, want", [("last", [1, 1, 1, 2]), ("mean", [0, 0.5, 3, 2]), ("max", [0, 1, 5, 2])]
)
def test_spread_by_hand(how, want):
    scores = np.array([[0.0, 0.0, 1.0], [1.0, 5.0, 2.0]])
    rows = np.array([[0, 1, 2], [1, 2, 3]])
    got, predicted = spread(scores, rows, 4, how)
    np.testing.assert_allclose(got, want)
    assert predicted.sum() == (2 if how == "last" else 4)
