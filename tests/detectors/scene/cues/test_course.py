"""Course by place: the distance to the nearest known body in place and velocity."""

import numpy as np
import pytest

from tests import drawn
from vadjax.detectors.scene.cue import Camera
from vadjax.detectors.scene.cues import course as module
from vadjax.detectors.scene.cues.course import Course

CAMERA = Camera(drawn.reference(drawn.backdrop(), body=16), 10.0)


def learnt(velocity=(1.0, 0.0), row=40):
    """Somebody walks through the frame along a row."""
    learner = Course().learner(CAMERA)
    for frame in range(60):
        learner.update(drawn.bodies([(4 + 2 * frame, row)], velocity=[velocity]))
    return Course().fit([learner.lesson()], CAMERA)


def followed(state, place, velocity, frames=8):
    follower = Course().follow(state, CAMERA)
    for _ in range(frames):
        found = follower.update(drawn.bodies([place], velocity=[velocity]))
    return found


def test_the_known_course_is_near_0_and_the_opposite_one_far():
    state = learnt()
    known, opposite = (followed(state, (60, 40), (speed, 0.0)) for speed in (1.0, -1.0))
    assert known.max() < 0.05
    assert opposite.max() == pytest.approx(2.0 / module._VELOCITY, rel=0.02)
    assert opposite[5, 7] == opposite.max() and opposite[0, 0] == 0  # at its place alone


def test_a_place_far_from_all_known_ones_is_unusual():
    state, body = learnt(), 16
    away = followed(state, (60, 88), (1.0, 0.0)).max()
    assert away == pytest.approx(48 / (module._DOWN * body), rel=0.02)


def test_distances_are_those_of_all_pairs():
    state, rng = learnt(), np.random.default_rng(0)
    for _ in range(5):
        place, velocity = rng.uniform(4, 90, 2), rng.normal(size=2)
        known = np.stack([4 + 2 * np.arange(1, 60), np.full(59, 40)], 1)
        across, down = ((place - known) / 16 / (module._ACROSS, module._DOWN)).T
        moved = (velocity - [1.0, 0.0]) / module._VELOCITY
        wanted = np.sqrt(across**2 + down**2 + (moved**2).sum()).min()
        assert followed(state, place, velocity).max() == pytest.approx(wanted, rel=0.01)


def test_the_first_frame_has_no_velocity_and_teaches_and_scores_nothing():
    follower = Course().follow(learnt(), CAMERA)
    first = follower.update(drawn.bodies([(60, 40)], velocity=[(0, 0)]))
    second = follower.update(drawn.bodies([(60, 40)], velocity=[(1, 0)]))
    assert not first.any() and second.max() < 0.05
    learner = Course().learner(CAMERA)
    learner.update(drawn.bodies([(60, 40)], velocity=[(0, 0)]))
    assert len(learner.lesson()["vectors"]) == 0


def test_maps_are_averaged_over_time():
    state = learnt()
    follower, length = Course().follow(state, CAMERA), CAMERA.frames(module.MEAN_S)
    found = []
    for frame in range(length + 1):
        speed = -1.0 if frame == length else 1.0
        found.append(follower.update(drawn.bodies([(60, 40)], velocity=[(speed, 0)])).max())
    assert found[-1] == pytest.approx(2 / module._VELOCITY / length, rel=0.05)


def test_where_nothing_was_learnt_it_says_nothing():
    state = Course().fit([Course().learner(CAMERA).lesson()], CAMERA)
    assert not followed(state, (60, 40), (3, 3)).any()


def test_the_sentence_has_the_distance_and_its_unit():
    state = learnt()
    value = float(followed(state, (60, 40), (-1.0, 0.0)).max())
    text = Course().say(state, CAMERA, (5, 7), value)
    assert f"is {value:.1f} away, where 1 is 0.35 body heights a second" in text
