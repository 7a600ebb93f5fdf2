"""Alarms of files and events of a watch on one page; answers become labels, and go back."""

import csv
import functools
import json

import numpy as np
import pytest

from tests.live.server import watched
from tests.live.server.asked import ask
from vadjax.data.labels.labels_csv import Length, read_csv
from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.live.event_store import EventStore
from vadjax.live.review import Review
from vadjax.live.server import Server
from vadjax.report.alarm_files import write_alarms

SCORES = np.array([0, 0, 2, 3, 0, 0, 0, 4, 0, 0.0])


def detected(folder, *names):
    """Write a detect folder with two alarms of each video."""
    alarms = np.array([[2, 4], [7, 8]])
    videos = [
        ScoredVideo(id=n, scores=SCORES, threshold=1.0, alarms=alarms, fps=2.0) for n in names
    ]
    write_alarms(folder, videos)


@pytest.fixture
def folder(tmp_path):
    detected(tmp_path / "runs" / "door" / "detect", "night.mp4", "=day.mp4")
    watched.fill_store(tmp_path / "watch", source="gate").close()
    return tmp_path


def test_alarms_and_events_side_by_side(folder):
    review = Review(folder)
    events = review.store.list(limit=None)
    assert {e.source for e in events} == {"runs/door/detect", "gate"}
    alarms = review.store.list(source="runs/door/detect")
    assert len(alarms) == 4 and len(events) == 16
    first = min((e for e in alarms if "night" in e.sentence), key=lambda e: e.start)
    assert first.sentence == "night.mp4, 0:01: alarm" and first.score == 3 and first.threshold == 1
    assert first.end - first.start == 1.0
    review.store.close()


def test_answers_become_labels_and_go_back_to_the_watch(folder):
    review = Review(folder)
    page = {"title": "Review", "answered": review.answered, "port": 0}
    server = Server(folder, review.store, **page)
    server.start()
    try:
        get = functools.partial(ask, server.url)
        alarms = get("/api/events", source="runs/door/detect").json["events"]
        night = sorted((e for e in alarms if "night" in e["sentence"]), key=lambda e: e["start"])
        day = [e for e in alarms if "day" in e["sentence"]]
        for event, answer in [(night[0], "matters"), (night[1], "normal"), (day[0], "normal")]:
            assert get(f"/api/events/{event['id']}/answer", "PUT", {"answer": answer}).status == 200
        picture = get("/api/events/gate-0003/picture")
        assert picture.body == watched.jpeg(15)
        assert get("/api/events/gate-0003/answer", "PUT", {"answer": "matters"}).status == 200
    finally:
        server.close()
        review.store.close()
    rows = list(csv.reader((folder / "labels.csv").open()))
    assert rows == [["video", "start", "stop"], ["'=day.mp4", "", ""], ["night.mp4", "2", "4"]]
    lengths = {name: Length(10) for name in ("night.mp4", "=day.mp4")}
    labels = read_csv(folder / "labels.csv", lengths)["night.mp4"].labels
    assert labels.tolist() == [0, 0, 1, 1, 0, 0, 0, 0, 0, 0]
    store = EventStore(folder / "watch")
    assert store.get("gate-0003").answer == "matters"
    store.close()
    again = Review(folder)  # answers stay
    assert again.store.get(night[0]["id"]).answer == "matters"
    assert len(again.store.list(limit=None)) == 16
    again.store.close()


def test_folders_that_hold_nothing_or_nonsense(tmp_path):
    with pytest.raises(UserError, match=r"no alarms\.jsonl"):
        Review(tmp_path)
    (tmp_path / "alarms.jsonl").write_text(json.dumps({"video": "a"}) + "\n")
    with pytest.raises(UserError, match="line 1"):
        Review(tmp_path)
