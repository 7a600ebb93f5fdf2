"""Principal components of the embeddings of many clips."""

import numpy as np

from vadjax.detectors.scene.whitening import whitening


def test_components_are_those_of_all_clips_at_once():
    rng = np.random.default_rng(0)
    every = rng.normal(size=(300, 5)) @ rng.normal(size=(5, 5)) + 3
    clips = [every[:100], np.zeros((0, 1)), every[100:]]
    mean, axes = whitening(clips, 3)
    np.testing.assert_allclose(mean, every.mean(0), rtol=1e-5)
    values = (every - mean) @ axes
    np.testing.assert_allclose(np.cov(values.T, bias=True), np.eye(3), atol=0.01)  # _LEAST
    _, sizes, rows = np.linalg.svd(every - every.mean(0), full_matrices=False)
    own = (every - every.mean(0)) @ rows[:3].T / sizes[:3] * np.sqrt(300)
    np.testing.assert_allclose(np.abs(values), np.abs(own), rtol=0.01, atol=1e-3)


def test_of_nothing_there_are_no_components():
    mean, axes = whitening([np.zeros((0, 7))], 3)
    assert mean.shape == (0,) and axes.shape == (0, 0)
