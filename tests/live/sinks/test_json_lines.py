"""A line for each announcement; a line that a crash cut off is written anew."""

import json

import pytest

from tests.live import made
from vadjax.live.sinks import open_sink
from vadjax.live.sinks.contract import Announcement, Undelivered


def started(path):
    sink = open_sink(f"jsonl:{path}")
    sink.start([])
    return sink


def test_none_twice_after_a_restart_and_a_torn_line_is_removed(tmp_path):
    path = tmp_path / "new" / "events.jsonl"
    first, second = (Announcement(made.event(n), tmp_path) for n in (0, 1))
    started(path).deliver(first)
    with path.open("a") as file:
        file.write('{"key": "gate-0001:op')
    sink = started(path)
    for announcement in (first, second, second):
        sink.deliver(announcement)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["key"] for row in rows] == ["gate-0000:open", "gate-0001:open"]
    assert rows[0]["score"] == 2.5 and rows[0]["box"] == [0.25, 0.5, 0.5, 0.75]


def test_a_folder_in_its_place_is_said(tmp_path):
    with pytest.raises(Undelivered, match="is a folder"):
        started(tmp_path)
