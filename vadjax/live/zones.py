"""Whether an event counts under the settings of its source; pure functions."""

import datetime
import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from vadjax.live.settings import Period, SourceSettings, Zone

Box = tuple[float, float, float, float]
_ALLOWED_DEGREES = 45.0  # to either side of the direction of a zone
_LEAST_WAY = 0.03  # of the picture's width or height, below which nothing has a direction


class Candidate(Protocol):
    """What of an event is read: `event.Event` has it all."""

    @property
    def kind(self) -> str: ...
    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float | None: ...
    @property
    def box(self) -> Box | None: ...
    @property
    def rarer_than_hours(self) -> float | None: ...
    @property
    def like(self) -> str | None: ...


def applies(
    settings: SourceSettings, event: Candidate, now: float, *, path: Sequence[Box] = ()
) -> bool:
    """Return whether an event counts.

    Where the place of an event is not known, zones do not hide it. What a zone says is said of the
    middle of the event's box.

    Args:
        settings: of its source.
        event: at present; of a loiter zone it counts later, so ask again when it is updated.
        now: seconds since 1970 UTC.
        path: boxes of the event so far, from the first one, for zones with a direction.

    Returns:
        Whether it counts; what is said of the camera itself always does.
    """
    if event.kind != "anomaly":
        return True
    if settings.schedule and not in_schedule(settings.schedule, now):
        return False
    rate, hours = settings.alarms_per_day, event.rarer_than_hours
    often = rate is not None and hours is not None and hours < 24 / rate
    if often and event.like is None:  # its kind matters, however often it comes
        return False
    return event.box is None or _place_counts(settings.zones, event, now, path)


def _place_counts(zones: Sequence[Zone], event: Candidate, now: float, path: Sequence[Box]) -> bool:
    assert event.box is not None
    middle = np.array([_middle(event.box)])
    here = [zone for zone in zones if inside(zone.points, middle)[0]]
    if any(zone.kind == "only" for zone in zones) and not any(z.kind == "only" for z in here):
        return False
    lasted = (now if event.end is None else event.end) - event.start
    heading = heading_of(path)
    for zone in here:
        if zone.kind == "ignore" or (zone.kind == "loiter" and lasted < zone.seconds):
            return False
        if zone.kind == "direction" and heading is not None:
            turn = abs((heading - zone.degrees + 180) % 360 - 180)
            if turn <= _ALLOWED_DEGREES:
                return False
    return True


def mask(shape: tuple[int, int], settings: SourceSettings) -> np.ndarray:
    """Return where a score map counts, by zones "ignore" and "only".

    Args:
        shape: (h, w) of the map.
        settings: of the source.

    Returns:
        bool [h, w], True where it counts, by the middle of each cell.
    """
    height, width = shape
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    cells = np.stack([x.ravel(), y.ravel()], axis=1)  # [h * w, 2]
    of = {kind: [z for z in settings.zones if z.kind == kind] for kind in ("only", "ignore")}
    counts = np.full(len(cells), not of["only"])
    for zone in of["only"]:
        counts |= inside(zone.points, cells)
    for zone in of["ignore"]:
        counts &= ~inside(zone.points, cells)
    return counts.reshape(shape)


def inside(polygon: Sequence[tuple[float, float]], points: np.ndarray) -> np.ndarray:
    """Return which points lie in a polygon, by the even-odd rule.

    Args:
        polygon: its corners (x, y).
        points: [n, 2] float.

    Returns:
        bool [n].
    """
    corners = np.asarray(polygon, np.float64)
    x, y = points[:, :1], points[:, 1:]  # [n, 1]
    x0, y0 = corners.T
    x1, y1 = np.roll(corners, -1, axis=0).T
    spans = (y0 > y) != (y1 > y)  # [n, corners]
    height = np.where(y1 == y0, 1.0, y1 - y0)
    with np.errstate(over="ignore", invalid="ignore"):  # sides that are all but level
        left_of = x < x0 + (y - y0) / height * (x1 - x0)
    return (spans & left_of).sum(axis=1) % 2 == 1


def in_schedule(schedule: Sequence[Period], now: float) -> bool:
    """Return whether a time is in one of the periods, by this machine's local time.

    Args:
        schedule: the periods.
        now: seconds since 1970 UTC.

    Returns:
        Whether it is.
    """
    local = datetime.datetime.fromtimestamp(now)
    minute, today = 60 * local.hour + local.minute, local.weekday()
    yesterday = (today - 1) % 7
    for period in schedule:
        over_midnight = period.end <= period.begin
        end = 1440 if over_midnight else period.end
        if today in period.days and period.begin <= minute < end:
            return True
        if over_midnight and yesterday in period.days and minute < period.end:
            return True
    return False


def heading_of(path: Sequence[Box]) -> float | None:
    """Return the direction of a path in degrees, clockwise, 0 is up; None where it has none."""
    if len(path) < 2:
        return None
    (x0, y0), (x1, y1) = _middle(path[0]), _middle(path[-1])
    if max(abs(x1 - x0), abs(y1 - y0)) < _LEAST_WAY:
        return None
    return math.degrees(math.atan2(x1 - x0, y0 - y1)) % 360


def _middle(box: Box) -> tuple[float, float]:
    left, top, right, bottom = box
    return (left + right) / 2, (top + bottom) / 2
