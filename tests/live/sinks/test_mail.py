"""Mails to a small SMTP server of the test."""

import email
import email.policy
import socketserver
import ssl
import threading

import pytest

from tests.live import made
from vadjax.live.sinks import open_sink
from vadjax.live.sinks.contract import Announcement, Refused, Undelivered


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Session)
        self.mails, self.logins, self.answers = [], [], {}
        self.context = None  # with one, it offers STARTTLS
        self.heard = []  # (whether by TLS, verb) of all that was said
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self):
        return f"smtp://127.0.0.1:{self.server_address[1]}/?from=cam@example.org&to=a@example.org"


class Session(socketserver.StreamRequestHandler):
    """RFC 5321 as far as smtplib speaks it, with AUTH PLAIN and STARTTLS (RFC 3207)."""

    secure = False

    def handle(self):
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper().partition(":")[0]
            self.server.heard.append((self.secure, verb))
            if verb in self.server.answers:
                self.say(self.server.answers[verb])
            elif verb == "EHLO":
                self.say("250-test")
                if self.server.context is not None and not self.secure:
                    self.say("250-STARTTLS")
                self.say("250 AUTH PLAIN")
            elif verb == "STARTTLS":
                self.say("220 go on")
                if not self.begin_tls():
                    return
            elif verb == "AUTH":
                self.server.logins.append(line.split()[-1])
                self.say("235 welcome")
            elif verb == "DATA":
                self.say("354 go on")
                body = b""
                while not body.endswith(b"\r\n.\r\n"):
                    body += self.rfile.readline()
                self.server.mails.append(
                    email.message_from_bytes(body[:-3], policy=email.policy.default)
                )
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def begin_tls(self):
        """Change this connection; whether the client went along."""
        try:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        except (ssl.SSLError, OSError):
            return False
        self.setup()
        self.secure = True
        return True

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")


@pytest.fixture
def server():
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


def test_a_mail_for_open_and_closed_in_one_thread(server, tmp_path):
    (tmp_path / "0.jpg").write_bytes(b"\xff\xd8jpeg")
    event = made.event(picture="0.jpg", sentence="Someone runs:\r\nBcc: x@example.org")
    sink = open_sink(server.address + ",b@example.org#pictures=yes")
    for each in (event, made.closed(event)):
        sink.deliver(Announcement(each, tmp_path))
    first, second = server.mails
    assert first["To"] == "a@example.org, b@example.org" and first["Bcc"] is None
    assert first["Subject"] == "gate: Someone runs: Bcc: x@example.org"
    assert second["In-Reply-To"] == first["Message-ID"] != second["Message-ID"]
    (picture,) = first.iter_attachments()
    assert picture.get_content() == b"\xff\xd8jpeg"
    body = second.get_body().get_content()
    assert "lasted     5 s" in body and "2.5 (threshold 1.25)" in body


def test_an_attempt_again_has_the_same_message_id(server, tmp_path):
    sink, announcement = open_sink(server.address), Announcement(made.event(), tmp_path)
    for _ in range(2):
        sink.deliver(announcement)
    assert server.mails[0]["Message-ID"] == server.mails[1]["Message-ID"]


def test_it_logs_in(server, tmp_path, monkeypatch):
    monkeypatch.setenv("VADJAX_SINK_PASSWORD", "word")
    open_sink(server.address.replace("//", "//me@")).deliver(Announcement(made.event(), tmp_path))
    assert server.logins == ["AG1lAHdvcmQ="]  # base64 of \0me\0word


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"RCPT": "550 no such user"}, Refused),
        ({"RCPT": "451 try later"}, Undelivered),
        ({"DATA": "554 no"}, Refused),
        ({"EHLO": "421 busy", "HELO": "421 busy"}, Undelivered),
    ],
)
def test_what_the_server_says(server, tmp_path, answers, error):
    server.answers = answers
    with pytest.raises(error, match="mail server answers"):
        open_sink(server.address).deliver(Announcement(made.event(), tmp_path))
    assert not server.mails


def test_no_server(tmp_path):
    sink = open_sink("smtp://127.0.0.1:9/?from=a@example.org&to=b@example.org")
    with pytest.raises(Undelivered, match="no mail server there"):
        sink.deliver(Announcement(made.event(), tmp_path))
