"""Sinks over TLS, by certificates of the test: trusted servers are delivered to, others not."""

import smtplib

import pytest

from tests.live import made
from tests.live.sinks import test_mail, test_mqtt, test_webhook
from tests.live.sinks.authority import Authority, needs_openssl
from vadjax.errors import UserError
from vadjax.live.sinks import open_sink
from vadjax.live.sinks.contract import Announcement, Undelivered

pytestmark = needs_openssl


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "tls")


def secured(server, authority):
    """Let a server of the other tests begin each connection with TLS."""
    server.socket = authority.context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    server.handle_error = lambda *refused: None  # clients that do not trust it
    return server


@pytest.fixture
def hook(authority):
    hook = secured(test_webhook.Hook(), authority)
    yield hook
    hook.shutdown()
    hook.server_close()


@pytest.fixture
def mails(authority):
    server = secured(test_mail.Server(), authority)
    yield server
    server.shutdown()
    server.server_close()


def delivered(text, tmp_path):
    sink = open_sink(text)
    sink.start([])
    try:
        sink.deliver(Announcement(made.event(), tmp_path))
    finally:
        sink.close()


def test_a_webhook_with_an_authority_of_ones_own(hook, authority, tmp_path):
    address = f"https://localhost:{hook.server_address[1]}/hook"
    delivered(f"{address}#ca={authority.ca}", tmp_path)
    assert len(hook.got) == 1
    with pytest.raises(Undelivered, match="certificate verify failed"):
        delivered(address, tmp_path)
    other = Authority(tmp_path / "other")
    with pytest.raises(Undelivered, match="certificate verify failed"):
        delivered(f"{address}#ca={other.ca}", tmp_path)
    with pytest.raises(Undelivered, match=r"(?i)hostname|ip address"):
        delivered(f"{address.replace('localhost', '127.0.0.1')}#ca={authority.ca}", tmp_path)
    assert len(hook.got) == 1


def test_mails_by_tls(mails, authority, tmp_path, monkeypatch):
    monkeypatch.setenv("VADJAX_SINK_PASSWORD", "word")
    port = mails.server_address[1]
    address = f"smtps://me@localhost:{port}/?from=cam@example.org&to=a@example.org"
    delivered(f"{address}#ca={authority.ca}", tmp_path)
    assert len(mails.mails) == 1 and mails.logins == ["AG1lAHdvcmQ="]
    with pytest.raises(Undelivered, match="certificate verify failed"):
        delivered(address, tmp_path)
    assert len(mails.logins) == 1  # the password has not left


@pytest.fixture
def changing(authority, monkeypatch):
    """A server that begins in plain text and offers STARTTLS, and the address of a user there."""
    monkeypatch.setenv("VADJAX_SINK_PASSWORD", "word")
    server = test_mail.Server()
    server.context = authority.context
    yield server, f"me@localhost:{server.server_address[1]}/?from=cam@example.org&to=a@example.org"
    server.shutdown()
    server.server_close()


def test_mails_by_starttls(changing, authority, tmp_path):
    server, address = changing
    delivered(f"smtp://{address}#ca={authority.ca}", tmp_path)
    assert len(server.mails) == 1 and server.logins == ["AG1lAHdvcmQ="]
    assert server.heard[:2] == [(False, "EHLO"), (False, "STARTTLS")]
    assert {verb for secure, verb in server.heard if secure} >= {"EHLO", "AUTH", "MAIL", "DATA"}
    assert len([verb for secure, verb in server.heard if not secure]) == 2


@pytest.mark.parametrize("case", ["unknown", "another", "name"])
def test_starttls_by_a_certificate_that_is_not_trusted(changing, authority, tmp_path, case):
    server, address = changing
    options = "" if case == "unknown" else f"#ca={authority.ca}"
    if case == "another":
        options = f"#ca={Authority(tmp_path / 'other').ca}"
    if case == "name":
        address = address.replace("localhost", "127.0.0.1")
    wanted = r"(?i)certificate is not trusted .*(verify failed|ip address)"
    with pytest.raises(Undelivered, match=wanted):
        delivered(f"smtp://{address}{options}", tmp_path)
    assert not server.logins and not server.mails
    assert {verb for _, verb in server.heard} == {"EHLO", "STARTTLS"}  # nothing of the mail left


def test_a_server_that_offers_tls_and_then_refuses_it(changing, authority, tmp_path):
    server, address = changing
    server.answers = {"STARTTLS": "454 not now"}
    with pytest.raises(Undelivered, match="the mail server answers 454"):
        delivered(f"smtp://{address}#ca={authority.ca}", tmp_path)
    assert not server.logins and "MAIL" not in {verb for _, verb in server.heard}


def test_a_password_waits_for_tls(tmp_path, monkeypatch):
    """A server on another machine that offers no TLS gets no password."""
    monkeypatch.setenv("VADJAX_SINK_PASSWORD", "word")
    server = test_mail.Server()
    port = server.server_address[1]
    plain = smtplib.SMTP
    monkeypatch.setattr(smtplib, "SMTP", lambda host, _, **o: plain("127.0.0.1", port, **o))
    with pytest.raises(Undelivered, match="offers no TLS: the password is not sent"):
        delivered("smtp://me@mail.example.org/?from=a@example.org&to=b@example.org", tmp_path)
    assert not server.logins
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(not test_mqtt.MOSQUITTO, reason="no mosquitto is installed")
def test_a_broker_by_tls(authority, tmp_path):
    pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
    broker = test_mqtt.Broker(tmp_path)
    lines = [f"certfile {authority.certificate}", f"keyfile {authority.key}"]
    broker.config.write_text(broker.config.read_text() + "\n".join(lines) + "\n")
    broker.start()
    try:
        address = f"mqtts://localhost:{broker.port}/site"
        delivered(f"{address}#ca={authority.ca}", tmp_path)
        with pytest.raises(Undelivered, match="certificate verify failed"):
            delivered(address, tmp_path)
    finally:
        broker.stop()


@pytest.mark.parametrize("scheme", ["https://h/x", "mqtts://h/x", "smtps://h/?from=a@b&to=c@d"])
def test_a_file_without_certificates(tmp_path, scheme):
    (tmp_path / "no.pem").write_text("nothing")
    for path in (tmp_path / "no.pem", tmp_path / "away.pem"):
        with pytest.raises(UserError, match=r"cannot be used .*give a PEM file of certificates"):
            open_sink(f"{scheme}#ca={path}")
