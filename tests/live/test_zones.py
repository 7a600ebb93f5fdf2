"""Zones, schedules and sensitivity, against cases made by hand and OpenCV's polygons."""

import datetime

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies

from tests.live import made
from vadjax.errors import UserError
from vadjax.live.settings import Period, SettingsFile, SourceSettings, Zone, source_settings
from vadjax.live.zones import applies, heading_of, in_schedule, inside, mask

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
NOW = made.START


def with_zone(kind, **options):
    return SourceSettings(zones=(Zone(kind, LEFT, **options),))


def at(x, **changes):
    return made.event(box=(x - 0.1, 0.4, x + 0.1, 0.6), start=NOW, **changes)


@pytest.mark.parametrize(
    ("kind", "left", "right"), [("ignore", False, True), ("only", True, False)]
)
def test_ignore_and_only(kind, left, right):
    zone = with_zone(kind)
    assert applies(zone, at(0.3), NOW) is left and applies(zone, at(0.7), NOW) is right
    assert applies(zone, made.event(box=None), NOW)
    assert applies(zone, at(0.3 if kind == "ignore" else 0.7, kind="camera_lost"), NOW)
    assert mask((2, 4), zone).tolist() == [[left, left, right, right]] * 2


def test_ignore_within_only():
    inner = ((0.0, 0.0), (0.25, 0.0), (0.25, 1.0), (0.0, 1.0))
    both = SourceSettings(zones=(Zone("only", LEFT), Zone("ignore", inner)))
    assert mask((1, 4), both).tolist() == [[False, True, False, False]]
    assert [applies(both, at(x), NOW) for x in (0.1, 0.4, 0.9)] == [False, True, False]


def test_loitering_counts_when_it_has_lasted():
    zone = with_zone("loiter", seconds=20)
    assert [applies(zone, at(0.3), NOW + s) for s in (0, 19.9, 20)] == [False, False, True]
    assert not applies(zone, at(0.3, state="closed", end=NOW + 5), NOW + 1000)
    assert applies(zone, at(0.7), NOW)


def test_a_direction_that_is_allowed():
    zone = with_zone("direction", degrees=90)
    rightwards = [(x - 0.1, 0.4, x + 0.1, 0.6) for x in (0.1, 0.2, 0.3)]
    assert not applies(zone, at(0.3), NOW, path=rightwards)
    assert applies(zone, at(0.1), NOW, path=rightwards[::-1])
    assert applies(zone, at(0.3), NOW, path=rightwards[-1:])  # nothing is known of its direction
    assert applies(zone, at(0.3), NOW)


@pytest.mark.parametrize(
    ("to", "degrees"), [((0.5, 0.2), 0), ((0.8, 0.5), 90), ((0.5, 0.8), 180), ((0.2, 0.5), 270)]
)
def test_headings(to, degrees):
    path = [(x, y, x, y) for x, y in ((0.5, 0.5), to)]
    assert heading_of(path) == pytest.approx(degrees)
    assert heading_of([path[0], path[0]]) is None


def test_sensitivity_by_how_rare_it_is():
    settings = SourceSettings(alarms_per_day=2.0)  # rarer than once in 12 hours
    rare = [applies(settings, at(0.3, rarer_than_hours=h), NOW) for h in (11.9, 12.0, None)]
    assert rare == [False, True, True]


def when(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def test_schedules_also_over_midnight():
    night = (Period((4,), 22 * 60, 6 * 60),)  # Friday to Saturday
    times = ["2026-11-27T21:59", "2026-11-27T22:00", "2026-11-28T05:59", "2026-11-28T06:00"]
    assert [in_schedule(night, when(text)) for text in times] == [False, True, True, False]
    assert not in_schedule(night, when("2026-11-27T03:00"))  # of Thursday's night, none
    sunday = (Period((6,), 22 * 60, 6 * 60),)
    assert in_schedule(sunday, when("2026-11-30T01:00"))  # a Monday
    day = (Period((0, 1), 0, 1440),)
    assert in_schedule(day, when("2026-11-30T23:59")) and not in_schedule(day, when("2026-12-02"))
    assert not applies(SourceSettings(schedule=day), at(0.3), when("2026-12-02"))


@settings(max_examples=60, deadline=None)
@given(
    strategies.lists(
        strategies.tuples(strategies.integers(0, 40), strategies.integers(0, 40)),
        min_size=3,
        max_size=7,
        unique=True,
    )
)
def test_points_in_polygons_as_opencv_fills_them(corners):
    points = np.stack(np.meshgrid(np.arange(40), np.arange(40)), -1).reshape(-1, 2) + 0.5
    own = inside(corners, points)
    fine = 16  # OpenCV draws on the grid: fine enough that middles of cells are off the lines
    canvas = np.zeros((40 * fine + 1, 40 * fine + 1), np.uint8)
    scaled = (np.array(corners) * fine).astype(np.int32)
    cv2.fillPoly(canvas, [scaled], 1)
    theirs = canvas[(points[:, 1] * fine).astype(int), (points[:, 0] * fine).astype(int)] == 1
    line = np.zeros_like(canvas)
    cv2.polylines(line, [scaled], True, 1, thickness=3)
    near = line[(points[:, 1] * fine).astype(int), (points[:, 0] * fine).astype(int)] == 1
    assert (own == theirs)[~near].all()


def test_the_file_is_read_again_when_it_has_changed(tmp_path):
    file, other = SettingsFile(tmp_path), SettingsFile(tmp_path)
    assert file.read().of("gate") == SourceSettings()
    wanted = SourceSettings(
        (Zone("loiter", LEFT, "door", seconds=30.0),), (Period((0, 6), 510, 1440),), 3.0
    )
    other.write("gate", wanted)
    assert file.read().of("gate") == wanted and file.read() is file.read()
    other.write("yard", SourceSettings())
    assert set(file.read().sources) == {"gate", "yard"}
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        file.read()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "wanted an object"),
        ({"zone": []}, "Did you mean 'zones'"),
        ({"zones": [{"kind": "ignores", "points": [[0, 0]] * 3}]}, "Did you mean 'ignore'"),
        ({"zones": [{"kind": "ignore", "points": [[0, 0], [1, 1]]}]}, "at least 3 points"),
        ({"zones": [{"kind": "ignore", "points": [[0, 0], [1, 1], [0, 1.5]]}]}, "from 0 to 1"),
        ({"zones": [{"kind": "ignore", "points": [[0, 0], [1, 1], [0, True]]}]}, "from 0 to 1"),
        ({"zones": [{"kind": "ignore", "points": [[0, 0], [1, 1], 3]}]}, "pairs"),
        ({"zones": [{"kind": [], "points": []}]}, "kind of zone"),
        ({"zones": [{}] * 33}, "at most 32"),
        ({"schedule": [{"days": [7], "begin": "08:00", "end": "09:00"}]}, "Monday"),
        ({"schedule": [{"days": [0], "begin": "8", "end": "09:00"}]}, "08:30"),
        ({"schedule": [{"days": [0], "begin": "24:30", "end": "09:00"}]}, "08:30"),
        ({"alarms_per_day": 0}, "from 0.001"),
        ({"alarms_per_day": float("nan")}, "wanted a number"),
        ({"alarms_per_day": "3"}, "wanted a number"),
    ],
)
def test_settings_that_are_none(values, message):
    with pytest.raises(UserError, match=message):
        source_settings(values)
