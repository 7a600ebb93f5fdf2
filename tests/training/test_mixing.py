"""Mixing windows: a hand-made scene, and draws that depend on seed, step and window alone."""

import jax.numpy as jnp
import numpy as np
import pytest

from vadjax.training.mixing import mixed, partners


def scene(rows, mask):
    """A window of two rows of a 1 x 3 grid with one channel, and the mask of the last row."""
    windows = jnp.asarray(rows, jnp.float32).reshape(1, 2, 1, 3, 1)
    return {"windows": windows, "cell_label": jnp.asarray(mask, jnp.float32).reshape(1, 1, 3)}


def test_what_stands_out_more_is_seen_and_its_mask_goes_with_it():
    here = scene([[0, 3, 0], [0, 0, -3]], [0, 0, 1])
    there = scene([[0, -4, 1], [2, 0, 1]], [1, 0, 0])
    both = mixed(here, there, jnp.array([True]))
    np.testing.assert_array_equal(both["windows"].ravel(), [0, -4, 1, 2, 0, -3])
    np.testing.assert_array_equal(both["cell_label"].ravel(), [1, 0, 1])
    alone = mixed(here, there, jnp.array([False]))
    np.testing.assert_array_equal(alone["windows"], here["windows"])
    np.testing.assert_array_equal(alone["cell_label"], here["cell_label"])


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_partners_follow_the_window_and_not_its_place_in_a_batch(rate):
    seed, step = jnp.uint32(5), jnp.int32(7)
    index = jnp.arange(4000)
    which, whether = partners(seed, step, index, count=50, rate=rate)
    turned = partners(seed, step, index[::-1], count=50, rate=rate)
    np.testing.assert_array_equal(which, turned[0][::-1])
    np.testing.assert_array_equal(whether, turned[1][::-1])
    assert float(whether.mean()) == pytest.approx(rate, abs=0.03)
    assert np.bincount(which, minlength=50).min() > 40 and int(which.max()) == 49
    assert (partners(seed, step + 1, index, count=50, rate=rate)[0] != which).mean() > 0.9
