"""Who may ask for what: tokens, hosts, origins, sizes, TLS."""

import http.client
import shutil
import socket
import subprocess
import urllib.parse

import pytest

from tests.live.server import asked, watched
from vadjax.errors import UserError
from vadjax.live.event_store import EventStore
from vadjax.live.server import Server

TOKEN = "0123456789abcdef-token"
PATHS = ("/", "/api/about", "/api/events", "/api/stream", "/metrics", "/openapi.json", "/nowhere")


@pytest.fixture
def locked(tmp_path):
    store = watched.fill_store(tmp_path)
    server = Server(tmp_path, store, port=0, token=TOKEN)
    server.start()
    yield server
    server.close()
    store.close()


@pytest.mark.parametrize("path", [*PATHS, "/static/main.js", "/static/login.html"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer"},
        {"Cookie": f"vadjax={TOKEN}"},
        {"Cookie": "vadjax=; ="},
    ],
)
def test_nothing_without_the_token(locked, path, headers):
    answer = asked.ask(locked.url, path, headers=headers)
    assert answer.status == 401 and b"token" in answer.body
    assert TOKEN.encode() not in answer.body


def test_a_program_and_a_browser_with_the_token(locked):
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert asked.ask(locked.url, "/api/events", headers=bearer).status == 200
    html = {"Accept": "text/html"}
    first = asked.ask(locked.url, "/", headers=html)
    assert (first.status, first.headers["Location"]) == (303, "/login")
    assert b"Token of this watch" in asked.ask(locked.url, "/login").body
    wrong = asked.ask(locked.url, "/login", "POST", b"token=wrong")
    assert wrong.status == 401 and wrong.headers["Set-Cookie"] is None
    right = asked.ask(locked.url, "/login", "POST", f"token={TOKEN}".encode())
    cookie = right.headers["Set-Cookie"]
    assert right.status == 303 and "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert TOKEN not in cookie
    cookie = {"Cookie": cookie.partition(";")[0]}
    assert asked.ask(locked.url, "/api/events", headers=cookie).status == 200


def test_another_page_changes_nothing(page):
    body = {"answer": "normal"}
    path = "/api/events/gate-0001/answer"
    other = page.ask(path, "PUT", body, headers={"Origin": "https://evil.example"})
    assert other.status == 403 and page.store.get("gate-0001").answer is None
    own = page.ask(path, "PUT", body, headers={"Origin": page.url.rstrip("/")})
    assert own.status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@x"])
def test_a_name_that_points_here_reads_nothing(page, host):
    assert page.ask("/api/events", headers={"Host": host}).status == 403


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:80", "LOCALHOST"])
def test_own_names(page, host):
    assert page.ask("/api/events", headers={"Host": host}).status == 200


def test_bodies_that_are_too_long(page):
    headers = {"Content-Type": "application/json"}
    long = b"[" + b"1," * 40_000 + b"1]"
    path = "/api/settings?source=gate"
    assert page.ask(path, "PUT", long, headers=headers).status == 413
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(page.url).netloc, timeout=20)
    connection.request("PUT", path, b"[]", {**headers, "Content-Length": "-1"})
    assert connection.getresponse().status >= 400  # what follows may be cut off: it reads no body
    connection.close()
    connection.request("PUT", path, iter([long]), {**headers}, encode_chunked=True)
    assert connection.getresponse().status == 413  # in chunks, which say no length before
    connection.close()
    assert page.ask("/api/events").status == 200


def test_headers_that_are_too_long(page):
    assert page.ask("/api/events", headers={"X": "y" * 70_000}).status in (400, 431), "too long"


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_forbids_other_origins(page, path):
    if path == "/api/stream":
        return  # has no end
    headers = page.ask(path).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["server"] is None
    assert "Access-Control-Allow-Origin" not in headers


def test_what_cannot_be_served(tmp_path):
    store = EventStore(tmp_path)
    with pytest.raises(UserError, match="give a token"):
        Server(tmp_path, store, host="0.0.0.0")
    with pytest.raises(UserError, match="at least 16"):
        Server(tmp_path, store, token="short")
    with pytest.raises(UserError, match="certificate"):
        Server(tmp_path, store, certificate=tmp_path / "none.pem")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} is in use"):
            Server(tmp_path, store, port=port).start()
    with pytest.raises(UserError, match="cannot be listened at"):
        Server(tmp_path, store, host="192.0.2.1", token=TOKEN).start()
    store.close()


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl makes a certificate")
def test_by_tls(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509"]
    subject = ["-subj", "/CN=localhost", "-days", "1", "-nodes"]
    subprocess.run(
        [*command, "-newkey", "rsa:2048", "-keyout", key, "-out", certificate, *subject],
        check=True,
        capture_output=True,
    )
    store = EventStore(tmp_path / "watch")
    options = {"certificate": certificate, "key": key, "token": TOKEN, "port": 0}
    server = Server(tmp_path / "watch", store, **options)
    server.start()
    body = f"token={TOKEN}".encode()
    answer = asked.ask(server.url, "/login", "POST", body, context=asked.TRUST_ANY)
    assert answer.status == 303 and "Secure" in answer.headers["Set-Cookie"]
    server.close()
    store.close()
