"""What is usual at each place: counts by hand."""

import numpy as np
import pytest

from tests import drawn
from vadjax.detectors.scene.cue import Camera
from vadjax.detectors.scene.traffic import Traffic, added, normal_scene

CAMERA = Camera(drawn.reference(drawn.backdrop(), body=16), 10.0)


def lesson(frames):
    """Of lists of (place, velocity) a frame; something is seen where a body is."""
    learner = Traffic(CAMERA)
    for bodies in frames:
        cells = np.zeros((12, 16, 5), np.float32)
        for (x, y), _ in bodies:
            cells[int(y) // 8, int(x) // 8, 2] = 0.5
        places, velocity = [place for place, _ in bodies], [each for _, each in bodies]
        learner.update(drawn.bodies(places, velocity=velocity or None, cells=cells))
    return learner.lesson()


def scene(*lessons, usual=None):
    return normal_scene(added(lessons), CAMERA.reference, usual)


def test_shares_of_frames_in_which_something_is_there_add_up_over_clips():
    here = [((20, 20), (0, 0))]
    found = scene(lesson([here, [], here, []]), lesson([[], []]))
    assert found.frames == 6 and found.seconds == pytest.approx(0.6)
    assert found.seen[2, 2] == pytest.approx(2 / 6) and found.seen.sum() == found.seen[2, 2]
    assert found.speed is None and not found.arrows  # it stands
    np.testing.assert_array_equal(found.background, drawn.backdrop())


def test_a_place_has_the_mean_velocity_of_its_commonest_way():
    rng = np.random.default_rng(0)
    speeds = rng.uniform(0.5, 1.5, 50)
    usual = np.full((12, 16), 2.0, np.float32)
    [arrow] = scene(lesson([[((40, 40), (s, 0.1 * s))] for s in speeds]), usual=usual).arrows
    assert arrow.velocity == pytest.approx((speeds.mean(), 0.1 * speeds.mean()), rel=1e-4)
    assert arrow.share == 1 and arrow.fastest == pytest.approx(2.0)
    assert np.abs(np.array(arrow.place) - 40).max() <= 8  # a place of 16 pixels


def test_ways_between_two_of_the_compass_are_one():
    """Half of them a little above, half a little below the border of two ways."""
    angles = np.pi / 8 + np.tile([-0.1, 0.1], 20)
    [arrow] = scene(lesson([[((40, 40), (np.cos(a), np.sin(a)))] for a in angles])).arrows
    assert np.arctan2(*arrow.velocity[::-1]) == pytest.approx(np.pi / 8, abs=1e-3)
    assert arrow.share == 1


def test_two_opposite_ways_are_two_arrows_and_a_rare_one_is_none():
    ways = [(1.0, 0)] * 50 + [(-0.6, 0)] * 30 + [(0, 2.0)] * 6
    first, second = scene(lesson([[((40, 40), way)] for way in ways])).arrows
    assert first.velocity == pytest.approx((1, 0), abs=1e-5)
    assert second.velocity == pytest.approx((-0.6, 0), abs=1e-5)
    assert (first.share, second.share) == pytest.approx((50 / 86, 30 / 86))


def test_few_bodies_and_slow_ones_make_no_arrow():
    assert not scene(lesson([[((40, 40), (1.0, 0))]] * 4)).arrows
    assert not scene(lesson([[((40, 40), (0.1, 0))]] * 40)).arrows


def test_bodies_at_the_border_count_and_the_mean_speed_is_that_of_all():
    frames = [[((127.9, 95.9), (3.0, 4.0)), ((0, 0), (0, -1.0))]] * 10
    found = scene(lesson(frames))
    assert len(found.arrows) == 2 and found.speed == pytest.approx(3.0)
