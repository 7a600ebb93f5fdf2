"""A page that is served."""

import functools

import pytest

from tests.live.server import asked, watched
from vadjax.live.server import Server
from vadjax.live.sinks import open_sink
from vadjax.live.sinks.delivery import Delivery
from vadjax.live.status import Status


@pytest.fixture
def page(tmp_path):
    """A page of a watch with events; `page.ask` sends a request."""
    store, status = watched.fill_store(tmp_path), Status(["gate", "yard"])
    watched.fill_status(status, seconds=120)
    delivery = Delivery(store, [open_sink("https://me@127.0.0.1:9/T00/s3cr3t#name=hook")])
    answers = []
    server = Server(
        tmp_path, store, status=status, delivery=delivery, port=0, answered=answers.append
    )
    server.start()
    server.ask = functools.partial(asked.ask, server.url)
    server.store, server.status, server.answers = store, status, answers
    yield server
    server.close()
    store.close()
