"""A mixture that is kept as arrays, against scikit-learn's own score."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from vadjax.scoring.mixture import fit_mixture, log_likelihood


@pytest.mark.parametrize("components", [1, 3])
def test_the_log_likelihood_is_that_of_scikit_learn(components):
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(m, s, (200, 4)) for m, s in ((0, 1), (5, 0.3), (-4, 2))])
    given = rng.normal(0, 4, (50, 4))
    wanted = GaussianMixture(components, reg_covar=1e-4, random_state=7).fit(values)
    found = log_likelihood(fit_mixture(values, components=components, seed=7), given)
    np.testing.assert_allclose(found, wanted.score_samples(given), rtol=1e-9)


def test_no_values_have_no_likelihoods():
    mixture = fit_mixture(np.random.default_rng(0).normal(size=(20, 2)), components=1, seed=0)
    assert log_likelihood(mixture, np.zeros((0, 2))).shape == (0,)
