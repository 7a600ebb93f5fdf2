"""What the last week would have given under other settings."""

import collections
import datetime
from collections.abc import Iterable
from typing import Any

from vadjax.live.event import Event
from vadjax.live.settings import SourceSettings
from vadjax.live.zones import applies

DAYS = 7


def preview(events: Iterable[Event], settings: SourceSettings, now: float) -> dict[str, Any]:
    """Count the events of each of the last days that would count.

    Only what was recorded can be counted: events below the threshold of the watch, or that the
    settings of that time hid, are not among them.

    Args:
        events: of one source.
        settings: that are tried.
        now: seconds since 1970 UTC.

    Returns:
        `days`: a list of {day, recorded, counted}, oldest first, by local time; `recorded` and
        `counted` of all of them, `per_day`.
    """
    today = datetime.datetime.fromtimestamp(now).date()
    days = [today - datetime.timedelta(days=back) for back in range(DAYS)][::-1]
    recorded, counted = collections.Counter[datetime.date](), collections.Counter[datetime.date]()
    for event in events:
        if event.kind == "anomaly":
            day = datetime.datetime.fromtimestamp(event.start).date()
            recorded[day] += 1
            # As it stood when it was over; one that goes on, as it stands now.
            counted[day] += applies(settings, event, now if event.end is None else event.end)
    rows = [{"day": str(d), "recorded": recorded[d], "counted": counted[d]} for d in days]
    total = sum(counted[day] for day in days)
    return {
        "days": rows,
        "recorded": sum(recorded[day] for day in days),
        "counted": total,
        "per_day": total / DAYS,
    }
