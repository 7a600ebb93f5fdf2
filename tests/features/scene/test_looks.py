"""Embeddings of crops, against the backbone called on them at once."""

import numpy as np
import pytest

from vadjax import backbones
from vadjax.errors import UserError
from vadjax.features.scene import looks as module
from vadjax.features.scene.looks import Looks

TAP = "stage3"


@pytest.fixture(scope="module")
def backbone():
    return backbones.create("mobilenetv2_100", weights="random", size=(64, 64))


def crops(number, *colours):
    return np.random.default_rng(number).integers(0, 256, (number, 64, 64, *colours), np.uint8)


def test_an_embedding_is_the_mean_over_the_tap(backbone, monkeypatch):
    """Of more crops than go into one call, the last of which is not full."""
    monkeypatch.setattr(module, "BATCH", 4)
    looks, some = Looks(backbone, TAP), crops(6, 3)
    found = looks(some)
    assert found.dtype == np.float16 and found.shape == (6, looks.width)
    taps = backbone.apply(backbone.prepared(), some, taps=(TAP,))["taps"]
    np.testing.assert_allclose(found, np.asarray(taps[TAP]).mean((1, 2)), rtol=5e-3, atol=5e-3)
    np.testing.assert_array_equal(looks(some[:1]), found[:1])  # alone or among others
    assert looks(some[:0]).shape == looks.none().shape == (0, looks.width)


def test_an_unknown_tap_is_refused(backbone):
    with pytest.raises(UserError, match="stage3"):
        Looks(backbone, "stage_3")
