"""Pictures in frames: where they are, and what is before them."""

import numpy as np
import pytest

from tests import drawn
from tests.pseudo.walkers import BACK, CAMERA
from vadjax.pseudo.drawing import Placed, draw

MASK = np.pad(np.ones((12, 8), np.uint8), 2)
PICTURE = np.full((16, 12), 250, np.uint8)


def placed(foot, scale=1.0, **more):
    return Placed(PICTURE, MASK, foot, scale, **more)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_picture_stands_on_its_foot_and_nothing_else_changes(channels):
    frame = BACK if channels == 1 else np.stack([BACK] * 3, axis=2)
    one = placed((60.0, 50.0))
    if channels == 3:
        one = Placed(np.stack([PICTURE] * 3, axis=2), MASK, one.foot)
    out, shown = draw(frame, one, CAMERA)
    wanted = np.zeros(BACK.shape, bool)
    wanted[36:48, 56:64] = True
    np.testing.assert_array_equal(shown, wanted)
    assert (out[38:46, 58:62] == 250).all()
    far = np.ones(BACK.shape, bool)
    far[32:52, 52:68] = False
    np.testing.assert_array_equal(out[far], frame[far])


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_its_scale(scale):
    _, shown = draw(BACK, placed((60.0, 60.0), scale), CAMERA)
    assert shown.sum() == pytest.approx(96 * scale**2, rel=0.15)
    assert np.flatnonzero(shown.any(1)).max() == pytest.approx(60 - 2 * scale, abs=1.1)


@pytest.mark.parametrize("foot", [(-3.0, 50.0), (130.0, 50.0), (60.0, 4.0), (60.0, 103.0)])
def test_at_the_edge_a_part_is_drawn(foot):
    _, shown = draw(BACK, placed(foot), CAMERA)
    assert 0 <= shown.sum() < 96


def test_out_of_sight_nothing_is_drawn():
    out, shown = draw(BACK, placed((300.0, 50.0)), CAMERA)
    np.testing.assert_array_equal(out, BACK)
    assert not shown.any()


def test_who_stands_nearer_hides_it_and_who_stands_farther_does_not():
    body = drawn.texture(20, 10)
    for top, hidden in ((40, True), (20, False)):  # feet in rows 60 and 40
        frame = drawn.put(BACK.copy(), body, 55, top)
        _, shown = draw(frame, placed((60.0, 50.0)), CAMERA)
        assert bool(shown.sum() < 60) == hidden
