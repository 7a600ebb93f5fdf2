"""An MQTT broker, with the discovery topics of Home Assistant: mqtt://USER@HOST:PORT/PREFIX."""

import json
import re
import time
from collections.abc import Sequence
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from vadjax.errors import UserError
from vadjax.live.event import Event
from vadjax.live.sinks.address import Address
from vadjax.live.sinks.contract import Announcement, Undelivered
from vadjax.live.sinks.tls import context_of

_TIMEOUT_S = 10.0
_DISCOVERY = "homeassistant"


class MQTTSink:
    """Publishes with quality of service 1 and waits for the broker's acknowledgement.

    Topics: PREFIX/status is "online" or "offline" (the broker says so when the connection is lost);
    PREFIX/SOURCE/event has each announcement; PREFIX/SOURCE/alarm is ON while an anomaly goes on;
    PREFIX/SOURCE/camera is ON while the camera is there; PREFIX/SOURCE/picture has the JPEG with
    `#pictures=yes`. All but events are retained. `#discovery=no` leaves the discovery topics out.

    Args:
        address: mqtt or mqtts; PREFIX is "vadjax" where none is given.

    Raises:
        UserError: the address has no host, a prefix with wildcards, or authorities that cannot be
            read.
    """

    def __init__(self, address: Address):
        self.address = address
        self._prefix = address.parts.path.strip("/") or "vadjax"
        if not address.parts.hostname:
            raise UserError(f"a sink {address.parts.scheme}:// wants the name of a host.")
        if set(self._prefix) & set("+#"):
            raise UserError(f"the prefix {self._prefix!r} of topics holds a wildcard, + or #.")
        self._secure = context_of(address) if address.parts.scheme == "mqtts" else None
        self._client: paho.Client | None = None
        self._open: dict[str, set[str]] = {}  # source -> ids of anomalies that go on
        self._told: set[str] = set()  # sources whose discovery topics this connection has

    def start(self, unfinished: Sequence[Event]) -> None:
        """Connect. See `contract.Sink`."""
        self.close()
        for event in unfinished:
            if event.kind == "anomaly":
                self._open.setdefault(event.source, set()).add(event.id)
        client = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
        refused: list[str] = []

        def connected(client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
            if reason.is_failure:
                refused.append(str(reason))

        client.on_connect = connected
        client.will_set(f"{self._prefix}/status", "offline", qos=1, retain=True)
        if self.address.user:
            client.username_pw_set(self.address.user, self.address.password or None)
        if self._secure is not None:
            client.tls_set_context(self._secure)
        try:
            port = self.address.parts.port or (1883 if self._secure is None else 8883)
            client.connect_timeout = _TIMEOUT_S
            client.connect(str(self.address.parts.hostname), port, keepalive=30)
        except (OSError, ValueError) as error:
            raise Undelivered(self.address.hide(f"no broker there ({error}).")) from None
        client.loop_start()
        end = time.monotonic() + _TIMEOUT_S
        while not client.is_connected() and not refused and time.monotonic() < end:
            time.sleep(0.01)
        self._client, self._told = client, set()
        if not client.is_connected():
            self.close()
            raise Undelivered(f"the broker refuses: {(refused or ['no answer'])[0]}.")
        self._publish("status", "online", retain=True)

    def deliver(self, announcement: Announcement) -> None:
        """Publish. See `contract.Sink`."""
        event = announcement.event
        if self._client is None or not self._client.is_connected():
            raise Undelivered("the broker has closed the connection.")
        place = topic_of(event.source)
        if event.source not in self._told:
            self._discover(event.source)
        going = self._open.setdefault(event.source, set())
        if event.kind == "anomaly":
            (going.add if event.is_open else going.discard)(event.id)
        self._publish(f"{place}/event", json.dumps(announcement.content(), allow_nan=False))
        if self.address.options.get("pictures") == "yes" and (jpeg := announcement.picture()):
            self._publish(f"{place}/picture", jpeg, retain=True)
        self._publish(f"{place}/alarm", "ON" if going else "OFF", retain=True)
        if event.kind in ("camera_lost", "camera_back"):
            back = event.kind == "camera_back" or not event.is_open
            self._publish(f"{place}/camera", "ON" if back else "OFF", retain=True)

    def close(self) -> None:
        """Say goodbye, so that the broker does not say that the connection was lost."""
        client, self._client = self._client, None
        if client is None:
            return
        if client.is_connected():
            client.publish(f"{self._prefix}/status", "offline", qos=1, retain=True)
        client.disconnect()
        client.loop_stop()

    def _discover(self, source: str) -> None:
        """Describe a camera as Home Assistant expects it, once for each connection."""
        if self.address.options.get("discovery") != "no":
            for topic, content in discovery(self._prefix, source):
                self._publish("", json.dumps(content), retain=True, topic=topic)
            self._publish(f"{topic_of(source)}/camera", "ON", retain=True)
        self._told.add(source)

    def _publish(
        self, name: str, payload: str | bytes, *, retain: bool = False, topic: str = ""
    ) -> None:
        assert self._client is not None
        try:
            sent = self._client.publish(
                topic or f"{self._prefix}/{name}", payload, qos=1, retain=retain
            )
            sent.wait_for_publish(_TIMEOUT_S)
        except (ValueError, RuntimeError) as error:
            raise Undelivered(f"the broker takes nothing ({error}).") from None
        if not sent.is_published():
            raise Undelivered("the broker does not acknowledge.")


def topic_of(source: str) -> str:
    """Return a level of a topic for a source.

    >>> topic_of("Gate 3/#")
    'Gate_3'
    """
    return re.sub(r"[^A-Za-z0-9_-]+", "_", source).strip("_") or "source"


def discovery(prefix: str, source: str) -> list[tuple[str, dict]]:
    """Return the discovery topics of a source, and what stands in them.

    Args:
        prefix: of the topics.
        source: its name.

    Returns:
        Pairs of a topic and its content.
    """
    place = topic_of(source)
    base = re.sub(r"[^A-Za-z0-9_-]+", "_", f"{prefix}_{place}")
    device = {"identifiers": [base], "name": source, "manufacturer": "vadjax"}
    common = {
        "availability_topic": f"{prefix}/status",
        "payload_available": "online",
        "payload_not_available": "offline",
        "device": device,
    }
    entities: dict[tuple[str, str], dict] = {
        ("binary_sensor", "alarm"): {
            "name": "Anomaly",
            "device_class": "problem",
            "state_topic": f"{prefix}/{place}/alarm",
            "json_attributes_topic": f"{prefix}/{place}/event",
        },
        ("binary_sensor", "camera"): {
            "name": "Camera",
            "device_class": "connectivity",
            "state_topic": f"{prefix}/{place}/camera",
        },
        ("sensor", "last_event"): {
            "name": "Last event",
            "state_topic": f"{prefix}/{place}/event",
            "value_template": "{{ value_json.summary[:255] }}",
        },
    }
    return [
        (
            f"{_DISCOVERY}/{kind}/{base}/{name}/config",
            {**own, **common, "unique_id": f"{base}_{name}"},
        )
        for (kind, name), own in entities.items()
    ]
