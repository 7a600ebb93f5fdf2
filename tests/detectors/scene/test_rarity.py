"""How rare a look is: samples by hand, and what is rare is far from what was learnt."""

import itertools

import numpy as np
import pytest

from tests import drawn
from vadjax.detectors.scene import rarity as module
from vadjax.detectors.scene import rarity_fit
from vadjax.detectors.scene.cue import Camera
from vadjax.detectors.scene.cues.look import Look
from vadjax.detectors.scene.densities import fit_together
from vadjax.detectors.scene.rarity import evenly, joined, log_densities, rarity
from vadjax.detectors.scene.rarity_fit import fit_rarities
from vadjax.models.log_density import log_density
from vadjax.storage.state import load_state, save_state
from vadjax.training.score_matching import Recipe

CAMERA = Camera(drawn.reference(drawn.backdrop(), body=16), 10.0)
ONE = np.ones(1, np.float32)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(module, "NUM_POINTS", 1024)
    monkeypatch.setattr(rarity_fit, "RECIPE", Recipe(units=(32, 32), steps=300, learning_rate=5e-3))


def lesson(vectors):
    source = np.zeros((len(vectors), 3), np.int32)
    return {"vectors": np.asarray(vectors, np.float16), "source": source}


def looks(number, seed=0):
    """Around two places, 3 apart in the first of three values."""
    rng = np.random.default_rng(seed)
    found = 0.3 * rng.normal(size=(number, 3))
    found[:, 0] += 3 * rng.integers(0, 2, number)
    return found


def followed(state, vector):
    return Look().follow(state, CAMERA).update(drawn.bodies([(60, 40)], looks=[vector]))[5, 7]


def test_a_sample_has_a_fixed_size_and_each_lesson_its_share(monkeypatch):
    monkeypatch.setattr(module, "NUM_POINTS", 8)
    values = [np.arange(3.0)[:, None], np.zeros((0, 1)), np.arange(100.0, 109.0)[:, None]]
    found = evenly([lesson(each) for each in values], 0 * ONE, np.eye(1, dtype=np.float32))
    assert found["count"] == 12 and found["points"].shape == (8, 1)
    assert found["points"][:, 0].tolist() == [0, 2, 100, 102, 103, 105, 106, 108]
    more = joined(found, np.full((12, 1), 7.0), ONE, np.eye(1, dtype=np.float32))
    assert more["count"] == 24 and (more["points"] == 6).sum() == 4
    assert more["points"][:4, 0].tolist() == [0, 100, 105, 108]  # evenly spaced of the old ones
    few = evenly([lesson([[5.0]])], 0 * ONE, np.eye(1, dtype=np.float32))
    assert few["points"].shape == (8, 1) and few["count"] == 1


def test_what_lies_between_and_beyond_is_rare():
    cue = Look("mulde")
    state = cue.fit([lesson(looks(800)), lesson(looks(800, 1))], CAMERA)
    usual = [followed(state, vector) for vector in looks(40, 2)]
    assert followed(state, np.array([1.5, 0, 0])) > 1.5 * np.median(usual)  # where the mean is
    for odd in ([0, 2, 0], [-2, 0, 0], [30, 0, 0]):
        assert followed(state, np.array(odd)) > 1.2 * np.quantile(usual, 0.9)


def test_cells_without_a_body_have_a_usual_small_rarity():
    state = Look("mulde").fit([lesson(looks(800))], CAMERA)
    points = state["rarity"]["points"][::8].astype(np.float32)
    wanted = np.quantile(rarity(state["rarity"], points), 0.05)
    assert Look().follow(state, CAMERA).update(drawn.bodies([]))[0, 0] == pytest.approx(wanted)


def test_states_that_are_fitted_together_are_those_that_are_fitted_alone(tmp_path):
    """And they come back from files."""
    cue, lessons = Look("mulde", seed=2), [lesson(looks(300, n)) for n in range(3)]
    sets = [lessons[:2], lessons[1:], [lesson(looks(0))]]
    both = fit_together([(cue, each) for each in sets], CAMERA)
    assert "rarity" not in both[2]
    alone = cue.fit(lessons[1:], CAMERA)
    save_state(tmp_path, both[1])
    given = looks(20, 9).astype(np.float32) @ both[1]["axes"]
    found = [rarity(s["rarity"], given) for s in (both[1], alone, load_state(tmp_path))]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-3)
    np.testing.assert_array_equal(found[0], found[2])


def test_a_look_of_an_added_clip_is_known_afterwards():
    cue, new = Look("mulde"), np.array([0, 6.0, 0])
    state = cue.fit([lesson(looks(800))], CAMERA)
    added = looks(800, 1) + new
    more = cue.extend(state, lesson(added), number=1, camera=CAMERA)
    usual = np.quantile([followed(more, vector) for vector in looks(40, 2)], 0.9)
    assert followed(state, new) > 3 * usual and followed(more, new) < 1.5 * usual
    assert state["rarity"]["count"] == 800 and more["rarity"]["count"] == 1600


def test_the_sentence_has_both_numbers():
    found = Look().follow({"base": 2.0, "rarity": {}}, CAMERA).say((0, 0), 9.0, None)
    assert found.text.endswith("as rare as 9.0 deviations of a normal distribution; usual is 2.0")
    assert (found.value, found.usual) == (9.0, 2.0)


def test_a_block_of_points_more_changes_no_value():
    sample = {"points": looks(1024).astype(np.float16), "count": 1024}
    (state,) = fit_rarities([sample], seed=0)
    given = looks(70, 5).astype(np.float32)
    found = np.concatenate([rarity(state, given[k : k + 1]) for k in range(70)])
    np.testing.assert_allclose(found, rarity(state, given), rtol=1e-5)
    assert rarity(state, given[:0]).shape == (0,)


def test_numpy_computes_what_the_network_is_in_jax():
    """At each scale, and of values at which an exponential overflows."""
    rng = np.random.default_rng(0)
    sizes = (4, 16, 16, 1)
    network = [
        {"kernel": rng.normal(size=(n, m)).astype(np.float32), "bias": 3 * np.ones(m, np.float32)}
        for n, m in itertools.pairwise(sizes)
    ]
    given = (rng.normal(size=(9, 3)) * np.array([1, 10, 300])).astype(np.float32)
    wanted = [log_density(network, given, np.full(9, s, np.float32)) for s in module.SCALES]
    wanted = np.stack(wanted, axis=1)
    np.testing.assert_allclose(
        log_densities(network, given), wanted, atol=2e-6 * np.abs(wanted).max()
    )
