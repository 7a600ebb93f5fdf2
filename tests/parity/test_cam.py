"""Class activation maps against the PyTorch package grad-cam, on the same random weights."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.explain.test_cam import maps_of
from tools import make_goldens_cam, references
from tools.make_goldens_backbones import random_images, random_state
from vadjax import backbones

pytest.importorskip("torch", reason="torch is not installed: no parity")
pytest.importorskip("timm", reason="timm is not installed: no parity")


@pytest.mark.parametrize("name", make_goldens_cam.CASES)
def test_maps_equal_the_package(name, tmp_path):
    try:
        import pytorch_grad_cam  # noqa: F401, by its import of torchvision behind the stand-in
    except ImportError:
        pytest.skip("grad-cam is not installed: no parity of maps")
    save_file(random_state(references.timm_shapes(name), seed=5), tmp_path / "w.safetensors")
    size = make_goldens_cam.SIZE
    backbone = backbones.create(name, weights=str(tmp_path / "w.safetensors"), size=size)
    theirs = make_goldens_cam.maps_of(name, seed=5)
    for tap in make_goldens_cam.CASES[name]:
        for method, ours in maps_of(backbone, tap, random_images(size, seed=6)).items():
            wanted = theirs[f"{tap} {method}"]
            assert np.abs(ours - wanted).max() < 1e-4 * wanted.max(), (tap, method)
