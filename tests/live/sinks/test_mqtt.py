"""A real broker (mosquitto): what it gets, who may log in, and what it says when we are gone."""

import json
import shutil
import socket
import subprocess
import time

import pytest

from tests.live import made
from vadjax.live.event_store import EventStore
from vadjax.live.sinks import open_sink
from vadjax.live.sinks.contract import Announcement, Undelivered
from vadjax.live.sinks.delivery import Delivery

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
paho = pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
pytestmark = pytest.mark.skipif(not MOSQUITTO, reason="no mosquitto is installed")


class Broker:
    """mosquitto on a free port, and a client that notes all it publishes."""

    def __init__(self, folder, *, password=False):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        lines = [f"listener {self.port} 127.0.0.1", f"allow_anonymous {str(not password).lower()}"]
        if password:
            subprocess.run(
                ["mosquitto_passwd", "-b", "-c", folder / "users", "me", "word"], check=True
            )
            (folder / "users").chmod(0o644)
            folder.chmod(0o755)
            lines.append(f"password_file {folder / 'users'}")
        self.config = folder / "mosquitto.conf"
        self.config.write_text("user root\n" + "\n".join(lines) + "\n")
        self.process = None
        self.got = []

    def start(self):
        self.process = subprocess.Popen([MOSQUITTO, "-c", self.config], stderr=subprocess.DEVNULL)
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError("mosquitto does not start")

    def listen(self):
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda client, data, m: self.got.append((m.topic, m.payload))
        subscribed = []
        self.client.on_subscribe = lambda *a: subscribed.append(1)
        self.client.connect("127.0.0.1", self.port)
        self.client.subscribe("#", qos=1)
        self.client.loop_start()
        while not subscribed:
            time.sleep(0.01)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def last(self, topic):
        time.sleep(0.05)
        return [payload for name, payload in self.got if name == topic][-1]

    def until(self, topic, payload):
        end = time.monotonic() + 10
        while (topic, payload) not in self.got and time.monotonic() < end:
            time.sleep(0.02)
        assert (topic, payload) in self.got


@pytest.fixture
def broker(tmp_path):
    broker = Broker(tmp_path)
    broker.start()
    broker.listen()
    yield broker
    broker.client.loop_stop()
    broker.stop()


def sink_of(broker, more=""):
    sink = open_sink(f"mqtt://127.0.0.1:{broker.port}/site{more}")
    sink.start([])
    return sink


def test_discovery_events_and_states(broker, tmp_path):
    sink = sink_of(broker)
    first, second = made.event(source="Gate 3/#"), made.event(1, source="Gate 3/#")
    alarm = "site/Gate_3/alarm"
    states = []
    for event in (first, second, made.closed(first), made.closed(second)):
        sink.deliver(Announcement(event, tmp_path))
        states.append(broker.last(alarm))
    assert states == [b"ON", b"ON", b"ON", b"OFF"]
    topics = [topic for topic, _ in broker.got]
    config = json.loads(broker.last("homeassistant/binary_sensor/site_Gate_3/alarm/config"))
    assert config["state_topic"] == alarm and config["availability_topic"] == "site/status"
    assert config["unique_id"] == "site_Gate_3_alarm" and config["device"]["name"] == "Gate 3/#"
    assert config["json_attributes_topic"] == "site/Gate_3/event"
    assert topics.count("homeassistant/sensor/site_Gate_3/last_event/config") == 1
    keys = [json.loads(p)["key"] for topic, p in broker.got if topic == "site/Gate_3/event"]
    assert keys == [f"gate-000{n}:{s}" for s in ("open", "closed") for n in (0, 1)]
    assert broker.last("site/status") == b"online"
    sink.close()
    broker.until("site/status", b"offline")


def test_a_lost_camera(broker, tmp_path):
    sink = sink_of(broker)
    lost = made.event(kind="camera_lost")
    sink.deliver(Announcement(lost, tmp_path))
    assert broker.last("site/gate/camera") == b"OFF" and broker.last("site/gate/alarm") == b"OFF"
    sink.deliver(Announcement(made.event(1, kind="camera_back"), tmp_path))
    assert broker.last("site/gate/camera") == b"ON"
    sink.close()


def test_an_alarm_that_went_on_before_the_restart(broker, tmp_path):
    going, other = made.event(), made.event(1)
    sink = open_sink(f"mqtt://127.0.0.1:{broker.port}/site#discovery=no&pictures=yes")
    sink.start([going])
    (tmp_path / "0.jpg").write_bytes(b"jpeg")
    sink.deliver(Announcement(made.closed(made.event(1, picture="0.jpg")), tmp_path))
    assert broker.last("site/gate/alarm") == b"ON" and other.source == "gate"
    assert broker.last("site/gate/picture") == b"jpeg"
    assert not [topic for topic, _ in broker.got if topic.startswith("homeassistant")]
    sink.close()


def test_what_happens_while_the_broker_is_away_comes_later(broker, tmp_path):
    store = EventStore(tmp_path / "watch")
    sink = open_sink(f"mqtt://127.0.0.1:{broker.port}/site")
    delivery = Delivery(store, [sink], first_wait_s=0.05)
    delivery.start()
    store.put(made.event())
    assert delivery.wait(10)
    broker.stop()
    store.put(made.event(1))
    store.put(made.closed(made.event(1)))
    end = time.monotonic() + 10
    while not delivery.states()[0].attempts_failed and time.monotonic() < end:
        time.sleep(0.02)
    assert delivery.states()[0].fault
    broker.client.loop_stop()
    broker.start()
    broker.listen()
    assert delivery.wait(30)
    delivery.close()
    store.close()
    time.sleep(0.1)
    keys = [json.loads(p)["key"] for topic, p in broker.got if topic == "site/gate/event"]
    assert list(dict.fromkeys(keys)) == ["gate-0000:open", "gate-0001:open", "gate-0001:closed"]
    assert keys.count("gate-0000:open") == 1


def test_user_and_password(tmp_path, monkeypatch):
    broker = Broker(tmp_path, password=True)
    broker.start()
    try:
        monkeypatch.setenv("VADJAX_SINK_PASSWORD", "wrong-one")
        with pytest.raises(Undelivered, match="refuses") as caught:
            open_sink(f"mqtt://me@127.0.0.1:{broker.port}").start([])
        assert "wrong-one" not in str(caught.value)
        monkeypatch.setenv("VADJAX_SINK_PASSWORD", "word")
        sink = open_sink(f"mqtt://me@127.0.0.1:{broker.port}")
        sink.start([])
        sink.close()
    finally:
        broker.stop()


def test_no_broker():
    with pytest.raises(Undelivered, match="no broker there"):
        open_sink("mqtt://127.0.0.1:9").start([])
