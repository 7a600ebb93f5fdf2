"""Look of what moves: distances in whitened components, by hand."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from tests import drawn
from vadjax.detectors.scene.cue import Camera
from vadjax.detectors.scene.cues.look import Look

CAMERA = Camera(drawn.reference(drawn.backdrop(), body=16), 10.0)
SCALE = np.array([5.0, 1.0, 0.2])  # deviations of the looks


def looks(number, seed=0):
    return (SCALE * np.random.default_rng(seed).normal(size=(number, 3))).astype(np.float32)


def lesson(vectors):
    learner = Look().learner(CAMERA)
    for vector in vectors:
        for _ in range(2):  # every second frame is read
            learner.update(drawn.bodies([(60, 40)], looks=[vector]))
    return learner.lesson()


def followed(state, vector, frames=10):
    follower = Look().follow(state, CAMERA)
    for _ in range(frames):
        found = follower.update(drawn.bodies([(60, 40)], looks=[vector]))
    return found


def whitened(vectors, known):
    """By eigenvectors, but of numpy's covariance."""
    sizes, axes = np.linalg.eigh(np.cov(known.T.astype(np.float64), bias=True))
    deviation = np.sqrt(sizes)
    return (vectors - known.mean(0)) @ axes / (deviation + 1e-3 * deviation.max())


def test_a_look_has_its_distance_to_the_nearest_in_deviations():
    known, new = looks(300), np.array([[0, 0, 3.0], [20, 0, 0], [0.1, 0.2, 0.1]], np.float32)
    state = Look().fit([lesson(known[:150]), lesson(known[150:])], CAMERA)
    wanted = cdist(whitened(new, known), whitened(known, known)).min(1)
    for vector, away in zip(new, wanted, strict=True):
        found = followed(state, vector)
        assert found[5, 7] == pytest.approx(max(away, state["base"]), rel=0.02)
    assert wanted[0] > 10  # .2 is far in a component that hardly varies


def test_cells_without_a_body_have_a_usual_small_distance():
    known = looks(300)
    state = Look().fit([lesson(known[:150]), lesson(known[150:])], CAMERA)
    away = cdist(whitened(known[150::8], known), whitened(known[:150], known)).min(1)
    assert state["base"] == pytest.approx(np.quantile(away, 0.05), rel=0.05)
    np.testing.assert_allclose(followed(state, known[0])[0, 0], state["base"], rtol=1e-5)


def test_each_exemplar_names_its_clip_frame_and_place():
    state = Look().fit([lesson(looks(5)), lesson(looks(0)), lesson(looks(4, 1))], CAMERA)
    assert state["source"][:, 0].tolist() == [0] * 5 + [2] * 4  # the clip in which nothing moved
    assert state["source"][:, 1].tolist() == [0, 2, 4, 6, 8, 0, 2, 4, 6]
    assert (state["source"][:, 2:] == [60, 40]).all()


def test_clips_in_which_nothing_moves_teach_nothing():
    state = Look().fit([lesson(looks(0))], CAMERA)
    assert len(state["kept"]) == 0 and not followed(state, looks(1)[0]).any()


def test_the_sentence_says_how_many_times_as_far():
    found = Look().follow({"base": 0.5}, CAMERA).say((0, 0), 4.0, None)
    assert "is 8.0 times as far as is usual" in found.text
    assert (found.value, found.usual) == (4.0, 0.5)
