"""What somebody has said matters is told as such when it comes again, and is kept."""

import dataclasses
import time

import numpy as np
import pytest

from tests.live.made import START, closed, event
from tests.live.test_watched import Detector, make  # noqa: F401  # a fixture
from vadjax.live.event_store import EventStore
from vadjax.live.feedback import Feedback
from vadjax.live.likeness import like
from vadjax.live.settings import SourceSettings
from vadjax.live.sinks.address import Address
from vadjax.live.sinks.contract import Announcement
from vadjax.live.sinks.mail import MailSink
from vadjax.live.usual import Usual
from vadjax.live.zones import applies

ELSEWHERE = (0.7, 0.0, 0.9, 0.2)


@pytest.mark.parametrize(
    ("changes", "alike"),
    [
        ({}, True),
        ({"box": (0.3, 0.6, 0.4, 0.7)}, True),  # inside
        ({"box": ELSEWHERE}, False),
        ({"cue": "look"}, False),
        ({"box": None}, True),
        ({"box": None, "cue": None}, False),
        ({"kind": "camera_changed"}, False),
    ],
)
def test_what_is_like_an_event_that_matters(changes, alike):
    matters = [event(1), event(2, box=ELSEWHERE, cue="crossing")]
    assert like(event(5, **changes), matters) == ("gate-0001" if alike else None)
    assert like(event(5), []) is None and like(event(1), matters) is None


def test_its_like_passes_the_sensitivity_and_not_the_schedule():
    often = event(5, rarer_than_hours=0.5)
    settings = SourceSettings(alarms_per_day=1.0)
    assert not applies(settings, often, START)
    assert applies(settings, dataclasses.replace(often, like="gate-0001"), START)
    never = SourceSettings(schedule=(), zones=())
    assert applies(never, often, START)


def test_its_like_is_announced_as_important(tmp_path):
    sink = MailSink(Address("smtp://host/?from=a@b.c&to=d@e.f"))
    plain, marked = (
        sink.message(Announcement(event(5, like=other), tmp_path)) for other in (None, "gate-0001")
    )
    assert plain["Importance"] is None and not plain["Subject"].startswith("important")
    assert marked["Importance"] == "high" and marked["Subject"].startswith("important: gate")


def test_it_outlasts_the_retention(tmp_path):
    store, old = EventStore(tmp_path), time.time() - 9 * 86400
    for folder in ("clips", "pictures"):
        (tmp_path / folder).mkdir()
    for number, answer in enumerate(("matters", "normal", None, "matters")):
        clip = f"clips/{number}.mp4"
        (tmp_path / clip).write_bytes(bytes(500_000))
        one = event(number, start=old + number, peak=old + number, clip=clip, answer=answer)
        store.put(closed(one))
    store.prune(gigabytes=0.0015)
    clips = {one.id[-1]: one.clip is not None for one in store.list()}
    assert clips == {"0": True, "1": False, "2": False, "3": True}
    store.prune(days=2)
    assert {one.id[-1] for one in store.list()} == {"0", "3"}
    assert sorted(path.name for path in (tmp_path / "clips").iterdir()) == ["0.mp4", "3.mp4"]
    store.prune(gigabytes=0.0008)  # the disk has its bounds all the same
    assert [one.clip is not None for one in store.list()] == [True, False]
    store.close()


def test_what_was_seen_in_it_follows_the_answer(tmp_path):
    store = EventStore(tmp_path)
    one = closed(event(1))
    store.put(one)
    feedback = Feedback(store)
    feedback.keep(one, [{"at": np.arange(3.0)}])
    for answer, kept in (("matters", (0, 1)), ("normal", (1, 0)), (None, (0, 0))):
        store.answer(one.id, answer)
        assert feedback.news() == {"gate"} and feedback.news() == set()
        assert (len(feedback.accepted("gate")), len(feedback.mattering("gate"))) == kept
        assert len(feedback.answered("gate", "matters")) == kept[1]
    silent = closed(event(2))  # of which nothing was seen that could be kept
    store.put(silent)
    store.answer(silent.id, "normal")
    assert feedback.news() == {"gate"}
    store.close()


def test_events_of_a_watch_name_the_one_that_they_are_like(make, tmp_path):  # noqa: F811
    store = EventStore(tmp_path)
    old = event(1, source="door", cue=None, box=(0.2, 0.4, 0.6, 0.8), start=1.0, peak=1.0)
    store.put(closed(dataclasses.replace(old, answer="matters")))
    _, feed, finished, _ = make(Detector(), watched={"feedback": Feedback(store)})
    feed([10] * 5 + [120] + [10] * 20)
    new = next(one for one in finished().list() if one.id != old.id)
    assert new.like == old.id
    store.close()


def test_events_of_a_watch_have_the_threshold_of_their_hour(make, monkeypatch):  # noqa: F811
    usual = Usual([1.0], 100.0, forget_s=1.0)
    shifts = iter([0.0] * 8 + [30.0] * 100)
    monkeypatch.setattr(usual, "shift", lambda wall: next(shifts))
    one, feed, finished, _ = make(Detector(), watched={"usual": usual})
    feed([10] * 5 + [120] + [10] * 14 + [120, 10, 140, 135] + [10] * 20)
    last, first = finished().list()
    assert (first.score, first.threshold, first.rarer_than_hours) == (120.0, 100.0, 12.0)
    assert (last.score, last.threshold, last.rarer_than_hours) == (140.0, 130.0, 11.0)
    assert one._status.latest("door").threshold in (100.0, 130.0)
