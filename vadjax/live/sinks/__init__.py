"""Where events are announced: JSON lines, a webhook, an MQTT broker, e-mail; one module each."""

import importlib

from vadjax.errors import UserError, unknown
from vadjax.live.sinks.address import read_address
from vadjax.live.sinks.contract import Sink

SINKS = {  # scheme of the address -> (module, class)
    "jsonl": ("json_lines", "JSONLinesSink"),
    "http": ("webhook", "WebhookSink"),
    "https": ("webhook", "WebhookSink"),
    "mqtt": ("mqtt", "MQTTSink"),
    "mqtts": ("mqtt", "MQTTSink"),
    "smtp": ("mail", "MailSink"),
    "smtps": ("mail", "MailSink"),
}
OPTIONS = ("name", "pictures", "states", "kinds", "discovery", "ca")


def open_sink(text: str) -> Sink:
    """Return the sink of an address; nothing is sent yet.

    Args:
        text: see `address.read_address`.

    Returns:
        The sink.

    Raises:
        UserError: the address is none, or a package is missing.
    """
    address = read_address(text)
    scheme = address.parts.scheme
    if scheme not in SINKS:
        raise unknown("kind of sink", scheme, SINKS)
    for name in address.options:
        if name not in OPTIONS:
            raise unknown("option of a sink", name, OPTIONS)
    module, name = SINKS[scheme]
    try:
        return getattr(importlib.import_module(f"vadjax.live.sinks.{module}"), name)(address)
    except ModuleNotFoundError as error:
        raise UserError(
            f"a sink {scheme}: needs the package {error.name}: pip install 'vadjax[live]'."
        ) from error
