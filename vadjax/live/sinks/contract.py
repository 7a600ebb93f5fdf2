"""What every sink is: it delivers one announcement of an event, or says why it could not."""

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any, Protocol

from vadjax.live.event import Event
from vadjax.live.sinks.address import Address


class Undelivered(Exception):
    """The announcement did not get through; it is tried again.

    Args:
        reason: for logs and the page, without secrets.
        wait_s: least seconds until the next try, where the other side asks for it.
    """

    def __init__(self, reason: str, *, wait_s: float = 0.0):
        super().__init__(reason)
        self.wait_s = wait_s


class Refused(Exception):
    """The other side will never take this announcement; it is left out, and that is counted."""


@dataclasses.dataclass(frozen=True)
class Announcement:
    """What a sink delivers.

    Attributes:
        event: as it was when it was opened or closed.
        folder: of the watch, which the event's files lie in.
    """

    event: Event
    folder: pathlib.Path

    @property
    def key(self) -> str:
        """The same at every attempt, so that the receiver can tell a repeated one."""
        return f"{self.event.id}:{self.event.state}"

    @property
    def summary(self) -> str:
        """The event in one line."""
        event = self.event
        what = event.sentence or event.kind.replace("_", " ")
        state = "" if event.state == "open" else " (over)"
        matters = "important: " if event.like else ""
        return " ".join(f"{matters}{event.source}: {what}{state}".split())

    def content(self) -> dict[str, Any]:
        """Return what is sent as JSON."""
        return {"key": self.key, "summary": self.summary, **self.event.to_dict()}

    def picture(self) -> bytes | None:
        """Return the JPEG of the event; None where it has none (any more)."""
        name = self.event.picture
        if name is None:
            return None
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            return None
        try:
            return path.read_bytes()
        except OSError:
            return None


class Sink(Protocol):
    """Delivers announcements, from one thread.

    Attributes:
        address: where to.
    """

    address: Address

    def start(self, unfinished: Sequence[Event]) -> None:
        """Get ready; called again after a failure.

        Args:
            unfinished: events that go on.
        """
        ...

    def deliver(self, announcement: Announcement) -> None:
        """Deliver, and return when the other side has it.

        Raises:
            Undelivered: it did not get through.
            Refused: it will never be taken.
        """
        ...

    def close(self) -> None:
        """Disconnect."""
        ...
