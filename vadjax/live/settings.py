"""Zones, schedules and sensitivity of each source, which people change on the page."""

import dataclasses
import json
import pathlib
import threading
from collections.abc import Mapping
from typing import Any

from vadjax.errors import UserError, unknown
from vadjax.storage.files import write_json
from vadjax.storage.json_file import read_object

NAME = "settings.json"
ZONES = ("ignore", "only", "loiter", "direction")
_MOST_ZONES, _MOST_POINTS, _MOST_PERIODS, _MOST_SOURCES = 32, 64, 32, 256
_DAY_S = 86400.0


@dataclasses.dataclass(frozen=True)
class Zone:
    """A part of the picture.

    Attributes:
        kind: "ignore": nothing in it counts. "only": nothing outside of such zones counts.
            "loiter": what is in it counts when it has lasted `seconds`. "direction": what moves in
            it in the direction `degrees` does not count.
        points: corners (x, y) as fractions of the picture's width and height.
        name: for people.
        seconds: of a loiter zone.
        degrees: of a direction zone, clockwise: 0 is up, 90 is right.
    """

    kind: str
    points: tuple[tuple[float, float], ...]
    name: str = ""
    seconds: float = 0.0
    degrees: float = 0.0


@dataclasses.dataclass(frozen=True)
class Period:
    """A time of the week at which events count.

    Attributes:
        days: on which it begins, 0 is Monday.
        begin: minutes after midnight, local time.
        end: minutes after midnight; not later than `begin` is on the next day.
    """

    days: tuple[int, ...]
    begin: int
    end: int


@dataclasses.dataclass(frozen=True)
class SourceSettings:
    """The settings of one source.

    Attributes:
        zones: none means the whole picture.
        schedule: none means always.
        alarms_per_day: at most so many on a normal day, by the scores of normal video; None leaves
            the threshold of the watch.
    """

    zones: tuple[Zone, ...] = ()
    schedule: tuple[Period, ...] = ()
    alarms_per_day: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; `source_settings` reads them."""
        return {
            "zones": [
                {**vars(zone), "points": [list(p) for p in zone.points]} for zone in self.zones
            ],
            "schedule": [
                {"days": list(p.days), "begin": _clock(p.begin), "end": _clock(p.end)}
                for p in self.schedule
            ],
            "alarms_per_day": self.alarms_per_day,
        }


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of all sources, by name."""

    sources: Mapping[str, SourceSettings] = dataclasses.field(default_factory=dict)

    def of(self, source: str) -> SourceSettings:
        """Return the settings of a source; those that change nothing where it has none."""
        return self.sources.get(source, SourceSettings())


class SettingsFile:
    """The file; may be used from several threads and processes.

    Args:
        folder: of the watch.
    """

    def __init__(self, folder: pathlib.Path):
        self._path = folder / NAME
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._kept = Settings()

    def read(self) -> Settings:
        """Return the settings; the file is read again only where it has changed.

        Raises:
            UserError: it is damaged.
        """
        with self._lock:
            return self._read()

    def write(self, source: str, settings: SourceSettings) -> None:
        """Replace the settings of a source, atomically.

        Args:
            source: its name.
            settings: of it.

        Raises:
            UserError: the file cannot be written.
        """
        with self._lock:
            sources = {**self._read().sources, source: settings}
            if len(sources) > _MOST_SOURCES:
                raise UserError(f"settings of more than {_MOST_SOURCES} sources.")
            plain = {name: each.to_dict() for name, each in sources.items()}
            write_json(self._path, {"sources": plain})

    def _read(self) -> Settings:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            self._seen, self._kept = None, Settings()
            return self._kept
        seen = stat.st_mtime_ns, stat.st_size, stat.st_ino
        if seen != self._seen:
            content = read_object(self._path, mend="remove it, and draw zones and schedules again.")
            sources = content.get("sources", {})
            if not isinstance(sources, dict):
                raise UserError(f"{self._path}: 'sources' is no object.")
            self._kept = Settings({name: source_settings(x) for name, x in sources.items()})
            self._seen = seen
        return self._kept


def source_settings(values: object) -> SourceSettings:
    """Check plain values, of the file or of a request.

    Args:
        values: an object with zones, schedule and alarms_per_day, each optional.

    Returns:
        The settings.

    Raises:
        UserError: a value is none.
    """
    known = _object("settings", values, ("zones", "schedule", "alarms_per_day"))
    zones = _list("zones", known.get("zones", []), _MOST_ZONES)
    schedule = _list("schedule", known.get("schedule", []), _MOST_PERIODS)
    rate = known.get("alarms_per_day")
    return SourceSettings(
        tuple(map(_zone, zones)),
        tuple(map(_period, schedule)),
        None if rate is None else _number("alarms_per_day", rate, 1e-3, 1e4),
    )


def _zone(values: object) -> Zone:
    names = tuple(field.name for field in dataclasses.fields(Zone))
    known = _object("zone", values, names)
    kind, name = known.get("kind"), known.get("name", "")
    if not isinstance(kind, str) or kind not in ZONES:
        raise unknown("kind of zone", kind, ZONES)
    if not isinstance(name, str) or len(name) > 80:
        raise UserError("name of a zone: wanted a text of at most 80 characters.")
    points = []
    for point in _list("points", known.get("points"), _MOST_POINTS):
        if not isinstance(point, (list, tuple)) or len(point) != 2:
            raise UserError("points of a zone: wanted pairs [x, y].")
        x, y = (_number("a coordinate", value, 0, 1) for value in point)
        points.append((x, y))
    if len(points) < 3:
        raise UserError(f"a zone has at least 3 points; this one has {len(points)}.")
    seconds = _number("seconds", known.get("seconds", 0), 0, _DAY_S)
    degrees = _number("degrees", known.get("degrees", 0), 0, 360)
    return Zone(kind, tuple(points), name, seconds, degrees)


def _period(values: object) -> Period:
    known = _object("period", values, ("days", "begin", "end"))
    days = _list("days", known.get("days"), 7)
    if not days or any(isinstance(d, bool) or d not in range(7) for d in days):
        raise UserError("days of a period: wanted numbers from 0 (Monday) to 6 (Sunday).")
    return Period(
        tuple(sorted({int(day) for day in days})),
        _minutes(known.get("begin")),
        _minutes(known.get("end")),
    )


def _minutes(text: object) -> int:
    """Return the minutes after midnight of "HH:MM"; "24:00" is the end of the day."""
    parts = text.split(":") if isinstance(text, str) and len(text) <= 5 else []
    if len(parts) == 2 and all(p.isascii() and p.isdigit() for p in parts):
        hour, minute = map(int, parts)
        if minute < 60 and 60 * hour + minute <= 1440:
            return 60 * hour + minute
    raise UserError("begin and end of a period: wanted a time such as 08:30.")


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _object(what: str, values: object, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise UserError(f"{what}: wanted an object with {', '.join(names)}.")
    for name in values:
        if name not in names:
            raise unknown(f"key of {what}", name, names)
    return values


def _list(what: str, values: object, most: int) -> list:
    if not isinstance(values, list) or len(values) > most:
        raise UserError(f"{what}: wanted a list of at most {most}.")
    return values


def _number(what: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        given = json.dumps(value, default=str)[:40]
        raise UserError(f"{what} is {given}; wanted a number from {low:g} to {high:g}.")
    return float(value)
