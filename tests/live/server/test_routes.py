"""What the routes answer, against what was put into the store and the status."""

import http.client
import json
import time
import urllib.parse

import pytest

from tests.live import made
from tests.live.server import watched
from vadjax.live.server import app
from vadjax.live.settings import SettingsFile


def test_events_chosen_and_page_by_page(page):
    known = page.store.list(limit=None)
    first = page.ask("/api/events", limit=5).json
    assert [e["id"] for e in first["events"]] == [e.id for e in known[:5]]
    second = page.ask("/api/events", limit=500, before=first["next"]).json
    assert [e["id"] for e in second["events"]] == [e.id for e in known[5:]]
    assert second["next"] is None
    lost = page.ask("/api/events", kind="camera_lost", source="gate").json["events"]
    assert [e["id"] for e in lost] == ["gate-0005"]
    since = known[2].start
    late = page.ask("/api/events", since=since).json["events"]
    assert len(late) == 3 and page.ask("/api/events", source="nobody").json["events"] == []
    assert page.ask("/api/events/gate-0005").json == page.store.get("gate-0005").to_dict()


def test_an_answer_is_kept_told_and_taken_back(page):
    for answer in ("normal", "matters", None):
        given = page.ask("/api/events/gate-0003/answer", "PUT", {"answer": answer})
        assert given.status == 200 and given.json["answer"] == answer
        assert page.store.get("gate-0003").answer == answer
    assert [event.answer for event in page.answers] == ["normal", "matters", None]
    assert page.ask("/api/events", answer="normal").json["events"] == []


def test_pictures_and_ranges_of_clips(page):
    picture = page.ask("/api/events/gate-0003/picture")
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert picture.body == watched.jpeg(15)
    clip = bytes(range(256)) * 8
    (page.store.folder / "clips" / "3.mp4").write_bytes(clip)
    page.store.put(made.closed(made.event(3, clip="clips/3.mp4", picture="pictures/3.jpg")))
    part = page.ask("/api/events/gate-0003/clip", headers={"Range": "bytes=100-299"})
    assert (part.status, part.body) == (206, clip[100:300])
    assert part.headers["Content-Range"] == "bytes 100-299/2048"
    assert page.ask("/api/events/gate-0004/clip").status == 404


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/hostname", "events.sqlite", "link.jpg"])
def test_no_file_outside_the_folder_and_none_that_is_no_picture(page, name):
    (page.store.folder.parent / "secret.jpg").write_bytes(b"secret")
    (page.store.folder / "link.jpg").symlink_to(page.store.folder.parent / "secret.jpg")
    page.store.put(made.closed(made.event(90, picture=name)))
    answer = page.ask("/api/events/gate-0090/picture")
    assert answer.status == 404 and b"secret" not in answer.body


def test_the_live_picture_and_scores(page):
    watched.show(page.status, step=7)
    assert page.ask("/api/picture", source="gate").body == watched.jpeg(7)
    assert page.ask("/api/picture", source="yard").status == 404
    points = page.ask("/api/scores", source="gate").json["points"]
    assert points == [list(point) for point in page.status.scores("gate")]
    after = points[-3][0]
    assert len(page.ask("/api/scores", source="gate", after=after).json["points"]) == 2
    one, other = page.ask("/api/sources").json
    assert one["name"] == "gate" and one["state"] == "watching" and one["size"] == [360, 240]
    assert other["name"] == "yard" and other["picture_time"] is None


def test_settings_are_written_for_the_watcher(page):
    zone = {"kind": "loiter", "points": [[0, 0], [1, 0], [1, 1]], "seconds": 20}
    values = {"zones": [zone], "schedule": [], "alarms_per_day": 2}
    given = page.ask("/api/settings", "PUT", values, source="gate")
    assert given.status == 200
    assert page.ask("/api/settings", source="gate").json == given.json
    kept = SettingsFile(page.store.folder).read().of("gate")
    assert kept.zones[0].seconds == 20 and kept.alarms_per_day == 2
    wrong = page.ask("/api/settings", "PUT", {"zones": [{**zone, "points": []}]}, source="gate")
    assert wrong.status == 422 and "at least 3 points" in wrong.json["error"]


def test_the_last_week_under_other_settings(page):
    events = [event for event in page.store.list(limit=None) if event.kind == "anomaly"]
    for rate in (0.5, 2, 20):
        found = page.ask("/api/preview", "POST", {"alarms_per_day": rate}, source="gate").json
        assert found["counted"] == sum(e.rarer_than_hours >= 24 / rate for e in events)
        assert found["recorded"] == len(events)


def test_health_and_metrics(page):
    watched.show(page.status)
    page.status.count("gate", dropped=3, reconnects=2)
    health = page.ask("/api/health")
    assert health.status == 200 and health.json["well"]
    (sink,) = health.json["sinks"]
    assert sink["address"] == "https://127.0.0.1:9/T00/s3cr3t" and sink["name"] == "hook"
    lines = page.ask("/metrics").body.decode().splitlines()
    assert 'vadjax_frames_dropped_total{source="gate"} 3' in lines
    assert 'vadjax_latency_seconds{source="gate",quantile="0.5"} 0.06' in lines
    assert 'vadjax_source_up{source="yard"} 0' in lines
    assert 'vadjax_sink_delivered_total{sink="hook"} 0' in lines
    assert "# TYPE vadjax_frames_total counter" in lines
    page.status.set_state("gate", "lost", "no answer")
    health = page.ask("/api/health")
    assert health.status == 503 and health.json["lost"] == ["gate"]


class Stream:
    """Server-sent events, as they come."""

    def __init__(self, url):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=20)
        self.connection.request("GET", "/api/stream")
        self.answer = self.connection.getresponse()
        assert self.answer.headers["Content-Type"].startswith("text/event-stream")

    def next(self, name):
        event = data = None
        while True:
            line = self.answer.readline().decode().strip()
            if line.startswith("event: "):
                event = line[7:]
            elif line.startswith("data: "):
                data = json.loads(line[6:])
            elif not line and event == name:
                return data


def test_scores_and_events_are_sent_as_they_come(page):
    stream = Stream(page.url)
    watched.show(page.status, score=2.0)
    stream.next("now")
    page.store.put(made.event(50))
    assert stream.next("event") == made.event(50).to_dict()
    page.ask("/api/events/gate-0050/answer", "PUT", {"answer": "matters"})
    assert stream.next("event")["answer"] == "matters"
    at = time.time()
    page.status.scored("gate", at, 3.0, 1.25)
    sent = [point for _ in range(2) for point in stream.next("now")["scores"].get("gate", [])]
    assert [at - at % 1, 3.0, 1.25] in sent
    page.close()  # ends the stream, and does not wait for it
    assert stream.answer.read() is not None


@pytest.mark.parametrize(
    ("path", "method", "body", "status", "text"),
    [
        ("/api/events?limit=0", "GET", None, 422, "whole number from 1 to 500"),
        ("/api/events?since=nan", "GET", None, 422, "wanted a number"),
        ("/api/events?kind=x", "GET", None, 422, "kind 'x' unknown"),
        ("/api/events?kind=anomaly&kind=anomaly", "GET", None, 422, "given 2 times"),
        ("/api/events/nothing", "GET", None, 404, "no such event"),
        ("/api/events/%2e%2e%2f", "GET", None, 404, ""),
        ("/api/events/gate-0001/answer", "PUT", {"answer": "yes"}, 422, "answer 'yes' unknown"),
        ("/api/events/gate-0001/answer", "PUT", {"answer": ["x"]}, 422, "unknown"),
        ("/api/events/gate-0001/answer", "PUT", [], 422, "wanted"),
        ("/api/events/nothing/answer", "PUT", {"answer": None}, 404, "no such event"),
        ("/api/events/gate-0001/answer", "PUT", b"{}", 422, "Content-Type"),
        ("/api/settings?source=nobody", "GET", None, 404, "no such source"),
        ("/api/settings", "GET", None, 404, "no such source"),
        ("/api/events", "DELETE", None, 405, "Method Not Allowed"),
        ("/static/../app.py", "GET", None, 404, ""),
        ("/static/%2e%2e%2fapp.py", "GET", None, 404, ""),
        ("/nowhere", "GET", None, 404, "Not Found"),
    ],
)
def test_requests_that_are_none(page, path, method, body, status, text):
    answer = page.ask(path, method, body)
    assert answer.status == status and text in answer.json["error"]


def test_deep_json_and_no_json(page):
    headers = {"Content-Type": "application/json"}
    for body in (b"[" * 50_000, b"{", b"\xff", b"NaN", b'{"zones": NaN}'):
        answer = page.ask("/api/settings?source=gate", "PUT", body, headers=headers)
        assert answer.status == 422, body[:20]


def test_both_pages_have_the_same_head():
    heads = [app._text(name).partition("</head>")[0] for name in ("login.html", "page.html")]
    shared = app._text("head.html")
    assert "stylesheet" in shared and all(shared in head for head in heads)
    assert not any("<!--" in head for head in heads)
