"""Course by place: the distance to the nearest known body in place and velocity."""

import numpy as np
import pytest

from tests import drawn
from vadjax.detectors.scene.cue import Camera, Moving
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


def said(place, velocity, moving):
    """What is said of a body at a place, where all went to the right along row 40 at 1."""
    follower = Course().follow(learnt(), CAMERA)
    for _ in range(3):
        follower.update(drawn.bodies([place], velocity=[velocity]))
    return follower.say((place[1] // 8, place[0] // 8), 5.0, moving)


@pytest.mark.parametrize(
    ("place", "velocity", "way", "text", "usual"),
    [
        ((60, 40), (-1.2, 0), "to the left", "nothing was seen to move that way here", 0),
        ((60, 40), (0, 1.2), "down", "nothing was seen to move that way here", 0),
        ((60, 80), (1.2, 0), "to the right", "nothing was seen to move here", 0),
        ((60, 40), (1.2, 0), "to the right", "that way here faster than 1.0", 1),
        ((60, 40), (0.4, 0), "to the right", "that way at this speed here", 1),
    ],
    ids=["opposite", "across", "elsewhere", "faster", "slower"],
)
def test_the_sentence_has_way_speed_and_what_is_normal_there(place, velocity, way, text, usual):
    speed = float(np.hypot(*velocity))
    found = said(place, velocity, Moving(way, speed))
    assert found.text.startswith(f"moves {way} at {speed:.1f} body heights/s; ")
    assert found.text.endswith(text)
    assert (found.value, found.unit) == (speed, "body heights/s")
    assert found.usual == pytest.approx(usual, abs=1e-3)


def test_what_stops_where_all_moved_is_said_with_the_slowest_speed():
    found = said((60, 40), (0.0, 0.0), Moving("", 0.0))
    assert found.text == (
        "hardly moves, at 0.0 body heights/s; all that was seen here moved at 1.0 or more"
    )
    assert said((60, 80), (0.0, 0.0), Moving("", 0.0)).text.endswith("nothing was seen here")


def test_a_body_that_has_gone_is_said_by_its_distance():
    follower = Course().follow(learnt(), CAMERA)
    follower.update(drawn.bodies([]))
    found = follower.say((5, 7), 5.0, None)
    assert (found.value, found.unit) == (5.0, module.UNIT)
