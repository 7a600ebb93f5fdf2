"""PaDiM and PatchCore beside anomalib 2.7.0, on the same maps.

anomalib is no dependency of anything here: `pip install --no-deps anomalib==2.7.0 kornia kornia_rs
tqdm` gives what this test needs. Three differences are of its own: it adds 1e-5 more to variances,
chooses its coreset by a random projection, and enlarges PatchCore's map by the nearest place.
"""

import sys

import numpy as np
import pytest

pytest.importorskip("torch")

from tools import anomalib_parts
from tools.benchmarks import images
from vadjax import config as configs
from vadjax import detectors
from vadjax.detectors.contract import Progress
from vadjax.runtime.console import Console

pytestmark = pytest.mark.skipif(
    not anomalib_parts.available(), reason="anomalib is not installed: see the docstring"
)
SIDE = 64


@pytest.fixture(autouse=True)
def without_gradients():
    import torch

    with torch.no_grad():
        yield


def maps(kind, seed, num):
    """Maps of grain with a blob in the later images, as stages of a backbone have them."""
    rng, found = np.random.default_rng(seed), {}
    sizes = {"stage2": (16, 24), "stage3": (8, 40), "stage5": (4, 112)}
    for tap in images.STAGES[kind]:
        size, channels = sizes[tap]
        values = rng.normal(size=(num, size, size, channels)) * rng.uniform(0.5, 3, channels)
        values[num // 2 :, size // 4 : size // 2, size // 2 :] += 2
        found[f"tap:{tap}"] = values.astype(np.float16)
    return found


def fitted(kind, train, **changes):
    config = configs.default_config()
    config.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
    detector = detectors.create(kind, config)
    clip = images.clip_of(train)
    return detector, detector.fit([clip], (), seed=0, progress=Progress(Console(quiet=True)))


@pytest.mark.parametrize("num", [7, 40])  # fewer than dimensions: the ridge alone decides there
def test_padim_gives_the_scores_and_maps_of_anomalib(num):
    train, test = maps("padim", 0, num), maps("padim", 1, 6)
    detector, state = fitted("padim", train, places__dims=30)
    theirs = images.AnomalibPadim(30)
    theirs.fit(train, state["embedding"])
    scores, fine = theirs.score(test, SIDE)
    scored = detector.score(state, images.clip_of(test))
    np.testing.assert_allclose(scored.scores, scores, rtol=1e-3)
    cells = fine.reshape(6, 16, 4, 16, 4).mean((2, 4))
    np.testing.assert_allclose(scored.maps, cells, rtol=1e-3)


def test_patchcore_gives_the_scores_of_anomalib_with_the_same_bank():
    import torch

    train, test = maps("patchcore", 0, 12), maps("patchcore", 1, 6)
    detector, state = fitted("patchcore", train, places__coreset=0.2)
    theirs = images.AnomalibPatchCore()
    theirs.model.memory_bank = torch.from_numpy(np.array(state["bank"]))
    scores, away = theirs.score(test, SIDE)
    scored = detector.score(state, images.clip_of(test))
    np.testing.assert_allclose(scored.scores, scores, rtol=1e-3)
    np.testing.assert_allclose(scored.maps.mean(), away.mean(), rtol=0.02)  # blurred


def test_the_coreset_is_that_of_anomalib_without_its_projection(monkeypatch):
    import torch

    from vadjax.scoring.coreset import k_centres

    theirs, train = images.AnomalibPatchCore(), maps("patchcore", 0, 12)
    points = torch.cat([theirs.places(batch)[0] for batch in images._batches(train)])
    components = sys.modules["anomalib.models.components"]  # put there by `anomalib_parts`
    sampler = components.KCenterGreedy(points, 0.2)
    monkeypatch.setattr(sampler.model, "fit", lambda points: None)
    monkeypatch.setattr(sampler.model, "transform", lambda points: points)
    chosen = sampler.select_coreset_idxs()
    found = k_centres(points.numpy(), count=len(chosen), first=int(chosen[0]))
    assert found.tolist() == [int(each) for each in chosen]
