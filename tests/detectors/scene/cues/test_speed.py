"""Speed by place: closed forms over flow of known size."""

import re

import numpy as np
import pytest

from tests import drawn
from vadjax.detectors.scene.cue import Camera, Moving
from vadjax.detectors.scene.cues import speed as module
from vadjax.detectors.scene.cues.speed import Speed

CAMERA = Camera(drawn.reference(drawn.backdrop(), body=16), 10.0)
SHARE = 0.5


def frame(speed, share=SHARE):
    """Everything moves to the right, pixels a frame."""
    cells = np.zeros((12, 16, 5), np.float32)
    cells[..., 0], cells[..., 2] = speed * share, share
    return drawn.bodies([], cells=cells)


def learnt(speeds, camera=CAMERA):
    learner = Speed().learner(camera)
    for speed in speeds:
        learner.update(frame(speed))
    return Speed().fit([learner.lesson()], camera)


def followed(state, speeds, camera=CAMERA):
    follower = Speed().follow(state, camera)
    return np.array([follower.update(frame(speed)) for speed in speeds])


def heights(speed, share=SHARE, fps=10.0):
    """Heights of a body a second."""
    return speed * share / (share + module._PRIOR) * fps / 16


def test_the_usual_speed_is_the_one_that_was_seen():
    state = learnt([2.0] * 40)
    np.testing.assert_allclose(state["usual"], heights(2.0), rtol=0.04)  # a bin


def test_a_faster_one_scores_above_1_and_a_slower_one_below():
    state = learnt([2.0] * 40)
    for speed in (1.0, 6.0):
        found = followed(state, [speed] * 12)[-1]
        np.testing.assert_allclose(found, heights(speed) / state["usual"], rtol=1e-3)
        np.testing.assert_allclose(found, speed / 2, rtol=0.04)


def test_the_first_frame_has_no_flow_and_is_not_averaged():
    state = learnt([2.0] * 40)
    found = followed(state, [0.0, 6.0, 6.0])
    assert not found[0].any()
    np.testing.assert_allclose(found[1], found[2], rtol=1e-5)
    np.testing.assert_allclose(found[1], 3, rtol=0.04)


def test_flow_is_averaged_over_the_last_frames_and_jitter_cancels():
    state = learnt([2.0] * 40)
    length = CAMERA.frames(module.MEAN_S)
    assert length == 8
    found = followed(state, [0, *[2.0] * length, 10.0])[-1]
    np.testing.assert_allclose(
        found * state["usual"], heights((2 * (length - 1) + 10) / length), rtol=1e-3
    )
    assert followed(state, [0, *[6.0, -6.0] * length])[-1].max() < 0.01


def test_a_speck_is_not_fast():
    state = learnt([2.0] * 40)
    follower = Speed().follow(state, CAMERA)
    for _ in range(10):
        found = follower.update(frame(2.0, share=0.01))
    assert found.max() < 0.15


def test_seconds_not_frames_count():
    """The same movement at twice the rate, learnt at 10 and followed at 20 frames a second."""
    state = learnt([2.0] * 40)
    fast = CAMERA._replace(fps=20.0)
    np.testing.assert_allclose(followed(state, [1.0] * 30, fast)[-1], 1, rtol=0.04)


def test_counts_of_clips_add_up():
    one, other = (Speed().learner(CAMERA) for _ in range(2))
    for speed in (1.0, 2.0, 3.0):
        one.update(frame(speed))
        other.update(frame(speed))
    lessons = [one.lesson(), other.lesson()]
    assert (Speed().fit(lessons, CAMERA)["counts"].sum(0) == 6).all()


def test_the_sentence_has_the_speed_and_the_usual_one():
    state = learnt([2.0] * 40)
    found = followed(state, [6.0] * 12)[-1]
    follower = Speed().follow(state, CAMERA)
    said = follower.say((3, 4), float(found[3, 4]), Moving("up", 1.0))
    assert said.text.startswith("moves up at ") and said.unit == "body heights/s"
    seen, usual = map(float, re.findall(r"\d+\.\d(?= body|$)", said.text))
    assert seen == pytest.approx(heights(6.0), abs=0.06)
    assert usual == pytest.approx(heights(2.0), abs=0.1)
    assert (said.value, said.usual) == pytest.approx((seen, usual), abs=0.06)
    assert follower.say((3, 4), 3.0, None).text.startswith("moves at ")


def test_two_numbers_that_look_equal_have_another_digit():
    state = learnt([2.0] * 40)
    limit = float(state["usual"][3, 4])
    text = Speed().follow(state, CAMERA).say((3, 4), 1.02, None).text
    assert f"{1.02 * limit:.2f} body" in text and text.endswith(f"{limit:.2f}")
