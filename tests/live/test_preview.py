"""The last week under other settings, against counts by hand."""

import dataclasses
import datetime

from tests.live import made
from vadjax.live.preview import preview
from vadjax.live.settings import SourceSettings

NOON = datetime.datetime(2026, 11, 30, 12).timestamp()


def test_days_and_counts():
    hours = {0: [5, 20], 1: [5], 6: [40, 40, 1], 7: [100]}  # days back -> rarer than hours
    events = [
        made.closed(made.event(start=NOON - 86400 * back, rarer_than_hours=rare))
        for back, values in hours.items()
        for rare in values
    ]
    events.append(dataclasses.replace(events[0], kind="camera_lost"))
    found = preview(events, SourceSettings(alarms_per_day=2.0), NOON)
    assert [row["recorded"] for row in found["days"]] == [3, 0, 0, 0, 0, 1, 2]
    assert [row["counted"] for row in found["days"]] == [2, 0, 0, 0, 0, 0, 1]
    assert found["days"][0]["day"] == "2026-11-24"
    assert (found["recorded"], found["counted"], found["per_day"]) == (6, 3, 3 / 7)
