"""What the routes of the page read."""

import dataclasses
import pathlib
from collections.abc import Callable

from vadjax.live.event import Event
from vadjax.live.event_store import EventStore
from vadjax.live.settings import SettingsFile
from vadjax.live.sinks.delivery import Delivery
from vadjax.live.status import Status


@dataclasses.dataclass(frozen=True)
class Context:
    """What the routes of the page read.

    Attributes:
        folder: of the watch.
        store: its events.
        settings: its settings.json.
        status: of the watcher in this process; None where nothing is being watched.
        delivery: of its sinks; None where there are none.
        title: of the page.
        answered: called with an event when a person has answered, where somebody wants to know.
    """

    folder: pathlib.Path
    store: EventStore
    settings: SettingsFile
    status: Status | None = None
    delivery: Delivery | None = None
    title: str = "vadjax watch"
    answered: Callable[[Event], None] = lambda event: None

    def sources(self) -> list[str]:
        """Return the names of the sources: of the watcher, and then of the events."""
        watched = [] if self.status is None else self.status.sources
        return list(dict.fromkeys([*watched, *sorted(self.store.sources())]))
