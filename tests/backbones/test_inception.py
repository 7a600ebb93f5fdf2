"""Inception-V3's checkpoints."""

import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones import inception
from vadjax.backbones.port import port

GOLDEN = pathlib.Path(__file__).parent.parent / "golden" / "backbone_inception_v3.npz"


def test_the_auxiliary_classifier_is_ignored():
    architecture = inception.ARCHITECTURES["inception_v3"]
    shapes = json.loads(bytes(np.load(GOLDEN)["shapes"]))
    shapes |= {"AuxLogits.conv0.conv.weight": (128, 768, 1, 1), "AuxLogits.fc.bias": (1000,)}
    state = {key: np.broadcast_to(np.float32(1), shape) for key, shape in shapes.items()}
    module = inception.InceptionV3(folded=False)
    image = jax.ShapeDtypeStruct((1, 75, 75, 3), jnp.float32)
    template = jax.eval_shape(module.init, jax.random.key(0), image)
    (layout,) = architecture.layouts
    variables = port(state, template, layout.rules, ignore=architecture.ignore)
    assert "AuxLogits" not in str(jax.tree.structure(variables))
