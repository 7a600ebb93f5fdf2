"""Between the threads that decode and those that score: at most one frame of each source.

A frame that comes before the last one was taken replaces it, and is counted: what is shown now
matters, and a queue would grow for as long as the machine is too slow.
"""

import dataclasses
import threading
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Arrival:
    """A frame of a source.

    Attributes:
        frame: uint8 [h, w, 3] RGB, or [h, w] grey.
        at: when it begins, in seconds that only grow, also when the source is opened again.
        wall: the same as seconds since 1970 UTC.
        arrived: when it came, by `time.monotonic`.
        fps: frames a second of the source; None where it does not say.
        is_first: the source has just been opened.
    """

    frame: np.ndarray
    at: float
    wall: float
    arrived: float
    fps: float | None
    is_first: bool


@dataclasses.dataclass(frozen=True)
class Report:
    """What happened to a source.

    Attributes:
        what: "lost", "refused" (it will be tried again, slowly), "jumped" (its clock) or "ended".
        message: for a person, without a password.
        wall: seconds since 1970 UTC.
    """

    what: str
    message: str
    wall: float


class Inbox:
    """See the module.

    Args:
        names: of the sources.
    """

    def __init__(self, names: Sequence[str]):
        self._changed = threading.Condition()
        self._items: dict[str, list[Arrival | Report]] = {name: [] for name in names}
        self._dropped = dict.fromkeys(names, 0)
        self._closed = False

    def put(self, source: str, item: Arrival | Report, *, wait: bool = False) -> bool:
        """Hand on a frame or a report.

        Args:
            source: its name.
            item: the frame replaces one that still waits; a report replaces nothing.
            wait: until the last frame has been taken, instead of replacing it.

        Returns:
            Whether anybody still takes it.
        """
        with self._changed:
            items = self._items[source]
            if wait:
                self._changed.wait_for(lambda: self._closed or not items)
            if self._closed:
                return False
            before = items[-1] if items else None
            if isinstance(item, Arrival) and isinstance(before, Arrival):
                items.pop()
                self._dropped[source] += 1
                item = dataclasses.replace(item, is_first=item.is_first or before.is_first)
            items.append(item)
            self._changed.notify_all()
        return True

    def take(self, source: str, timeout_s: float) -> list[Arrival | Report]:
        """Return all that waits of a source, in order.

        Args:
            source: its name.
            timeout_s: to wait where there is nothing.

        Returns:
            Frames and reports; none after the time.
        """
        with self._changed:
            items = self._items[source]
            self._changed.wait_for(lambda: self._closed or items, timeout_s)
            found = list(items)
            items.clear()
            self._changed.notify_all()
        return found

    def dropped(self, source: str) -> int:
        """Return how many frames were replaced since the last call."""
        with self._changed:
            count, self._dropped[source] = self._dropped[source], 0
        return count

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
