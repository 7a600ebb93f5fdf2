"""Adversarial training of frame prediction: interrupted, diverging, and in a population."""

import jax
import numpy as np
import pytest

from tests.models import build
from tests.training import tiny
from vadjax.data.splits.windows import window_table
from vadjax.errors import UserError
from vadjax.training.fit import TrainingData, fit

SETTINGS = {"optimizer": "adam", "weight_decay": 0.0, "warmup_epochs": 0, "checkpoint_every": 1}


def video():
    """A bright square that moves over three short clips of 8x8 pixels."""
    clips = []
    for clip, length in enumerate((9, 7, 7)):
        frames = np.full((length, 8, 8, 1), -1, np.float32)
        for i in range(length):
            frames[i, 2 + clip : 4 + clip, i % 6 : i % 6 + 2] = 1
        clips.append(frames)
    train = window_table((9, 7), length=3, stride=1)
    held = window_table((7,), length=3, stride=1, starts=[16])
    return TrainingData(clips, train, held)


def parts():
    goal = build.objective("adversarial")
    return build.model("frame_prediction", task=goal, feature_shape=(8, 8, 1)), goal


def test_adversarial_training_goes_on_to_the_bit_after_an_interruption(tmp_path):
    (model, goal), data, config = parts(), video(), tiny.config(epochs=3, **SETTINGS)
    whole = fit(model, goal, data, config, workdir=tmp_path / "whole")

    def interrupt(row):
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(model, goal, data, config, workdir=tmp_path / "run", report=interrupt)
    again = fit(model, goal, data, config, workdir=tmp_path / "run")
    jax.tree.map(np.testing.assert_array_equal, whole.variables, again.variables)
    assert all(row["discriminator_loss"] > 0 for row in whole.history)
    assert whole.history[-1]["select_loss"] < whole.history[0]["select_loss"]


def test_a_loss_that_diverges_stops_the_training_with_its_step(tmp_path):
    (model, goal), config = parts(), tiny.config(epochs=3, **SETTINGS)
    config.train.learning_rate = 1e30
    with pytest.raises(UserError, match=r"not finite in epoch 1 at step \d+"):
        fit(model, goal, video(), config, workdir=tmp_path)
