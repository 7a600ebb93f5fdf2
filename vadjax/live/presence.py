"""Whether frames of a source come: lost and back are events, short blips are not."""

from typing import Any

from vadjax.live.event import Event
from vadjax.live.event_log import EventLog
from vadjax.live.inbox import Report
from vadjax.live.status import Status

LOST_S = 10.0  # without a frame, after which a source is lost: shorter blips are not told


class Presence:
    """Tells the log and the page of one source.

    Args:
        log: of the source.
        status: where its state is shown.
        clock: gives seconds since 1970 UTC and monotonic seconds, as a pair.
    """

    def __init__(self, log: EventLog, status: Status, clock: Any):
        self._log, self._status, self._clock = log, status, clock
        self._silent_since: float | None = None  # by the monotonic clock
        self._lost: Event | None = None
        self._reason = ""

    def heard(self, wall: float, *, is_first: bool) -> None:
        """Note that a frame has come.

        Args:
            wall: when, seconds since 1970 UTC.
            is_first: no frame has come before.
        """
        source = self._log.source
        if self._lost is not None:
            self._log.end(self._lost, wall)
            self._log.note("camera_back", wall, f"{source} is back")
            self._lost = None
        if self._silent_since is not None or is_first:
            self._status.set_state(source, "watching")
        self._silent_since = None

    def report(self, report: Report) -> None:
        """Note that the source cannot be read, and why."""
        self._reason = report.message
        if self._silent_since is None:
            self._silent_since = self._clock()[1]
        state = "refused" if report.what == "refused" else "connecting"
        self._status.set_state(self._log.source, "lost" if self._lost else state, report.message)

    def tick(self) -> None:
        """Look at the clock: a source that is silent for long is lost."""
        wall, now = self._clock()
        since = self._silent_since
        if since is None or self._lost is not None or now - since < LOST_S:
            return
        reason = self._reason or f"no frame for {LOST_S:.0f} s"
        self._lost = self._log.note("camera_lost", wall - (now - since), reason, state="open")
        self._status.set_state(self._log.source, "lost", reason)

    def close(self) -> None:
        """End the event of a source that is lost."""
        if self._lost is not None:
            self._log.end(self._lost, self._clock()[0])
            self._lost = None
