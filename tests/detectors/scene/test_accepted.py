"""What was called normal is known again: the same body, there, on the same way; nothing else is."""

import numpy as np

from vadjax.detectors.scene.accepted import Accepted, Seen, regions, responsible
from vadjax.detectors.scene.bodies import Bodies

GRID = (20, 30)
LOOK = {"mean": np.zeros(4, np.float32), "axes": np.eye(4, dtype=np.float32), "base": 1.0}


def bodies(*each):
    """Bodies at (x, y) in cells, with velocity and look."""
    centres = np.array([(8 * x + 4, 8 * y + 4) for (x, y), _, _ in each], np.float32)
    velocity = np.array([way for _, way, _ in each], np.float32)
    looks = np.array([look for _, _, look in each], np.float32)
    height = np.full(len(each), 40.0, np.float32)
    return Bodies(np.zeros((*GRID, 6), np.float32), centres, height, velocity, looks)


def heat(*peaks):
    """A map with a block of 3 x 3 cells at each (x, y, value)."""
    found = np.full(GRID, 0.5, np.float32)
    for x, y, value in peaks:
        found[y - 1 : y + 2, x - 1 : x + 2] = value
    return found


CYCLIST, WALKER = (4.0, 0, 0, 0), (0, 4.0, 0, 0)
FAST, SLOW = (1.5, 0.0), (0.3, 0.0)


def event(rng, *, x=range(5, 25), y=10, way=FAST, look=CYCLIST):
    """A body that crosses the picture, with looks that differ a little from frame to frame."""
    parts = []
    for number, column in enumerate(x):
        seen = bodies(((column, y), way, look + rng.normal(0, 0.2, 4)))
        parts.append(responsible(seen, heat((column, y, 9.0)), number / 10, 5.0))
    return Seen.joined(parts)


def test_the_same_body_is_known_and_another_look_way_or_place_is_not():
    rng = np.random.default_rng(0)
    accepted = Accepted([event(rng)], 5.0, LOOK)
    noise = rng.normal(0, 0.2, (20, 4))
    for number, column in enumerate(range(5, 25)):
        for known, where, way, look in (
            (True, (column, 10), FAST, CYCLIST),
            (True, (column, 11), (1.7, 0.1), CYCLIST),
            (False, (column, 10), FAST, WALKER),
            (False, (column, 10), SLOW, CYCLIST),
            (False, (column, 10), (-1.5, 0.0), CYCLIST),
            (False, (column, 10), (4.0, 0.0), CYCLIST),
        ):
            one = bodies((where, way, np.array(look) + noise[number]))
            assert accepted.known(one).tolist() == [known], (where, way, look)
    far = bodies(((15, 2), FAST, CYCLIST), ((15, 18), FAST, CYCLIST))
    assert not Accepted([event(rng, x=range(5, 9))], 5.0, LOOK).known(far).any()


def test_only_the_regions_of_known_bodies_are_hidden():
    rng = np.random.default_rng(1)
    accepted = Accepted([event(rng)], 5.0, LOOK)
    both = bodies(((8, 10), FAST, CYCLIST), ((20, 10), FAST, WALKER))
    left = accepted.left_of(both, heat((8, 10, 9.0), (20, 10, 7.0)))
    np.testing.assert_array_equal(left, heat((20, 10, 7.0)))
    alone = bodies(((8, 10), FAST, CYCLIST))
    assert accepted.left_of(alone, heat((8, 10, 9.0))).max() == 0.5
    low = heat((8, 10, 4.9))
    assert accepted.left_of(alone, low) is low  # what raises no alarm stays as it is


def test_a_region_is_put_down_to_the_body_nearest_to_its_peak():
    seen = bodies(((5, 5), FAST, CYCLIST), ((9, 5), SLOW, WALKER), ((25, 15), SLOW, WALKER))
    found = heat((5, 5, 9.0), (8, 5, 6.0), (15, 15, 8.0))
    ((region, body),) = regions(seen, found, 5.0)  # the third is too far from any body
    assert body == 0 and region.sum() == 18
    assert responsible(seen, found, 2.0, 5.0).at.tolist() == [2.0]


def test_frames_without_bodies_and_long_events():
    nobody = Bodies(
        np.zeros((*GRID, 6), np.float32),
        *(np.zeros((0, 2), np.float32), np.zeros(0, np.float32), np.zeros((0, 2), np.float32)),
        np.zeros((0, 4), np.float32),
    )
    rng = np.random.default_rng(2)
    one = event(rng)
    assert not len(responsible(nobody, heat((3, 3, 9.0)), 0.0, 5.0).at)
    assert Accepted([one], 5.0, LOOK).left_of(nobody, heat((3, 3, 9.0))).max() == 9.0
    assert len(Seen.joined([one] * 100).at) == 400


def test_what_is_like_an_event_that_matters_is_never_hidden():
    rng = np.random.default_rng(0)
    both, seen = event(rng), event(np.random.default_rng(1))
    body = bodies(((15, 10), FAST, CYCLIST))
    assert Accepted([both], 5.0, LOOK).known(body).all()
    assert not Accepted([both], 5.0, LOOK, never=[seen]).known(body).any()
    other = event(np.random.default_rng(1), look=WALKER)
    assert Accepted([both], 5.0, LOOK, never=[other]).known(body).all()
