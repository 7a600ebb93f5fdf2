"""Embeddings of crops, against means of a stage that numpy computes."""

import types

import cv2
import jax.numpy as jnp
import numpy as np
import pytest

from vadjax import backbones
from vadjax.errors import UserError
from vadjax.features.scene.looks import Looks

WEIGHTS = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)


class Tiny:
    """Two stages: squares of mixed colours, and those of every fourth pixel."""

    name, taps = "tiny", ("stage1", "stage2")
    preprocess = types.SimpleNamespace(size=(64, 64))

    def prepared(self):
        return {"weights": jnp.asarray(WEIGHTS)}

    def apply(self, variables, crops, *, taps):
        first = (crops.astype(jnp.float32) / 255 @ variables["weights"]) ** 2
        stages = {"stage1": first, "stage2": first[:, ::4, ::4]}
        return {"taps": {name: stages[name] for name in taps}}


def crops(number):
    return np.random.default_rng(number).integers(0, 256, (number, 64, 64, 3), np.uint8)


@pytest.mark.parametrize(("tap", "step"), [("stage1", 1), ("stage2", 4)])
def test_an_embedding_is_the_mean_over_the_tap(tap, step, monkeypatch):
    """Of more crops than go into one call, the last of which is not full."""
    monkeypatch.setattr(Looks, "batches", (4, 3))
    looks, some = Looks(Tiny(), tap), crops(6)
    found = looks(some)
    assert found.dtype == np.float16 and found.shape == (6, looks.width) == (6, 5)
    wanted = ((some.astype(np.float64) / 255 @ WEIGHTS) ** 2)[:, ::step, ::step].mean((1, 2))
    np.testing.assert_allclose(found, wanted, rtol=2e-3)
    np.testing.assert_array_equal(looks(some[4:5]), found[4:5])  # alone or among others
    assert looks(some[:0]).shape == looks.none().shape == (0, 5)


def test_an_unknown_tap_is_refused():
    with pytest.raises(UserError, match="stage2"):
        Looks(Tiny(), "stage_2")


def test_crops_are_resized_where_the_network_takes_another_size():
    class Larger(Tiny):
        preprocess = types.SimpleNamespace(size=(70, 70))

    looks, some = Looks(Larger(), "stage1"), crops(3)
    larger = np.stack([cv2.resize(crop, (70, 70)) for crop in some])
    np.testing.assert_array_equal(looks(some), Looks(Larger(), "stage1")(larger))
    assert np.abs(looks(some).astype(float) - Looks(Tiny(), "stage1")(some)).max() > 0


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("tf_efficientnet_lite0", 64),
        ("vit_small_patch14_dinov2", 70),
        ("vit_base_patch16_clip_224", 64),
        ("vgg16", 64),
    ],
)
def test_every_family_takes_the_size_that_is_chosen_for_crops(name, side):
    assert backbones.size_of_crops(name, 64) == (side, side)
    backbones.check_input(name, size=(side, side), fit="stretch")
