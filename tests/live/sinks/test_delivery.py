"""Each open and each close is announced once, whatever fails, and after `kill -9` too."""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from tests.live import made
from vadjax.errors import UserError
from vadjax.live.event_store import EventStore
from vadjax.live.sinks import open_sink
from vadjax.live.sinks.address import read_address
from vadjax.live.sinks.contract import Refused, Undelivered
from vadjax.live.sinks.delivery import Delivery


class FlakySink:
    """Fails as it is told, and notes what it got."""

    def __init__(self, failures=(), name="flaky"):
        self.address = read_address(f"https://user@host/path#name={name}")
        self.failures, self.got, self.started = list(failures), [], 0

    def start(self, unfinished):
        self.started += 1

    def deliver(self, announcement):
        if self.failures and (failure := self.failures.pop(0)):
            raise failure
        self.got.append(announcement.key)

    def close(self):
        pass


@pytest.fixture
def store(tmp_path):
    store = EventStore(tmp_path / "watch")
    yield store
    store.close()


def run(store, *sinks, **options):
    delivery = Delivery(store, sinks, first_wait_s=0.01, **options)
    delivery.start()
    return delivery


def test_open_and_closed_once_each_updates_and_answers_never(store):
    sink = FlakySink()
    delivery = run(store, sink)
    first = made.event()
    for event in (first, made.event(state="updated"), made.event(1), made.closed(first)):
        store.put(event)
    store.put(made.closed(first))  # put again, as after a restart
    store.answer(first.id, "normal")
    assert delivery.wait(5)
    delivery.close()
    assert sink.got == ["gate-0000:open", "gate-0001:open", "gate-0000:closed"]
    (state,) = delivery.states()
    assert (state.delivered, state.waiting, state.fault) == (3, 0, "")


def test_what_happened_before_a_sink_was_added_is_not_replayed(store):
    store.put(made.event())
    sink = FlakySink()
    delivery = run(store, sink)
    store.put(made.event(1))
    assert delivery.wait(5)
    delivery.close()
    assert sink.got == ["gate-0001:open"]


def test_failures_are_repeated_in_order_and_refusals_left_out(store):
    said = []
    sink = FlakySink([Undelivered("no answer"), Undelivered("no answer"), None, Refused("422")])
    delivery = run(store, sink, say=said.append)
    for number in range(4):
        store.put(made.event(number))
    assert delivery.wait(10)
    delivery.close()
    assert sink.got == ["gate-0000:open", "gate-0002:open", "gate-0003:open"]
    (state,) = delivery.states()
    assert (state.attempts_failed, state.refused) == (2, 1)
    assert said[0] == "sink https://host/path: no answer" and len(said) == 2
    assert sink.started == 3  # at first, and after each failure


def test_another_process_goes_on_where_the_last_one_was(store):
    first = FlakySink([Undelivered("down")] * 1000)
    delivery = run(store, first)
    store.put(made.event())
    time.sleep(0.1)
    delivery.close(timeout_s=0.1)
    store.put(made.event(1))
    second = FlakySink()
    delivery = run(store, second)
    assert delivery.wait(5)
    delivery.close()
    assert not first.got and second.got == ["gate-0000:open", "gate-0001:open"]


def test_a_slow_sink_holds_up_no_other(store):
    stuck, fine = FlakySink([Undelivered("down")] * 1000, "stuck"), FlakySink(name="fine")
    delivery = run(store, stuck, fine)
    store.put(made.event())
    end = time.monotonic() + 5
    while not fine.got and time.monotonic() < end:
        time.sleep(0.01)
    delivery.close(timeout_s=0.1)
    assert fine.got and not stuck.got


def test_chosen_states_and_kinds_alone(store):
    sink = FlakySink()
    sink.address.options.update(states="open", kinds="camera_lost")
    delivery = run(store, sink)
    lost = made.event(1, kind="camera_lost")
    for event in (made.event(), lost, made.closed(lost)):
        store.put(event)
    assert delivery.wait(5)
    delivery.close()
    assert sink.got == ["gate-0001:open"]


WRITER = """
    import pathlib, sys, time
    from tests.live import made
    from vadjax.live.event_store import EventStore
    from vadjax.live.sinks import open_sink
    from vadjax.live.sinks.delivery import Delivery
    folder, begin = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    store = EventStore(folder)
    delivery = Delivery(store, [open_sink(f"jsonl:{folder}/out.jsonl")])
    delivery.start()
    for event in store.unfinished():
        store.put(made.closed(event))
    for number in range(begin, begin + 10_000):
        event = made.event(number)
        store.put(event)
        print(number, flush=True)
        store.put(made.closed(event))
"""


def test_none_is_lost_and_none_comes_twice_after_kill(tmp_path):
    kills, begin, rng = 6, 0, random.Random(0)
    for _ in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path), str(begin)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=pathlib.Path(__file__).parents[3],
            env={**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parents[3])},
        )
        assert process.stdout is not None
        begin = 1 + int(process.stdout.readline())
        stopper = threading.Timer(rng.uniform(0.02, 0.4), process.send_signal, [signal.SIGKILL])
        stopper.start()
        *_, last = [str(begin - 1), *process.stdout.read().split()]
        process.wait()
        stopper.join()
        begin = int(last) + 1 if last else begin
        # The last event that was printed may have been put before it was printed.
        store = EventStore(tmp_path)
        begin = max(begin, 1 + max(int(e.id[-4:]) for e in store.list(limit=None)))
        store.close()
    store = EventStore(tmp_path)
    for event in store.unfinished():
        store.put(made.closed(event))
    delivery = Delivery(store, [open_sink(f"jsonl:{tmp_path}/out.jsonl")])
    delivery.start()
    assert delivery.wait(30)
    delivery.close()
    keys = [json.loads(line)["key"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    ids = [event.id for event in store.list(limit=None)]
    store.close()
    assert len(ids) > kills
    assert sorted(keys) == sorted(f"{name}:{state}" for name in ids for state in ("open", "closed"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ftp://host", "kind of sink 'ftp' unknown"),
        ("https://host#picture=yes", "Did you mean 'pictures'?"),
        ("mqtt://me:word@host", "holds a password"),
        ("https://", "wants the name of a host"),
        ("smtp://host/?from=a", "wants smtp://HOST/"),
        ("smtp://host/?from=a@b&to=c", "no e-mail address"),
        ("smtp://host/?from=a@b&to=c@d%0aBcc:e@f", "no e-mail address"),
        ("mqtt://host/a/#x=1", "unknown"),
        ("env:VADJAX_NOT_THERE", "is not set"),
        ("@/nowhere/file", "no such file"),
        ("https://host/a b", "a space or a line break"),
        ("https://host:port/", "cannot be read"),
    ],
)
def test_addresses_that_are_none(text, message):
    with pytest.raises(UserError, match=message.replace("?", r"\?")) as caught:
        open_sink(text)
    assert "word" not in str(caught.value).replace("password", "")


def test_what_is_secret_is_shown_nowhere(tmp_path, monkeypatch):
    file = tmp_path / "address"
    file.write_text("https://user:pass-word@host:8443/T00/B00/s3cr3t?key=k3y\n")
    address = read_address(f"@{file}")
    assert address.password == "pass-word" and address.shown == "https://host:8443/***"
    shown = repr(address) + address.shown + address.name
    assert not [word for word in ("pass-word", "s3cr3t", "k3y") if word in shown]
    said = address.hide(
        "refused: https://host:8443/T00/B00/s3cr3t?key=k3y pass-word T00/B00/s3cr3t"
    )
    assert not [word for word in ("pass-word", "s3cr3t", "k3y") if word in said]
    monkeypatch.setenv("VADJAX_SINK_PASSWORD", "fromenv")
    assert read_address("mqtt://me@host/p").password == "fromenv"
    monkeypatch.setenv("VADJAX_SINK_PASSWORD_FILE", str(file))
    assert "pass-word" in read_address("mqtt://me@host/p").password
