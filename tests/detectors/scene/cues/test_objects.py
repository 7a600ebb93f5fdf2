"""Objects by place: scores over those of normal clips, by hand-made rows."""

import numpy as np
import pytest

from tests import drawn
from vadjax.detectors.scene.cue import Camera
from vadjax.detectors.scene.cues.objects import LEAST, LOOKS, Objects
from vadjax.features.scene.reference import CELL

CAMERA = Camera(drawn.reference(drawn.backdrop(), body=16), 10.0)
GRID = CAMERA.reference.grid
PERSON, BICYCLE = 0, 1


def frame(*objects, looked=True):
    """Objects as (class, score, row, column) of one cell each."""
    rows = [
        (column * CELL, row * CELL, (column + 1) * CELL, (row + 1) * CELL, number, score)
        for number, score, row, column in objects
    ]
    seen = np.array(rows, np.float32).reshape(-1, 6) if looked else None
    return drawn.bodies([], objects=seen)


def learnt(*clips):
    lessons = []
    for frames in clips:
        learner = Objects().learner(CAMERA)
        for one in frames:
            learner.update(one)
        lessons.append(learner.lesson())
    state = Objects().fit(lessons, CAMERA)
    return {**state, "names": ["person", "bicycle"]}


@pytest.fixture
def state():
    """Persons of .8 at (2, 3), of .4 at (9, 12) in another clip."""
    return learnt([frame((PERSON, 0.8, 2, 3))] * LOOKS, [frame((PERSON, 0.4, 9, 12))] * LOOKS)


def test_the_usual_score_is_the_largest_around_and_half_of_the_largest_elsewhere(state):
    (usual,) = state["usual"]
    assert state["classes"].tolist() == [PERSON]
    np.testing.assert_allclose([usual[2, 3], usual[4, 5], usual[2, 6]], [0.8, 0.8, 0.4])
    np.testing.assert_allclose(usual[9, 12], 0.4)


def test_a_score_is_divided_by_the_usual_one_of_its_class_there(state):
    follower = Objects().follow(state, CAMERA)
    for _ in range(LOOKS):
        found = follower.update(frame((PERSON, 0.8, 9, 12), (BICYCLE, 0.6, 2, 3)))
    assert found[9, 12] == pytest.approx(2.0)
    assert found[2, 3] == pytest.approx(0.6 / LEAST)  # never seen anywhere
    assert np.count_nonzero(found) == 2
    said = follower.say((2, 3), float(found[2, 3]), None)
    assert "bicycle" in said.text and "person" in said.text and "0.60" in said.text
    assert (said.value, said.usual, said.unit) == pytest.approx((0.6, LEAST, "score"), abs=1e-6)
    said = follower.say((9, 12), float(found[9, 12]), None)
    assert said.text.startswith("is called person") and "0.80 (usual here up to 0.40)" in said.text


def test_a_single_look_counts_for_its_share(state):
    follower = Objects().follow(state, CAMERA)
    first = follower.update(frame((BICYCLE, 0.6, 5, 5)))
    assert first[5, 5] == pytest.approx(0.6 / LOOKS / LEAST)
    between = follower.update(frame(looked=False))  # nobody looked: what was seen stays
    np.testing.assert_array_equal(between, first)
    for _ in range(LOOKS):
        gone = follower.update(frame())
    assert not gone.any()


def test_clips_without_any_object_teach_that_nothing_is_usual():
    state = learnt([frame()] * 4, [frame(looked=False)])
    assert state["usual"].shape == (0, *GRID)
    found = Objects().follow(state, CAMERA).update(frame((PERSON, 0.9, 1, 1)))
    assert found[1, 1] == pytest.approx(0.9 / LOOKS / LEAST)
