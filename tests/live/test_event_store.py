"""Events outlast processes that are killed, and every change is read once, in order."""

import dataclasses
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from vadjax.errors import UserError
from vadjax.live import retention
from vadjax.live.event import Event, new_id
from vadjax.live.event_store import NAME, EventStore

PUT = """
import pathlib, sys
from vadjax.live.event import Event, new_id
from vadjax.live import retention
from vadjax.live.event_store import EventStore
store = EventStore(pathlib.Path(sys.argv[1]))
number = 0
while True:
    event = Event(new_id("door", number), "door", "anomaly", "open", number, number)
    print(store.put(event), event.id, flush=True)
    number += 1
"""


def event(start=100.0, **values):
    found = {"id": new_id("door", start), "source": "door", "kind": "anomaly", "state": "open"}
    return Event(**{**found, "start": start, "peak": start, **values})


@pytest.fixture
def store(tmp_path):
    found = EventStore(tmp_path)
    yield found
    found.close()


def test_an_event_is_the_same_after_json():
    one = event(box=(0.1, 0.2, 0.3, 0.4), score=1.5, sentence="schneller 🚲", end=101.0)
    assert Event.from_json(one.to_json()) == one
    assert Event.from_dict({**one.to_dict(), "added_later": 1}) == one
    assert json.loads(one.to_json())["clip"] is None


def test_what_cannot_be_an_event_is_refused():
    for wrong in ({"id": "../x"}, {"kind": "party"}, {"state": "gone"}, {"score": float("nan")}):
        with pytest.raises(UserError):
            event(**wrong)
    assert new_id("Tür zum Hof / 2", 0.0).startswith("T-r-zum-Hof-2-19700101T000000-")
    assert new_id("a", 0.0) != new_id("a", 0.0)


def test_the_last_state_is_kept_and_every_change_is_read_in_order(store):
    first = event()
    second = event(200.0, source="yard", kind="camera_lost")
    numbers = [store.put(first), store.put(second)]
    closed = dataclasses.replace(first, state="closed", end=110.0)
    numbers.append(store.put(closed))
    assert numbers == sorted(set(numbers)) and store.last_change() == numbers[-1]
    assert store.get(first.id) == closed and store.get("none") is None
    assert store.changes(0) == [(numbers[0], first), (numbers[1], second), (numbers[2], closed)]
    assert store.changes(numbers[1]) == [(numbers[2], closed)]
    assert store.list() == [second, closed] and store.unfinished() == [second]


def test_events_are_chosen_and_given_page_by_page(store):
    events = [event(float(second)) for second in (1, 2, 2, 3, 4)]
    for one in events:
        store.put(one)
    store.put(event(2.5, source="yard", kind="camera_lost"))
    assert [one.start for one in store.list(source="door", since=2, until=4)] == [3, 2, 2]
    assert [one.source for one in store.list(kind="camera_lost")] == ["yard"]
    seen, before = [], None
    while page := store.list(limit=2, before=before):
        seen += [one.id for one in page]
        before = page[-1].id
    assert len(seen) == len(set(seen)) == 6


def test_an_answer_stays_when_the_event_goes_on(store):
    one = event()
    store.put(one)
    assert store.answer(one.id, "normal").answer == "normal"
    store.put(dataclasses.replace(one, state="closed", end=105.0))
    assert store.get(one.id).answer == "normal" and store.get(one.id).end == 105.0
    assert [each.answer for _, each in store.changes(0)] == [None, "normal", "normal"]
    assert store.list(answer="normal") and not store.list(answer="matters")
    for wrong in ((one.id, "perhaps"), ("none", "normal")):
        with pytest.raises(UserError):
            store.answer(*wrong)


def test_positions_of_readers_stay(tmp_path):
    first = EventStore(tmp_path)
    first.put(event())
    assert first.position("mqtt") is None
    first.advance("mqtt", 1)
    first.close()
    again = EventStore(tmp_path)
    assert again.position("mqtt") == 1 and again.changes(1) == []
    again.close()


def test_numbers_of_changes_never_come_again(store):
    last = store.put(event(0.0, state="closed", end=1.0))
    store.prune(days=1)
    assert store.list() == [] and store.changes(0) == []
    assert store.put(event()) > last


def test_threads_write_and_read_at_once(store):
    def write():
        for second in range(50):
            store.put(event(float(second)))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert len(store.list(limit=None)) <= 200
    for thread in threads:
        thread.join()
    assert [number for number, _ in store.changes(0)] == list(range(1, 201))


def test_retention_in_days_takes_files_and_leaves_what_is_open(store, tmp_path):
    now = time.time()
    for folder in ("clips", "pictures"):
        (tmp_path / folder).mkdir()
    kept = []
    for number, (age_days, state) in enumerate([(9, "closed"), (9, "open"), (1, "closed")]):
        clip = f"clips/{number}.mp4"
        (tmp_path / clip).write_bytes(b"x")
        os.utime(tmp_path / clip, (now - 9000, now - 9000))
        one = event(now - age_days * 86400, state=state, clip=clip)
        store.put(one)
        kept += [one] * (number > 0)
    (tmp_path / "clips/being-written.mp4").write_bytes(b"x")
    store.prune(days=2)
    assert {one.id for one in store.list()} == {one.id for one in kept}
    names = sorted(path.name for path in (tmp_path / "clips").iterdir())
    assert names == ["1.mp4", "2.mp4", "being-written.mp4"]


def test_retention_in_gigabytes_takes_the_oldest_clips_first_and_keeps_events(store, tmp_path):
    for folder in ("clips", "pictures"):
        (tmp_path / folder).mkdir()
    for number in range(4):
        paths = {"clip": f"clips/{number}.mp4", "picture": f"pictures/{number}.jpg"}
        for path in paths.values():
            (tmp_path / path).write_bytes(bytes(500_000))
        store.put(event(float(number), state="closed", end=number + 0.5, **paths))
    changes = store.last_change()
    store.prune(gigabytes=0.003)
    found = store.list()[::-1]
    assert [one.clip is not None for one in found] == [False, False, False, True]
    assert all(one.picture for one in found) and store.last_change() == changes
    assert sum(f.stat().st_size for f in tmp_path.rglob("*") if f.is_file()) <= 3e6


def test_retention_is_not_stopped_by_files_that_are_written_meanwhile(store, tmp_path, monkeypatch):
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.mp4").write_bytes(bytes(500_000))
    store.put(event(1.0, state="closed", end=2.0, clip="clips/a.mp4"))
    own = retention._files

    def files(folder):
        yield from own(folder)
        yield folder / "clips" / ".tmp-b.mp4"  # was there when the folder was listed

    monkeypatch.setattr(retention, "_files", files)
    store.prune(days=1e6, gigabytes=1e-4)
    assert [one.clip for one in store.list()] == [None]


def test_nothing_that_was_announced_is_lost_when_the_process_is_killed(tmp_path):
    announced = []
    for round_number in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", PUT, tmp_path], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3 + 7 * round_number):
            announced.append(child.stdout.readline().split())
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().splitlines()
        announced += [line.split() for line in rest if len(line.split()) == 2]
        child.wait()
    store = EventStore(tmp_path)
    changes = {str(number): one.id for number, one in store.changes(0, limit=100_000)}
    assert all(changes[number] == name for number, name in announced)
    assert len(changes) == len(set(changes.values())) and len(announced) >= 85
    store.close()


def test_files_that_are_no_store_are_said(tmp_path):
    (tmp_path / NAME).write_bytes(b"not a database " * 100)
    with pytest.raises(UserError, match="cannot be used"):
        EventStore(tmp_path)
    newer = sqlite3.connect(tmp_path / "x.sqlite")
    newer.execute("PRAGMA user_version=99")
    newer.close()
    (tmp_path / "x.sqlite").rename(tmp_path / NAME)
    with pytest.raises(UserError, match="newer vadjax"):
        EventStore(tmp_path)
