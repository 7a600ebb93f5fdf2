"""Whole networks against timm's outputs, committed by tools/make_goldens.py: no torch here."""

import json
import pathlib

import jax
import numpy as np
import pytest
from safetensors.numpy import save_file

from tools import references
from tools.make_goldens_backbones import kept_places, random_images, random_state
from vadjax import backbones

CASES = {
    name: size for family in references.families().values() for name, size in family.GOLDENS.items()
}
GOLDEN = pathlib.Path(__file__).parent.parent / "golden"


def golden_shapes(name):
    return json.loads(bytes(np.load(GOLDEN / f"backbone_{name}.npz")["shapes"]))


LARGE = {"coatnet_0_rw_224", "inception_v3", "maxvit_tiny_tf_224", "resnet50", "vgg11"}


def params(names):
    """Mark the networks that take long; `make parity` shows them against timm itself."""
    return [pytest.param(n, marks=[pytest.mark.slow] * (n in LARGE)) for n in names]


@pytest.fixture(scope="module", params=params(CASES))
def case(request, tmp_path_factory):
    """A network's golden file, our backbone under the same random weights, and the images."""
    name = request.param
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    save_file(random_state(golden_shapes(name), seed=0), path)
    backbone = backbones.create(name, weights=str(path))
    return np.load(GOLDEN / f"backbone_{name}.npz"), backbone, random_images(CASES[name], seed=1)


def test_every_tap_equals_timm(case):
    golden, backbone, images = case
    out = jax.jit(backbone.apply, static_argnames="taps")(
        backbone.variables, images, taps=backbone.taps
    )
    ours = {**out.pop("taps"), **out}
    if "logits" in ours:
        shares = jax.nn.softmax(ours["logits"])
        np.testing.assert_allclose(ours.pop("probabilities"), shares, rtol=1e-5)
    assert set(ours) == set(golden.files) - {"shapes"}
    for key, value in ours.items():
        kept = np.ravel(value)[kept_places(value.size, key)]
        error = np.abs(kept - golden[key]).max() / np.abs(golden[key]).max()
        assert error < 1e-4, f"{key}: relative error {error:.1e}"
        assert np.std(golden[key]) > 0, f"{key} is dead and proves nothing"


def test_goldens_are_small():
    assert sum(path.stat().st_size for path in GOLDEN.glob("backbone_*.npz")) < 400_000
