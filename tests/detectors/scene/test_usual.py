"""The largest usual value at each place, against quantiles of the raw values."""

import numpy as np

from vadjax.detectors.scene import usual as module
from vadjax.detectors.scene.usual import BINS, Counting, Counts, usual

STEP = (1e2 / 1e-2) ** (1 / (BINS - 1))  # from one bin to the next


def counted(values):
    counts = Counts(values.shape[1:])
    for each in values:
        counts.add(each)
    return counts.counts


def test_the_quantile_of_counts_is_that_of_the_values_to_a_bin(monkeypatch):
    """Every place by itself: without the places around, smoothing and floor."""
    monkeypatch.setattr(module, "_AROUND", (1, 1))
    monkeypatch.setattr(module, "_FLOOR", 0.0)
    monkeypatch.setattr(module.cv2, "GaussianBlur", lambda values, *_: values)
    rng = np.random.default_rng(0)
    scale = np.linspace(0.3, 4, 6).reshape(2, 3)
    values = scale * rng.lognormal(size=(5000, 2, 3))
    for quantile in (0.5, 0.9, 0.999):
        monkeypatch.setattr(module, "QUANTILE", quantile)
        found = usual(counted(values))
        wanted = np.quantile(values, quantile, axis=0, method="inverted_cdf")
        assert (found >= wanted * 0.9999).all() and (found <= wanted * STEP * 1.0001).all()


def test_counts_of_clips_add_up():
    values = np.random.default_rng(1).lognormal(size=(40, 2, 3))
    both = counted(values[:10]) + counted(values[10:])
    np.testing.assert_array_equal(both, counted(values))
    assert both.sum() == values.size and (both.sum(0) == 40).all()


def test_values_beyond_the_scale_are_counted_at_its_ends():
    counts = counted(np.array([[[0.0]], [[1e-5]], [[1e9]]]))
    assert counts[0, 0, 0] == 2 and counts[-1, 0, 0] == 1


def test_a_place_shares_the_values_of_those_around_it_and_has_at_least_half_of_the_largest():
    values = np.zeros((100, 20, 30))
    values[:, 10, 15] = 2.0
    found = usual(counted(values))
    assert found[10, 15] > 0.5 * 2.0 and found[10, 15] <= 2.0 * STEP
    assert found[10, 17] > found[10, 22] and (found >= 0.5 * found.max() - 1e-6).all()
    assert found.dtype == np.float32


def test_where_nothing_was_seen_it_is_above_zero():
    assert (usual(counted(np.zeros((10, 3, 4)))) > 0).all()
    assert (usual(np.zeros((BINS, 3, 4), np.int32)) > 0).all()


def test_a_clip_is_counted_by_a_measure():
    counting = Counting((2, 3), lambda frame: frame)
    frames = np.random.default_rng(2).lognormal(size=(7, 2, 3))
    for frame in frames:
        counting.update(frame)
    np.testing.assert_array_equal(counting.lesson()["counts"], counted(frames))
