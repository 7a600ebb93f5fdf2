"""Nearest neighbours of places, against a slow loop."""

import numpy as np
import pytest

from tests.detectors.test_feature_distance import clip, rows_of
from vadjax import config as configs
from vadjax import detectors
from vadjax.detectors import place_distance
from vadjax.detectors.place_distance import smoothed
from vadjax.errors import UserError


def config():
    made = configs.default_config()
    made.features.tap, made.evaluate.knn = "map", 2
    return made


def slow_mean(rows):
    """The mean over the neighbours that there are, a place at a time."""
    found = np.zeros(rows.shape)
    for t, y, x in np.ndindex(rows.shape[:3]):
        near = rows[t, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        found[t, y, x] = near.reshape(-1, rows.shape[3]).astype(float).mean(0)
    return found


def test_smoothing_averages_the_neighbours_that_there_are():
    rows = rows_of(2, 4, 5, 3)
    np.testing.assert_allclose(smoothed(rows), slow_mean(rows), atol=1e-6)
    halves = rows.astype(np.float16)
    np.testing.assert_allclose(smoothed(halves), slow_mean(halves), atol=1e-6)


def test_map_and_score_equal_a_slow_loop(monkeypatch):
    train, test = rows_of(6, 4, 5, 3), rows_of(3, 4, 5, 3, seed=1)
    labels = np.array([0, 1, 0, 0, 1, 0], np.uint8)  # abnormal images are not kept
    monkeypatch.setattr(place_distance, "MAX_PLACES", 40)
    detector = detectors.create("knn_places", config())
    state = detector.fit([clip(train, labels)], (), seed=0, progress=None)
    good = slow_mean(train[labels == 0])
    mean, std = good.mean((0, 1, 2)), good.std((0, 1, 2))
    bank = ((good - mean) / std).reshape(-1, 3)[::2]  # 80 places, every second one
    np.testing.assert_allclose(state["bank"], bank, atol=1e-5)
    assert detector.describe(state) == {"normal_places": 80, "normal_places_kept": 40}
    scored = detector.score(state, clip(test))
    places = (slow_mean(test) - mean) / std
    for at in np.ndindex(test.shape[:3]):
        away = np.sort(np.linalg.norm(bank - places[at], axis=1))[:2].mean()
        assert scored.maps[at] == pytest.approx(away, rel=1e-4)
    np.testing.assert_array_equal(scored.scores, scored.maps.max((1, 2)))


def test_pooled_features_are_refused():
    made = config()
    made.detector.name, made.features.tap = "knn_places", "features"
    with pytest.raises(UserError, match=r"knn_places.* reads maps: set features\.tap=map"):
        configs.validate(made)
