"""Tracks played faster, backwards and beyond their ends, in closed form."""

import numpy as np
import pytest

from vadjax.pseudo.paths import played
from vadjax.pseudo.tracks import Track

SHAPE = (100, 200)


def track(step=(2.0, 0.5), number=21, jitter=0.0):
    feet = np.array([60.0, 50.0]) + np.arange(number)[:, None] * np.array(step)
    feet[:, 0] += jitter * (-1) ** np.arange(number)
    return Track("a", 10.0, feet, np.full(number, 20.0))


@pytest.mark.parametrize("speed", [1.0, 2.5])
def test_it_goes_on_straight_until_it_is_out_of_sight(speed):
    feet, shown, first = played(track(), SHAPE, speed=speed, backwards=False)
    np.testing.assert_allclose(np.diff(feet, axis=0), [[2 * speed, 0.5 * speed]] * (len(feet) - 1))
    np.testing.assert_allclose(feet[first], [60, 50], atol=1e-9)
    assert shown[first] == 0 and shown.min() == 0 and shown.max() == 20
    assert feet[0, 0] < 0 and feet[-1, 0] > 200  # half a body beyond the frame


def test_backwards_it_begins_at_the_end():
    feet, shown, first = played(track(), SHAPE, speed=1.0, backwards=True)
    np.testing.assert_allclose(feet[first], [100, 60])
    np.testing.assert_allclose(np.diff(feet, axis=0), [[-2, -0.5]] * (len(feet) - 1))
    assert shown[first : first + 21].tolist() == [*range(20, -1, -1)]


def test_pictures_keep_their_places():
    """Boxes are uneven; a picture belongs where its own box was."""
    own = track(jitter=0.5)
    feet, _, first = played(own, SHAPE, speed=1.0, backwards=False)
    np.testing.assert_allclose(feet[first : first + 21], own.feet)


def test_who_stands_is_continued_for_a_while_only():
    feet, _, _ = played(track(step=(0.001, 0.0)), SHAPE, speed=1.0, backwards=False)
    assert len(feet) < 700
