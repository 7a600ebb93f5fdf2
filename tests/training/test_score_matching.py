"""Denoising score matching against closed forms: the gradients of Gaussians with noise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vadjax.models import log_density
from vadjax.training import score_matching
from vadjax.training.score_matching import Recipe, fit_log_densities

RECIPE = Recipe(units=(48, 48), steps=800, batch_size=256, learning_rate=5e-3)
COVARIANCES = np.array([[[1.5, 0.4], [0.4, 0.6]], [[0.4, 0.0], [0.0, 1.2]]])
MEANS = np.array([[0.5, -0.2], [0.0, 0.4]])


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(0)
    drawn = [rng.multivariate_normal(m, c, 4096) for m, c in zip(MEANS, COVARIANCES, strict=True)]
    return np.stack(drawn).astype(np.float32)


@pytest.fixture(scope="module")
def fitted(points):
    return fit_log_densities(points, seed=0, recipe=RECIPE)


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("member", [0, 1])
def test_the_gradient_is_that_of_the_gaussian_with_the_noise(fitted, member, scale):
    mean, covariance = MEANS[member], COVARIANCES[member] + scale**2 * np.eye(2)
    at = np.random.default_rng(1).multivariate_normal(mean, covariance, 300).astype(np.float32)
    found = log_density.gradient(fitted[member], at, jnp.full(len(at), scale))
    wanted = -(at - mean) @ np.linalg.inv(covariance)
    assert np.sqrt(((found - wanted) ** 2).sum() / (wanted**2).sum()) < 0.15


def test_the_log_density_is_that_of_the_gaussian_but_for_a_constant(fitted, points):
    found = np.asarray(log_density.log_density(fitted[0], points[0], jnp.full(4096, 1.0)))
    away = points[0] - MEANS[0]
    wanted = -0.5 * (away @ np.linalg.inv(COVARIANCES[0] + np.eye(2)) * away).sum(1)
    assert np.std(found - wanted) < 0.05 * np.std(wanted)


def test_several_sets_are_fitted_as_each_by_itself_and_the_same_each_time(points):
    recipe = Recipe(units=(16,), steps=20, batch_size=32)
    both = fit_log_densities(points, seed=3, recipe=recipe)
    for own, found in zip(points, both, strict=True):
        (alone,) = fit_log_densities(own[None], seed=3, recipe=recipe)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), found, alone)
    again = fit_log_densities(points, seed=3, recipe=recipe)
    jax.tree.map(np.testing.assert_array_equal, both, again)
    other = fit_log_densities(points, seed=4, recipe=recipe)
    assert not np.array_equal(both[0][0]["kernel"], other[0][0]["kernel"])


def test_a_narrower_set_beside_a_wider_one_learns_its_own_gaussian(points):
    """What fills its points up has no part: the gradient is that of the closed form."""
    rng = np.random.default_rng(5)
    wide = rng.normal(size=(4096, 7)).astype(np.float32)
    found = fit_log_densities([wide, points[0]], seed=0, recipe=RECIPE)[1]
    assert found[0]["kernel"].shape == (3, 48)
    mean, covariance = MEANS[0], COVARIANCES[0] + np.eye(2)
    at = np.random.default_rng(1).multivariate_normal(mean, covariance, 300).astype(np.float32)
    got = log_density.gradient(found, at, jnp.full(len(at), 1.0))
    wanted = -(at - mean) @ np.linalg.inv(covariance)
    assert np.sqrt(((got - wanted) ** 2).sum() / (wanted**2).sum()) < 0.15


def test_what_fills_narrow_points_up_is_not_learnt(points):
    recipe = Recipe(units=(16,), steps=20, batch_size=32)
    filled = np.zeros((2, 4096, 5), np.float32)
    filled[:, :, :2] = points
    networks = score_matching._program(recipe)(filled, np.array([2, 4]), jax.random.key(0))
    kernel = np.asarray(networks[0]["kernel"])  # [2, 5 and the scale, 16]
    assert not kernel[0, 2:5].any() and not kernel[1, 4].any()
    assert kernel[0, :2].all() and kernel[0, 5].all() and kernel[1, :4].all()


def test_the_loss_is_least_at_the_true_gradient(monkeypatch):
    """Of a standard normal: half of d noise^2-weighted squares remain, in closed form."""
    rng, scale, width = np.random.default_rng(0), 0.5, 3
    points = rng.normal(size=(20_000, width)).astype(np.float32)
    noise = jnp.full(len(points), scale)

    def loss(factor):
        def scaled(params, at, noise):
            return -factor * at / (1 + noise**2)[:, None]

        monkeypatch.setattr(log_density, "gradient", scaled)
        return float(log_density.loss([], points, noise, jax.random.key(0)))

    least = 0.5 * width / (1 + scale**2)  # the variance that the noise keeps, given the point
    assert loss(1.0) == pytest.approx(least, rel=0.02)
    assert loss(0.8) > 1.005 * least and loss(1.2) > 1.005 * least
