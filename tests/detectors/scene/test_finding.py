"""Where in a map an alarm is, and which frames are needed to say it."""

import numpy as np
import pytest

from tests import drawn
from vadjax.detectors.scene import explaining
from vadjax.detectors.scene.cue import Camera, Saying
from vadjax.detectors.scene.explaining import _stretches
from vadjax.detectors.scene.finding import Finder

CAMERA = Camera(drawn.reference(drawn.backdrop(), body=16), 10.0)


class Said:
    """A follower that says which cell it was asked about."""

    def say(self, cell, value, moving):
        way = "gone" if moving is None else f"{moving.way}, {moving.speed:.1f}"
        return Saying(f"{cell} {value:.0f} {way}", value, 1.0, "s")


def found(values, places, velocity, raw=None, weaker=0.1):
    values = np.asarray(values, np.float32)
    names = {"one": values * weaker, "two": values}
    finder = Finder(CAMERA, dict.fromkeys(names, Said()))
    raws = dict.fromkeys(names, values if raw is None else raw)
    return finder(7, names, raws, drawn.bodies(places, velocity=velocity))


def painted(row, column, value=5.0):
    values = np.zeros((12, 16), np.float32)
    values[row - 3 : row + 4, column - 3 : column + 4] = value
    return values


def test_the_box_is_that_of_the_body_in_the_middle_of_the_flat_peak():
    one = found(painted(5, 7), [(59, 43), (90, 43)], [(1, 0), (0, 1)])
    assert (one.frame, one.cue) == (7, "two")
    assert one.text == "(5, 7) 5 to the right, 1.0"
    assert (one.value, one.usual, one.unit) == (5.0, 1.0, "s")
    left, top, width, height = one.box
    assert height == 16 and width == 10
    assert abs(left + width / 2 - 59) <= 1 and abs(top + height / 2 - 43) <= 1


@pytest.mark.parametrize("weaker, told", [(0.39, False), (0.41, True)])
def test_a_second_cue_is_told_where_it_sees_what_is_rare(weaker, told):
    one = found(painted(5, 7), [(59, 43)], [(1, 0)], weaker=weaker)
    assert one.cue == "two" and (" It also " in one.text) == told


def test_of_two_equal_peaks_one_is_meant_and_not_the_middle_of_both():
    values = np.maximum(painted(4, 3), painted(4, 12))
    assert found(values, [(28, 36)], [(0, -1)]).text.startswith("(4, 3)")


def test_where_no_body_is_near_the_box_is_at_the_cell():
    one = found(painted(5, 7), [(4, 92)], [(1, 0)])
    assert one.text.endswith("gone") and one.normal is None
    left, top, width, height = one.box
    assert abs(left + width / 2 - 60) <= 1 and abs(top + height / 2 - 44) <= 1


def test_a_dilated_value_is_traced_to_the_cell_it_came_from():
    raw = np.zeros((12, 16), np.float32)
    raw[6, 8] = 5
    values = np.zeros((12, 16), np.float32)
    values[5, 7] = 6  # the sum is largest beside it
    assert found(values, [], [], raw=raw).text.startswith("(6, 8) 5")


@pytest.mark.parametrize(
    ("frames", "before", "wanted"),
    [
        ([50], 10, [(40, 51)]),
        ([0], 10, [(0, 2)]),
        ([5, 50, 55, 90], 10, [(0, 6), (40, 56), (80, 91)]),
        ([99], np.inf, [(0, 100)]),
    ],
)
def test_no_more_frames_are_read_than_a_frame_needs(frames, before, wanted):
    assert _stretches(frames, before, 100) == wanted


def test_a_cue_that_remembers_everything_is_followed_from_the_start(monkeypatch):
    class Old:
        pass

    monkeypatch.setitem(explaining.CUES, "old", Old)
    assert explaining._frames_before({"cues": {"speed": {}, "old": {}}}, CAMERA) == np.inf
    assert explaining._frames_before({"cues": {"speed": {}}}, CAMERA) < 20
