"""Recurrent layers against PyTorch at working sizes, and the goldens against their script."""

import jax
import numpy as np
import pytest

from tests.models import build
from tests.models.test_cells import TOOL, from_torch

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("kind", TOOL.KINDS)
@pytest.mark.parametrize("layers,directions", [(1, 1), (2, 1), (3, 2)])
def test_states_equal_torch(kind, layers, directions, monkeypatch):
    sizes = {"BATCH": 8, "STEPS": 16, "FEATURES": 320, "UNITS": 64}
    for name, size in sizes.items():
        monkeypatch.setattr(TOOL, name, size)
    case = TOOL.make_case(kind, layers, directions, seed=1)
    model = build.model(
        kind,
        task="classify",
        feature_shape=(TOOL.FEATURES,),
        units=(TOOL.UNITS,) * layers,
        bidirectional=directions == 2,
    )
    params = build.variables(model, case["inputs"])["params"]
    params |= from_torch(case, "param", layers=layers, directions=directions)
    outputs, _ = jax.jit(model.apply)({"params": params}, case["inputs"])
    np.testing.assert_allclose(outputs["hidden"], case["states"], atol=1e-5)


def test_the_goldens_are_what_the_script_makes():
    with np.load(TOOL.DEFAULT_PATH) as golden:
        for case in TOOL.CASES:
            for name, array in TOOL.make_case(*case).items():
                kept = golden[f"{TOOL.case_name(*case)}/{name}"]
                np.testing.assert_allclose(array, kept, atol=1e-6)
