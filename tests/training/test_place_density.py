"""Fitting a recurrent scanner by place: closed forms of what it has to learn."""

import jax
import numpy as np
import pytest

from vadjax.models.motion_density import LEAST
from vadjax.training.place_density import Recipe, fit_places, place_model

RECIPE = Recipe(units=8, embed=8, lag=2, mean=3, steps=400, batch_size=16, learning_rate=1e-2)


def outputs(variables, windows, recipe=RECIPE, num_motion=1):
    model = place_model(recipe, row_shape=windows.shape[2:], num_motion=num_motion)
    return jax.device_get(model.apply(variables, windows)[0])


def drawn(number=128, seed=0, deviation=1.5):
    """Motion of two places, one about 2, one about -1, whatever the look says; boxes are cells."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(number, 8, 2, 4, 2)).astype(np.float32)
    found[..., :1] = rng.normal(size=(number, 8, 1, 1, 1)) * deviation
    found[..., :2, :1] += 2
    found[..., 2:, :1] -= 1
    return found


def test_mean_and_variance_are_those_of_each_place():
    """Against moments: the box of the left place has cells of both, 2 * 2 / 3 less of 1 / 3."""
    windows = drawn()
    variables = fit_places(windows, num_motion=1, seed=0, recipe=RECIPE)
    found = outputs(variables, drawn(seed=1))
    centre, variance = found["output"][..., 0, :, 0], found["output"][..., 0, :, 1]
    left = 2.0  # its cells 0, 0 (repeated outside) and 1
    right = (2 - 1 - 1) / 3  # cells 1, 2 and 3
    np.testing.assert_allclose(centre.mean((0, 1)), [left, right], atol=0.25)
    np.testing.assert_allclose(variance.mean((0, 1)), 1.5**2, rtol=0.25)
    least = 0.5 * (1 + np.log(1.5**2))  # of a Gaussian of that variance
    assert least - 0.05 < found["nll"].mean() < least + 0.15


def test_no_variance_is_below_the_least():
    windows = drawn(deviation=0.0)
    variables = fit_places(windows, num_motion=1, seed=0, recipe=RECIPE)
    variance = outputs(variables, windows)["output"][..., 1]
    assert variance.min() >= LEAST and variance.mean() < LEAST + 0.2


def test_a_seed_gives_the_same_scanner_and_another_one_another():
    windows, quick = drawn(16), Recipe(units=4, embed=4, lag=2, mean=3, steps=3, batch_size=4)
    one, again, other = (
        jax.tree.leaves(fit_places(windows, num_motion=1, seed=seed, recipe=quick))
        for seed in (0, 0, 1)
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("cell", ["lstm", "gru", "simple_rnn"])
def test_every_recurrence_learns_from_the_look_before(cell):
    """The motion is the look of two rows ago: without the recurrence nothing could say it."""
    rng = np.random.default_rng(0)
    windows = np.zeros((256, 8, 2, 2, 2), np.float32)
    windows[..., 1] = rng.choice([-1.0, 1.0], (256, 8, 1, 1))
    windows[:, 2:, ..., 0] = 3 * windows[:, :-2, ..., 1]
    recipe = Recipe(**{**RECIPE.__dict__, "cell": cell})
    found = outputs(fit_places(windows, num_motion=1, seed=0, recipe=recipe), windows, recipe)
    wanted = windows[:, 2:, :1, :1, 0]
    assert np.abs(found["output"][..., 0] - wanted).mean() < 0.6  # 3 where it knows nothing
