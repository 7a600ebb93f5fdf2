"""Maps of errors, and maps brought to the frame."""

import numpy as np
import pytest

from tests.models import build
from vadjax.backbones.preprocess import Preprocess
from vadjax.explain import maps
from vadjax.pipeline.map_filling import scaled


def test_to_frame_keeps_places_and_is_zero_where_nothing_was_seen():
    values = np.zeros((2, 2, 2), np.float32)
    values[0, 0, 1] = 1  # above, right
    found = maps.to_frame(values, Preprocess(size=(8, 8)), (20, 40, 3))
    assert found.shape == (2, 20, 40) and found.dtype == np.float32
    assert found[0, 0, -1] == 1 and found[0, -1, 0] == 0 and not found[1].any()
    cropped = maps.to_frame(values + 1, Preprocess(size=(8, 8), fit="crop", crop_pct=1.0), (20, 40))
    assert not cropped[:, :, :10].any() and cropped[:, :, 11:29].all()
    assert maps.to_frame(values[:0], Preprocess(), (20, 40)).shape == (0, 20, 40)


@pytest.mark.parametrize("name", ["conv_autoencoder", "appearance_to_flow"])
def test_error_maps_are_the_terms_of_the_score(name):
    task = "motion" if name == "appearance_to_flow" else "reconstruct"
    model = build.model(name, task=task)
    x = build.windows(model)
    variables = build.variables(model, x)
    objective = build.objective(task)
    found = np.asarray(maps.make_error_fn(model, objective)(variables, x))
    outputs, _ = model.apply(variables, x)
    scores = np.asarray(objective.frame_score(outputs, x))[:, -1]
    assert found.shape == (build.BATCH, *model.feature_shape[:2]) and found.min() >= 0
    reduced = found.max((1, 2)) if task == "motion" else found.mean((1, 2))
    np.testing.assert_allclose(reduced, scores, rtol=1e-5)


def test_places_rank_by_their_log_odds():
    logits = np.array([[[[[0.0, 2.0], [0.0, -30.0]]]]], np.float32)  # [b, s, h, w, k]
    found = maps.error_maps({"cell_logits": logits}, None)
    np.testing.assert_allclose(found, [[[np.log1p(np.exp(2)), np.exp(-30)]]], rtol=1e-5)


def test_rows_laid_flat_are_seen_as_images():
    windows = np.random.default_rng(0).normal(size=(2, 1, 12)).astype(np.float32)
    found = maps.error_maps({"output": np.zeros((2, 1, 12))}, windows, shape=(2, 3, 2))
    wanted = (windows[:, 0].reshape(2, 2, 3, 2) ** 2).mean(-1)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_a_scaled_map_has_its_score_for_mean():
    values = np.random.default_rng(0).random((3, 2, 2), np.float32)
    values[1] = 0
    found = scaled(values.copy(), np.array([2.0, 5.0, 0.5], np.float32))
    np.testing.assert_allclose(found.mean((1, 2)), [2, 0, 0.5], rtol=1e-6)
    np.testing.assert_allclose(found[0] / found[0, 0, 0], values[0] / values[0, 0, 0], rtol=1e-5)
