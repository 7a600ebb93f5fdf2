"""Checkpoints that timm re-parameterised, of random weights, against the networks before."""

import jax
import numpy as np
import pytest
from safetensors.numpy import save_file

from tools import references
from tools.make_goldens_backbones import random_images, random_state
from vadjax import backbones

torch = pytest.importorskip("torch", reason="torch is not installed: no parity")
timm = pytest.importorskip("timm", reason="timm is not installed: no parity")


@pytest.mark.parametrize("name", ["repvgg_a0", "mobileone_s0", "mobileone_s4"])
def test_reparameterized_checkpoints_are_loaded(name, tmp_path):
    from timm.utils import reparameterize_model

    state = random_state(references.timm_shapes(name), seed=0)
    network = timm.create_model(name, pretrained=False).eval()
    network.load_state_dict({key: torch.from_numpy(np.array(v)) for key, v in state.items()})
    folded = reparameterize_model(network).state_dict()
    outs = []
    for file, arrays in (("branches", state), ("folded", folded)):
        path = tmp_path / f"{file}.safetensors"
        save_file({key: np.ascontiguousarray(value) for key, value in arrays.items()}, path)
        backbone = backbones.create(name, weights=str(path))
        images = random_images((64, 64), seed=1)
        outs.append(jax.jit(backbone.apply)(backbone.variables, images)["features"])
    error = np.abs(outs[1] - outs[0]).max() / np.abs(outs[0]).max()
    assert error < 1e-5
