"""Direction by place: closed forms over ways of known counts."""

import re

import numpy as np
import pytest

from tests import drawn
from vadjax.detectors.scene.cue import WAYS, Camera
from vadjax.detectors.scene.cues import direction as module
from vadjax.detectors.scene.cues.direction import Direction, shares_of

CAMERA = Camera(drawn.reference(drawn.backdrop(), body=16), 10.0)
SHARE = 0.5
LEFT, RIGHT = WAYS.index("to the left"), WAYS.index("to the right")


def frame(right, down=0.0, share=SHARE, at=np.s_[:]):
    """Something moves at some cells, pixels a frame."""
    cells = np.zeros((12, 16, 5), np.float32)
    cells[at, ..., 0], cells[at, ..., 1], cells[at, ..., 2] = right * share, down * share, share
    return drawn.bodies([], cells=cells)


def learnt(frames):
    learner = Direction().learner(CAMERA)
    for one in frames:
        learner.update(one)
    return Direction().fit([learner.lesson()], CAMERA)


def test_ways_are_counted_where_something_moves():
    state = learnt([frame(2.0)] * 31 + [frame(0.0)] * 31)
    # Not of the first frame; two more until the mean over some frames is slower than MOVING.
    assert (state["ways"][RIGHT] >= 30).all() and (state["ways"][RIGHT] <= 36).all()
    assert state["ways"].sum() == state["ways"][RIGHT].sum()


@pytest.mark.parametrize("number", range(8))
def test_each_way_has_its_name(number):
    angle = number * np.pi / 4
    state = learnt([frame(2 * np.cos(angle), 2 * np.sin(angle))] * 20)
    assert state["ways"].sum((1, 2)).argmax() == number


def test_shares_are_those_of_the_counts():
    ways = np.zeros((8, 12, 16), np.int32)
    ways[RIGHT], ways[LEFT] = 300, 100
    shares = shares_of(ways)
    total = (1 + 2 * module._BESIDE) * 400 + 8 * module._FRAMES  # each counts for those beside too
    np.testing.assert_allclose(shares.sum(0), 1)
    np.testing.assert_allclose(shares[RIGHT], (300 + module._FRAMES) / total)
    np.testing.assert_allclose(shares[LEFT], (100 + module._FRAMES) / total)
    np.testing.assert_allclose(shares[RIGHT + 1], (300 * module._BESIDE + module._FRAMES) / total)


def test_where_nothing_was_seen_to_move_all_ways_are_alike():
    np.testing.assert_allclose(shares_of(np.zeros((8, 12, 16), np.int32)), 1 / 8)


def test_the_wrong_way_is_rare_and_standing_is_not():
    state = learnt([frame(2.0)] * 200)
    follower = Direction().follow(state, CAMERA)
    found = [follower.update(frame(x)) for x in (-2.0, -2.0, -2.0)]
    assert not found[0].any()  # the first frame has no flow
    assert (found[2] > 1.5).all()
    follower = Direction().follow(state, CAMERA)
    same = [follower.update(frame(x)) for x in (2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0)]
    assert (same[1] < 0.5).all() and not same[-1].any()


def test_only_the_place_of_the_wrong_way_is_rare():
    """Rows above go to the right, those below to the left: what is right here is wrong there."""
    both = frame(2.0, at=np.s_[:6])
    both.cells[6:] = frame(-2.0).cells[6:]
    state = learnt([both] * 200)
    follower = Direction().follow(state, CAMERA)
    for _ in range(3):
        found = follower.update(frame(2.0))
    assert found[10].min() > found[1].max() + 1


def test_the_sentence_has_both_ways_and_shares():
    state = {"ways": np.zeros((8, 12, 16), np.int32)}
    state["ways"][RIGHT], state["ways"][LEFT] = 980, 20
    follower = Direction().follow(state, CAMERA)
    for _ in range(5):
        found = follower.update(frame(-2.0))
    said = follower.say((5, 8), found[5, 8], None)
    own, most = map(float, re.findall(r"([\d.]+) %", said.text))
    assert said.text.startswith("moves to the left, as") and said.text.endswith("to the right")
    assert (own, most) == (2, 98)  # as counted, though each way counts for those beside in scores
    assert (said.value, said.usual) == pytest.approx((2, 98), rel=1e-6)
    assert said.unit == module.UNIT


def test_where_nothing_moves_no_way_is_told():
    follower = Direction().follow(learnt([frame(2.0)] * 200), CAMERA)
    for _ in range(5):
        found = follower.update(frame(0.0))
    assert follower.say((5, 8), found[5, 8], None).text == "nothing moves"


def test_a_place_where_nothing_was_seen_to_move_is_said():
    state = {"ways": np.zeros((8, 12, 16), np.int32)}
    follower = Direction().follow(state, CAMERA)
    for _ in range(3):
        found = follower.update(frame(-2.0))
    said = follower.say((5, 8), found[5, 8], None)
    assert said.text == "moves to the left; hardly anything was seen to move at this place"
    assert (said.value, said.usual) == (0, 0)


def test_a_further_clip_counts_as_if_it_had_been_there():
    clips = [[frame(2.0)] * 30, [frame(-2.0)] * 20]
    lessons = []
    for clip in clips:
        learner = Direction().learner(CAMERA)
        for one in clip:
            learner.update(one)
        lessons.append(learner.lesson())
    cue = Direction()
    extended = cue.extend(cue.fit(lessons[:1], CAMERA), lessons[1], number=1, camera=CAMERA)
    np.testing.assert_array_equal(extended["ways"], cue.fit(lessons, CAMERA)["ways"])
