"""Causal smoothing against loops, and that no later frame counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vadjax.scoring.smoothing import causal_ema, causal_median

VIDEOS = hnp.arrays(np.float64, st.integers(0, 30), elements=st.floats(-100, 100))
FILTERS = {
    "ema": lambda s: causal_ema(s, alpha=0.3),
    "median": lambda s: causal_median(s, length=5),
}


@given(VIDEOS)
def test_equal_to_loops(scores):
    average, state = [], None
    for value in scores:
        state = value if state is None else 0.3 * value + 0.7 * state
        average.append(state)
    medians = [np.median(scores[max(0, t - 4) : t + 1]) for t in range(len(scores))]
    np.testing.assert_allclose(FILTERS["ema"](scores), average, atol=1e-4)
    np.testing.assert_allclose(FILTERS["median"](scores), medians, atol=1e-4)


@pytest.mark.parametrize("name", FILTERS)
@given(scores=VIDEOS, cut=st.integers(0, 30))
def test_the_future_does_not_count(name, scores, cut):
    np.testing.assert_array_equal(FILTERS[name](scores)[:cut], FILTERS[name](scores[:cut]))


def test_the_neutral_settings_change_nothing():
    scores = np.random.default_rng(0).random(9, np.float32)
    np.testing.assert_array_equal(causal_ema(scores, alpha=1), scores)
    np.testing.assert_array_equal(causal_median(scores, length=1), scores)


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match=r"alpha 0 should be in \(0, 1\]"):
        causal_ema(np.zeros(3), alpha=0)
    with pytest.raises(ValueError, match="length 0"):
        causal_median(np.zeros(3), length=0)
    with pytest.raises(ValueError, match="those of one video"):
        causal_ema(np.zeros((2, 3)), alpha=0.5)
