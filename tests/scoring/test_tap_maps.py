"""Maps of several stages as one, against loops and SciPy."""

import numpy as np
import pytest
from scipy import ndimage

from vadjax.scoring.tap_maps import SIGMA, Smoother, averaged, joined


def maps_of(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def slow_linear(values, size):
    """Interpolate [h, w] between centres of cells, a pixel at a time; edges go on."""
    found = np.zeros(size)
    for y, x in np.ndindex(size):
        at = []
        for place, there, wanted in zip((y, x), values.shape, size, strict=True):
            centre = min(max((place + 0.5) * there / wanted - 0.5, 0), there - 1)
            low = min(int(centre), there - 2) if there > 1 else 0
            at.append((low, min(low + 1, there - 1), centre - low))
        (y0, y1, dy), (x0, x1, dx) = at
        found[y, x] = (1 - dy) * ((1 - dx) * values[y0, x0] + dx * values[y0, x1])
        found[y, x] += dy * ((1 - dx) * values[y1, x0] + dx * values[y1, x1])
    return found


def test_nearest_places_are_joined():
    fine, coarse = maps_of(2, 6, 8, 3), maps_of(2, 3, 2, 5, seed=1)
    found = np.asarray(joined([fine, coarse], linear=False))
    assert found.shape == (2, 6, 8, 8)
    np.testing.assert_array_equal(found[..., :3], fine)
    for b, y, x in np.ndindex(2, 6, 8):
        np.testing.assert_array_equal(found[b, y, x, 3:], coarse[b, y // 2, x // 4])


@pytest.mark.parametrize("grid", [(3, 4), (6, 8), (1, 3), (5, 7)])
def test_linear_interpolation_equals_a_loop(grid):
    fine, coarse = maps_of(1, 6, 8, 1), maps_of(1, *grid, 2, seed=1)
    found = np.asarray(joined([fine, coarse], linear=True))
    for channel in range(2):
        wanted = slow_linear(coarse[0, ..., channel], (6, 8))
        np.testing.assert_allclose(found[0, ..., 1 + channel], wanted, atol=1e-6)


def test_means_of_nine_places_count_zeros_beyond_the_edge():
    rows = maps_of(2, 4, 5, 3)
    padded = np.pad(rows, ((0, 0), (1, 1), (1, 1), (0, 0)))
    wanted = sum(padded[:, y : y + 4, x : x + 5] for y in range(3) for x in range(3)) / 9
    np.testing.assert_allclose(averaged(rows), wanted, atol=1e-6)


@pytest.mark.parametrize("factor", [4, 8])
def test_a_blurred_map_is_that_of_scipy(factor):
    heat = np.abs(maps_of(1, 6, 9))
    smoother = Smoother.of((6, 9), factor=factor)
    fine = slow_linear(heat[0], (6 * factor, 9 * factor))
    wanted = ndimage.gaussian_filter(fine, SIGMA, mode="mirror", truncate=4.0)
    np.testing.assert_allclose(smoother.fine(heat)[0], wanted, atol=1e-5)
    blocks = wanted.reshape(6, factor, 9, factor).mean((1, 3))
    np.testing.assert_allclose(smoother.coarse(heat)[0], blocks, atol=1e-5)
