"""Events as a watch makes them."""

import dataclasses

from vadjax.live.event import Event

START = 1_790_000_000.0  # 2026-09-21, seconds since 1970 UTC


def event(number: int = 0, **changes) -> Event:
    """Return an open event; `number` tells it from others."""
    made = Event(
        id=f"gate-{number:04d}",
        source="gate",
        kind="anomaly",
        state="open",
        start=START + 60 * number,
        peak=START + 60 * number + 1,
        score=2.5,
        threshold=1.25,
        cue="speed",
        sentence=f"Something moves 4.{number} times as fast as ever here.",
        expected=1.0,
        actual=4.0,
        box=(0.25, 0.5, 0.5, 0.75),
        rarer_than_hours=30.0,
    )
    return dataclasses.replace(made, **changes)


def closed(made: Event, *, after_s: float = 5.0) -> Event:
    """Return the event when it is over."""
    return dataclasses.replace(made, state="closed", end=made.start + after_s)
