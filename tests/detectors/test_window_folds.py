"""Trainings of a cross-fit side by side against the same trainings one after another."""

import jax
import numpy as np
import pytest

from tests.detectors.test_detectors import World, config, video
from vadjax.detectors.window_folds import fit_folds


@pytest.mark.parametrize("batches", ["windows", "runs"])
def test_each_training_is_that_of_its_clips_alone(tmp_path, batches):
    world = World(tmp_path, config(train__epochs=2, train__batches=batches))
    detector = world.run.make_detector("window_model")
    clips = [world.clip(video(f"train/{n}", n)) for n in range(4)]
    pairs = [(clips[:2], clips[2:3]), (clips[1:], clips[:1])]
    states = fit_folds(detector, pairs, seed=0, progress=world.progress)
    for index, (pair, state) in enumerate(zip(pairs, states, strict=True)):
        world.progress.name = f"alone{index}"
        alone = detector.fit(*pair, seed=0, progress=world.progress)
        np.testing.assert_allclose(state["mean"], alone["mean"], rtol=1e-6)
        assert state.pop("fitted_on") == alone.pop("fitted_on") != {}
        for one, other in zip(*map(jax.tree.leaves, (state, alone)), strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5)
    held = world.clip(video("test/7", 7))
    first, second = (detector.score(state, held).scores for state in states)
    assert (first != second).any()


def test_no_training_goes_beyond_the_epochs_that_are_given(tmp_path):
    world = World(tmp_path, config(train__epochs=3, train__learning_rate=1e-2))
    detector = world.run.make_detector("window_model")
    clips = [world.clip(video(f"train/{n}", n)) for n in range(3)]
    pairs = [(clips[:2], clips[2:])]
    (state,) = fit_folds(detector, pairs, seed=0, progress=world.progress, epochs=1)
    (whole,) = fit_folds(detector, pairs, seed=0, progress=world.progress)
    world.config.train.epochs = 1
    alone = detector.fit(*pairs[0], seed=0, progress=world.progress)
    leaves = [jax.tree.leaves(each["variables"]) for each in (state, alone, whole)]
    for one, other, longer in zip(*leaves, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5)
        assert np.abs(one - longer).max() > 1e-3
