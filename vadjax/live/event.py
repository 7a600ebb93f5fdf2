"""One event of a watched source: the record that the store, the sinks and the page hand on."""

import dataclasses
import datetime
import json
import math
import re
import secrets
from typing import Any

from vadjax.errors import UserError

KINDS = ("anomaly", "camera_lost", "camera_back", "camera_changed", "clock_jump", "disk_full")
STATES = ("open", "updated", "closed")
ANSWERS = ("normal", "matters")


@dataclasses.dataclass(frozen=True)
class Event:
    """Something that happened before a camera, or to it.

    Times are seconds since 1970 UTC by the clock of the source.

    Attributes:
        id: unique and stable: the same while the event is open, updated and closed. Letters,
            digits, "-", "_" and "." only, so that it may name a file.
        source: name of the source, never its address.
        kind: one of `KINDS`.
        state: one of `STATES`; "updated" is open too.
        start: when it began.
        peak: when its score was highest.
        end: when it ended; None while it is open.
        score: at the peak; None where there is none.
        threshold: that the score has reached.
        cue: name of the part of the detector that found it most unusual.
        sentence: what was seen and what is normal there.
        expected: what the cue measures there usually.
        actual: what it measured.
        box: left, top, right, bottom as fractions of the frame.
        rarer_than_hours: its score comes less often than once in so many hours of normal video.
        picture: path below the folder of the watch.
        clip: path below the folder of the watch.
        answer: one of `ANSWERS`, what a person said; None where nobody has.
        like: id of an event that somebody has said matters, and that this one is like.

    Raises:
        UserError: kind, state or answer is none of these, a number is not finite, or the id cannot
            name a file.
    """

    id: str
    source: str
    kind: str
    state: str
    start: float
    peak: float
    end: float | None = None
    score: float | None = None
    threshold: float | None = None
    cue: str | None = None
    sentence: str | None = None
    expected: float | None = None
    actual: float | None = None
    box: tuple[float, float, float, float] | None = None
    rarer_than_hours: float | None = None
    picture: str | None = None
    clip: str | None = None
    answer: str | None = None
    like: str | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", self.id):
            raise UserError(f"event id {self.id!r}: letters, digits, '-', '_' and '.' only")
        for what, value, choices in (
            ("kind", self.kind, KINDS),
            ("state", self.state, STATES),
            ("answer", self.answer, (None, *ANSWERS)),
        ):
            if value not in choices:
                raise UserError(f"event {self.id}: {what} {value!r} is none of {choices}")
        numbers = (self.start, self.peak, self.end, self.score, self.threshold, self.expected)
        numbers += (self.actual, self.rarer_than_hours, *(self.box or ()))
        if not all(number is None or math.isfinite(number) for number in numbers):
            raise UserError(f"event {self.id}: a number in it is not finite")

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self.state != "closed"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON knows, always with the same keys."""
        found = dataclasses.asdict(self)
        found["box"] = None if self.box is None else list(self.box)
        return found

    def to_json(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(self.to_dict(), allow_nan=False)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Event":
        """Return the event of `to_dict`; keys that a newer vadjax has added are left out."""
        names = {field.name for field in dataclasses.fields(cls)}
        kept = {name: value for name, value in values.items() if name in names}
        if kept.get("box") is not None:
            left, top, right, bottom = kept["box"]
            kept["box"] = (left, top, right, bottom)
        return cls(**kept)

    @classmethod
    def from_json(cls, text: str) -> "Event":
        """Return the event of `to_json`."""
        return cls.from_dict(json.loads(text))


def new_id(source: str, start: float) -> str:
    """Return an id that no other event has.

    Args:
        source: name of the source.
        start: seconds since 1970 UTC.

    Returns:
        The source's letters and digits, the time to the second in UTC, and 48 random bits.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "-", source).strip("-")[:32] or "source"
    at = datetime.datetime.fromtimestamp(start, datetime.UTC)
    return f"{name}-{at:%Y%m%dT%H%M%S}-{secrets.token_hex(6)}"
