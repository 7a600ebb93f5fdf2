"""Standing still: seconds over the usual ones, and what is left behind in drawn frames."""

import re

import numpy as np
import pytest

from tests import drawn
from vadjax.detectors.scene.bodies import BodyReader
from vadjax.detectors.scene.cue import Camera
from vadjax.detectors.scene.cues.still import Still

CAMERA = Camera(drawn.reference(drawn.backdrop(), body=16), 10.0)


def frame(seconds):
    cells = np.zeros((12, 16, 5), np.float32)
    cells[..., 4] = seconds
    return drawn.bodies([], cells=cells)


def learnt(seconds):
    learner = Still().learner(CAMERA)
    for each in seconds:
        learner.update(frame(each))
    return Still().fit([learner.lesson()], CAMERA)


def test_seconds_are_divided_by_the_usual_ones():
    state = learnt([2.0] * 50)
    np.testing.assert_allclose(state["usual"], 2.0, rtol=0.04)
    follower = Still().follow(state, CAMERA)
    np.testing.assert_allclose(follower.update(frame(12.0)), 6.0, rtol=0.04)
    np.testing.assert_allclose(follower.update(frame(0.0)), 0.0)


def test_where_nothing_was_seen_to_stand_still_a_second_is_usual():
    np.testing.assert_array_equal(learnt([0.0] * 50)["usual"], np.ones((12, 16), np.float32))
    assert learnt([0.0] * 50 + [0.1])["usual"].max() < 1


def test_the_sentence_has_both_times():
    state = learnt([2.0] * 50)
    follower = Still().follow(state, CAMERA)
    said = follower.say((1, 1), 12.0 / float(state["usual"][1, 1]), None)
    seen, usual = map(float, re.findall(r"\d+\.\d(?= s)", said.text))
    assert seen == 12.0 and usual == pytest.approx(2.0, abs=0.1)
    assert (said.value, said.usual) == pytest.approx((seen, usual), abs=0.06) and said.unit == "s"


def test_a_bag_that_is_left_is_seen_where_it_lies():
    """Normal: somebody walks past. New: a bag lies there for four seconds."""
    body = drawn.texture(16, 8)
    walk = [drawn.put(drawn.backdrop(), body, 4 + 2 * k, 40) for k in range(50)]
    bag = [drawn.put(drawn.backdrop(), drawn.texture(10, 10), 80, 60) for _ in range(41)]

    def read(frames):
        rows, reader = drawn.measured(frames, CAMERA.reference, 10.0), BodyReader(*CAMERA)
        return [reader.update(*pair) for pair in zip(rows["cells"], rows["windows"], strict=True)]

    learner = Still().learner(CAMERA)
    for one in read(walk):
        learner.update(one)
    follower = Still().follow(Still().fit([learner.lesson()], CAMERA), CAMERA)
    found = [follower.update(one) for one in read(bag)]
    row, column = np.unravel_index(found[-1].argmax(), found[-1].shape)
    assert (row, column) in [(y, x) for y in (7, 8) for x in (10, 11)]
    assert found[-1].max() > 1 and found[-1].max() > 2 * found[15].max() > 0
