"""A thread for each sink: it reads the store's changes after its own position, and announces them.

The queue is the store, on disk: what is not delivered when the process ends is delivered by the
next. The position is advanced after the other side has an announcement, so that none is lost, and
one that was interrupted comes again with the same key.
"""

import dataclasses
import random
import threading
import time
from collections.abc import Callable, Sequence

from vadjax.live.event import Event
from vadjax.live.event_store import EventStore
from vadjax.live.sinks.contract import Announcement, Refused, Sink, Undelivered

ANNOUNCED = ("open", "closed")
_POLL_S = 0.5
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 300.0
_BATCH = 200


@dataclasses.dataclass(frozen=True)
class Delivered:
    """How a sink fares.

    Attributes:
        name: of the sink.
        address: as it may be shown.
        delivered: announcements.
        attempts_failed: that were or will be repeated.
        refused: announcements that the other side will never take.
        waiting: changes in the store that have not been looked at.
        fault: why the last attempt failed; "" where it did not.
    """

    name: str
    address: str
    delivered: int
    attempts_failed: int
    refused: int
    waiting: int
    fault: str


class Delivery:
    """Announces the events of a store to sinks.

    Args:
        store: of the watch.
        sinks: made by `sinks.open_sink`.
        say: prints a line.
        first_wait_s: after a first failure; doubled up to five minutes.
    """

    def __init__(
        self,
        store: EventStore,
        sinks: Sequence[Sink],
        *,
        say: Callable[[str], None] = lambda text: None,
        first_wait_s: float = _FIRST_WAIT_S,
    ):
        self._ended = threading.Event()
        self._lines = [_Line(store, sink, say, self._ended, first_wait_s) for sink in sinks]
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads. A sink that is new here announces what happens from now on."""
        for line in self._lines:
            line.enter()
            thread = threading.Thread(target=line.run, name=line.name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait until everything is delivered; return whether it is."""
        end = time.monotonic() + timeout_s
        while any(line.state().waiting for line in self._lines):
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def close(self, timeout_s: float = 5.0) -> None:
        """End the threads; what waits is delivered when the watch is started again."""
        self.wait(timeout_s if self._threads else 0.0)
        self._ended.set()
        for thread in self._threads:
            thread.join(timeout_s)

    def states(self) -> list[Delivered]:
        """Return how each sink fares."""
        return [line.state() for line in self._lines]


class _Line:
    """One sink's thread."""

    def __init__(self, store, sink: Sink, say, ended: threading.Event, first_wait_s: float):
        self._store, self._sink, self._say, self._ended = store, sink, say, ended
        self._first_wait_s = first_wait_s
        self.name = sink.address.name
        self._reader = f"sink:{self.name}"
        self._delivered = self._failed = self._refused = 0
        self._fault = ""
        self._ready = False
        options = sink.address.options
        self._states = tuple(options.get("states", "open,closed").split(","))
        self._kinds = tuple(filter(None, options.get("kinds", "").split(",")))

    def enter(self) -> None:
        """Begin after the last change where this sink is new: no replay of what was before it."""
        if self._store.position(self._reader) is None:
            self._store.advance(self._reader, self._store.last_change())

    def run(self) -> None:
        wait_s = self._first_wait_s
        while not self._ended.is_set():
            try:
                if not self._pass():
                    self._ended.wait(_POLL_S)
                wait_s = self._first_wait_s
                self._fault = ""
            except Undelivered as error:
                self._failed += 1
                self._ready = False
                self._note(str(error))
                self._ended.wait(max(error.wait_s, wait_s * random.uniform(0.75, 1.25)))
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            except Exception as error:  # a fault of ours ends no thread that others rely on
                self._failed += 1
                self._ready = False
                self._note(f"{type(error).__name__}: {error}")
                self._ended.wait(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
        self._sink.close()

    def state(self) -> Delivered:
        position = self._store.position(self._reader) or 0
        waiting = max(0, self._store.last_change() - position)
        return Delivered(
            self.name,
            self._sink.address.shown,
            self._delivered,
            self._failed,
            self._refused,
            waiting,
            self._fault,
        )

    def _pass(self) -> bool:
        """Announce some changes; return whether there were any."""
        position = self._store.position(self._reader) or 0
        changes = self._store.changes(position, limit=_BATCH)
        for sequence, event in changes:
            if self._ended.is_set():
                return True
            if self._is_news(sequence, event):
                if not self._ready:
                    self._sink.start(self._store.unfinished())
                    self._ready = True
                try:
                    self._sink.deliver(Announcement(event, self._store.folder))
                    self._delivered += 1
                except Refused as error:
                    self._refused += 1
                    self._note(f"event {event.id} is left out: {error}")
            self._store.advance(self._reader, sequence)
        return bool(changes)

    def _is_news(self, sequence: int, event: Event) -> bool:
        """Whether a change is the first of its event in a state that is announced."""
        if event.state not in ANNOUNCED or event.state not in self._states:
            return False
        if self._kinds and event.kind not in self._kinds:
            return False
        earlier = self._store.history(event.id, before=sequence)
        return all(before.state != event.state for before in earlier)

    def _note(self, text: str) -> None:
        text = self._sink.address.hide(text)
        if text != self._fault:  # said once, not at every attempt
            self._say(f"sink {self._sink.address.shown}: {text}")
        self._fault = text
