"""Size and crowding: how much of the surroundings is foreground, in bodies."""

import re

import numpy as np
import pytest

from tests import drawn
from vadjax.detectors.scene.cue import Camera, Moving
from vadjax.detectors.scene.cues import CUES
from vadjax.detectors.scene.cues.covered import BODY
from vadjax.detectors.scene.surroundings import Surroundings

CAMERA = Camera(drawn.reference(drawn.backdrop(), body=32), 10.0)  # 4 cells high
NAMES = ("size", "crowding")


def frame(*squares):
    """Foreground at some cells."""
    cells = np.zeros((12, 16, 5), np.float32)
    for square in squares:
        cells[square][..., 2] = 1
    return drawn.bodies([], cells=cells)


def learnt(name, frames):
    learner = CUES[name]().learner(CAMERA)
    for one in frames:
        learner.update(one)
    return CUES[name]().fit([learner.lesson()], CAMERA)


@pytest.mark.parametrize("side", [0.2, 1.0, 2.0, 5.0])
def test_surroundings_are_summed_as_by_a_slow_loop(side):
    values = np.random.default_rng(0).random((12, 16))
    reference = drawn.reference(drawn.backdrop(), body=32)
    reference.body[:] = np.linspace(12, 40, len(reference.body))
    found = Surroundings(reference, side)(values)
    for row, column in ((0, 0), (3, 15), (7, 8), (11, 4)):
        half = max(round((side * float(reference.cell_body[row]) / 8 - 1) / 2), 0)
        near = values[
            max(row - half, 0) : row + half + 1, max(column - half, 0) : column + half + 1
        ]
        assert found[row, column] == pytest.approx(near.sum(), rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_a_body_covers_as_much_as_one_body(name):
    cue = CUES[name]()
    seen = cue.follow({}, CAMERA).update(frame(np.s_[4:8, 7:9]))  # 2 x 4 cells
    assert seen.max() == pytest.approx(8 / (BODY * 16))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_larger_scores_above_1_and_as_much_as_before_1(name):
    walker, car = frame(np.s_[4:8, 7:9]), frame(np.s_[4:8, 4:10])
    state = learnt(name, [walker] * 60)
    for one, wanted in ((walker, 1.0), (car, 3.0)):
        follower = CUES[name]().follow(state, CAMERA)
        for _ in range(6):
            found = follower.update(one)
        assert found[5, 7] == pytest.approx(wanted, rel=0.06)  # a bin, and smoothing over places


def test_walkers_apart_are_crowded_but_not_large():
    """Three walkers, of whom a square of two bodies holds two at most."""
    places = [np.s_[4:8, column : column + 2] for column in (0, 5, 10)]
    one, three = frame(places[1]), frame(*places)
    ratio = {}
    for name in NAMES:
        follower = CUES[name]().follow(learnt(name, [one] * 60), CAMERA)
        for _ in range(6):
            found = follower.update(three)
        ratio[name] = found[5, 6]
    assert ratio["crowding"] > 2.5 and ratio["size"] < 1.6


@pytest.mark.parametrize("name", NAMES)
def test_the_sentence_has_both_numbers(name):
    walker, car = frame(np.s_[4:8, 7:9]), frame(np.s_[4:8, 4:10])
    state = learnt(name, [walker] * 60)
    follower = CUES[name]().follow(state, CAMERA)
    for _ in range(6):
        found = follower.update(car)
    said = follower.say((5, 7), found[5, 7], Moving("to the left", 1.0))
    seen, usual = map(float, re.findall(r"\d+\.\d(?=[ ;]| bod|$)", said.text.replace("99.9", "")))
    assert seen == pytest.approx(24 / (BODY * 16), abs=0.06)
    assert usual == pytest.approx(float(state["usual"][5, 7]), abs=0.06)
    assert (said.value, said.usual) == pytest.approx((seen, usual), abs=0.06)


@pytest.mark.parametrize("name", NAMES)
def test_a_further_clip_counts_as_if_it_had_been_there(name):
    cue, lessons = CUES[name](), []
    for one in (frame(np.s_[4:8, 7:9]), frame(np.s_[4:8, 4:10])):
        learner = cue.learner(CAMERA)
        for _ in range(20):
            learner.update(one)
        lessons.append(learner.lesson())
    extended = cue.extend(cue.fit(lessons[:1], CAMERA), lessons[1], number=1, camera=CAMERA)
    whole = cue.fit(lessons, CAMERA)
    np.testing.assert_array_equal(extended["counts"], whole["counts"])
    np.testing.assert_array_equal(extended["usual"], whole["usual"])
