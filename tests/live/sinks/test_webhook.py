"""Posts with a key, retried while the server fails; no redirect is followed."""

import base64
import http.server
import json
import threading

import pytest

from tests.live import made
from vadjax.live.event_store import EventStore
from vadjax.live.sinks import open_sink
from vadjax.live.sinks.contract import Announcement, Refused, Undelivered
from vadjax.live.sinks.delivery import Delivery


class Hook(http.server.ThreadingHTTPServer):
    """Answers with `statuses` in turn, then with 204; notes what it got."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.got, self.statuses, self.headers = [], [], {}
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.headers, json.loads(body)))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def hook():
    hook = Hook()
    yield hook
    hook.shutdown()
    hook.server_close()


def test_what_is_posted(hook, tmp_path, monkeypatch):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "0.jpg").write_bytes(b"jpeg")
    event = made.event(picture="pictures/0.jpg")
    open_sink(hook.address).deliver(Announcement(event, tmp_path))
    headers, content = hook.got[0]
    assert headers["Idempotency-Key"] == content["key"] == "gate-0000:open"
    assert content["sentence"] == event.sentence and content["state"] == "open"
    assert "picture_jpeg" not in content and headers["Authorization"] is None
    monkeypatch.setenv("VADJAX_WEBHOOK_TOKEN", "abc")
    open_sink(hook.address + "#pictures=yes").deliver(Announcement(event, tmp_path))
    headers, content = hook.got[1]
    assert base64.b64decode(content["picture_jpeg"]) == b"jpeg"
    assert headers["Authorization"] == "Bearer abc"


def test_no_file_outside_the_folder_is_sent(tmp_path):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "watch").mkdir()
    event = made.event(picture="../secret")
    assert Announcement(event, tmp_path / "watch").picture() is None


def test_it_is_tried_again_with_the_same_key(hook, tmp_path):
    store = EventStore(tmp_path)
    hook.statuses = [503, 429, 500]
    delivery = Delivery(store, [open_sink(hook.address)], first_wait_s=0.01)
    delivery.start()
    store.put(made.event())
    store.put(made.event(1))
    assert delivery.wait(10)
    delivery.close()
    store.close()
    keys = [headers["Idempotency-Key"] for headers, _ in hook.got]
    assert keys == ["gate-0000:open"] * 4 + ["gate-0001:open"]


@pytest.mark.parametrize(
    ("status", "error"), [(400, Refused), (422, Refused), (401, Undelivered), (302, Undelivered)]
)
def test_what_a_status_means(hook, tmp_path, status, error):
    hook.statuses, hook.headers = [status], {"Location": "/elsewhere", "Retry-After": "7"}
    with pytest.raises(error, match=str(status)) as caught:
        open_sink(hook.address).deliver(Announcement(made.event(), tmp_path))
    assert len(hook.got) == 1
    assert getattr(caught.value, "wait_s", 7) == 7


def test_nobody_there(tmp_path):
    with pytest.raises(Undelivered, match="no answer"):
        open_sink("http://127.0.0.1:9/x").deliver(Announcement(made.event(), tmp_path))
