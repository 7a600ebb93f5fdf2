"""Whole networks against timm's outputs, committed by tools/make_goldens.py: no torch here."""

import json
import pathlib

import jax
import numpy as np
import pytest
from safetensors.numpy import save_file

from tools.make_goldens_backbones import (
    NAMES,
    SIZE,
    kept_places,
    random_images,
    random_state,
)
from vadjax import backbones

GOLDEN = pathlib.Path(__file__).parent.parent / "golden"


def golden_shapes(name):
    return json.loads(bytes(np.load(GOLDEN / f"backbone_{name}.npz")["shapes"]))


@pytest.fixture(scope="module", params=NAMES)
def pair(request, tmp_path_factory):
    """A network's golden file, and our backbone under the same random weights."""
    name = request.param
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    save_file(random_state(golden_shapes(name), seed=0), path)
    return np.load(GOLDEN / f"backbone_{name}.npz"), backbones.create(name, weights=str(path))


def test_every_tap_equals_timm(pair):
    golden, backbone = pair
    out = jax.jit(backbone.apply, static_argnames="taps")(
        backbone.variables, random_images(SIZE, seed=1), taps=backbone.taps
    )
    ours = {**out["taps"], "features": out["features"], "logits": out["logits"]}
    assert set(ours) == set(golden.files) - {"shapes"}
    for key, value in ours.items():
        kept = np.ravel(value)[kept_places(value.size, key)]
        error = np.abs(kept - golden[key]).max() / np.abs(golden[key]).max()
        assert error < 1e-4, f"{key}: relative error {error:.1e}"
        assert np.std(golden[key]) > 0, f"{key} is dead and proves nothing"


def test_goldens_are_small():
    assert sum(path.stat().st_size for path in GOLDEN.glob("backbone_*.npz")) < 200_000
