"""Scores of sets of cues, against detectors that have these cues alone."""

import numpy as np
import pytest

from tests.detectors.scene.test_detector import CAMERA, FPS, bodies_of, clip, fitted, walk
from vadjax.config import default_config
from vadjax.detectors.scene.cue import Camera
from vadjax.detectors.scene.subsets import SubsetScores, subsets

ALL = tuple(default_config().scene.cues)


@pytest.fixture(scope="module")
def train():
    return [clip(f"train/{n}", walk(1.6 + 0.2 * n, y=36 + n)) for n in range(4)]


def test_every_set_comes_once_and_the_largest_first():
    sets = subsets([*ALL])
    assert len(sets) == len(set(sets)) == 2 ** len(ALL) - 1 and sets[0] == ALL
    assert [len(one) for one in sets] == sorted((len(one) for one in sets), reverse=True)


@pytest.mark.parametrize("cues", [("speed", "look"), ("course",), ("speed", "course", "still")])
def test_a_set_scores_as_a_detector_of_these_cues(cues, train):
    _, state = fitted(train)
    alone, own = fitted(train, scene__cues=cues)
    test = clip("test/0", walk(3.0, y=50))
    scorer = SubsetScores(state, Camera(CAMERA, FPS), [ALL, cues])
    found = np.stack([scorer.update(bodies) for bodies in bodies_of(test)])
    np.testing.assert_allclose(found[1:, 1], alone.score(own, test).scores[1:], rtol=1e-5)
