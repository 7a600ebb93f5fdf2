"""The record of a scored video refuses what does not belong together."""

import numpy as np
import pytest

from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError


@pytest.mark.parametrize("name", ["labels", "predicted"])
def test_arrays_of_unequal_lengths_are_refused(name):
    with pytest.raises(UserError, match=f"video 'v': 2 {name} for 3 scores"):
        ScoredVideo("v", np.zeros(3, np.float32), **{name: np.zeros(2)})


def test_scores_that_are_not_finite_are_refused():
    with pytest.raises(UserError, match="video 'v': 2 scores are not finite, the first at frame 1"):
        ScoredVideo("v", np.array([0, np.nan, np.inf], np.float32))
