"""One thread a source: opens it, again and again, and hands its frames on."""

import math
import pathlib
import threading
import time

import numpy as np

from vadjax.live.inbox import Arrival, Inbox, Report
from vadjax.live.opening import Opened, Unavailable, sleep_until
from vadjax.live.source import Source
from vadjax.live.status import Status

BACKOFF_S = (0.5, 1.0, 2.0, 3.0)  # before a source is opened again; then always the last
SLOW_BACKOFF_S = (30.0, 60.0, 120.0, 300.0)  # where the same answer is to be expected
ADRIFT_S = 1.0  # by which the times of a live stream may differ from our clock
APART_S = 2.0  # between two frames, from which on the later one is the first of a new pass
JUMP_S = 5.0  # from which on that is worth a word


class Feed(threading.Thread):
    """Reads one source until it ends, or until it is stopped.

    Args:
        source: what is read.
        inbox: where its frames go.
        status: where its state is said.
        as_fast: a file as fast as its frames are scored; else at its own pace.
        max_fps: frames a second that are handed on at most, evenly spaced; None: all.
        start: seconds since 1970 UTC at which a file begins; None is now.
        fps: frames a second of the images of a folder; None takes the times of the files.
        memory: file in which it is kept how far a folder was read; None keeps nothing.
        device: that decodes streams; "" is the processor.
    """

    def __init__(
        self,
        source: Source,
        inbox: Inbox,
        status: Status,
        *,
        as_fast: bool = False,
        max_fps: float | None = None,
        start: float | None = None,
        fps: float | None = None,
        memory: pathlib.Path | None = None,
        device: str = "",
    ):
        super().__init__(name=f"feed {source.name}", daemon=True)
        self._source, self._inbox, self._status = source, inbox, status
        self._once = as_fast  # folders do not grow then
        self._as_fast = source.kind == "folder" or (
            as_fast and source.kind not in ("stream", "camera")
        )
        self._live = source.is_live and not self._as_fast  # a pipe may be read as fast as it goes
        self._image_fps, self._memory, self._device = fps, memory, device
        self._max_fps, self._stopping = max_fps, threading.Event()
        self._begun, self._least_step = time.monotonic(), 1
        self._wall = time.time() if start is None else start
        self._last = -np.inf  # the time of the last frame, in the seconds of `Arrival.at`
        self._next = -np.inf  # before which frames are left out

    def stop(self) -> None:
        """Let the thread end soon."""
        self._stopping.set()

    def set_clock(self, by: float) -> None:
        """Take notice that the clock of this machine was set, by so many seconds."""
        if self._live:
            self._wall += by

    def run(self) -> None:
        """See the class."""
        failures = 0
        while not self._stopping.is_set():
            count = 0
            try:
                for _ in self._pass():
                    count += 1
                self._tell("ended", f"{self._source.name} has ended")
                return
            except Unavailable as error:
                failures = 0 if count else failures + 1
                waits = BACKOFF_S if error.again else SLOW_BACKOFF_S
                wait_s = waits[min(max(failures - 1, 0), len(waits) - 1)]
                if not error.again and self._source.kind in ("file", "pipe", "folder"):
                    self._tell("ended", str(error))
                    return
                again = "" if error.again else f"; trying again in {wait_s:.0f} s"
                self._tell("lost" if error.again else "refused", f"{error}{again}")
                self._stopping.wait(wait_s)
                self._status.count(self._source.name, reconnects=1)

    def _pass(self):
        """Read the source until it ends; yields once a frame that is handed on."""
        opened = Opened(
            self._source,
            fps=self._image_fps,
            memory=self._memory,
            once=self._once,
            device=self._device,
        )
        offset, is_first = None, True
        for count, (frame, own) in enumerate(opened):
            now = time.monotonic()
            elapsed = now - self._begun
            if opened.wall is not None:
                self._wall = opened.wall
            if offset is None:
                offset = max(elapsed if self._live else 0.0, self._last + 1e-3)
                offset = offset - (own or 0.0)
            at = elapsed if own is None else own + offset
            if self._live:
                adrift = at - elapsed
                if abs(adrift) > ADRIFT_S or at <= self._last:
                    if abs(adrift) > JUMP_S:
                        self._tell("jumped", f"the times of the stream jump by {adrift:.0f} s")
                    offset -= adrift
                    at = elapsed
            at = max(at, self._last + 1e-4)
            if not self._live and not self._as_fast:
                sleep_until(self._begun + at)
                now = time.monotonic()
            if self._stopping.is_set():
                return
            is_first = is_first or at - self._last > APART_S
            self._last, step = at, self._step(opened.fps)
            if count % step or self._too_early(at, opened.fps):
                continue
            fps = opened.fps / step if opened.fps else self._max_fps
            arrival = Arrival(frame, at, self._wall + at, now, fps, is_first)
            is_first = False
            if not self._inbox.put(self._source.name, arrival, wait=self._as_fast):
                return
            yield

    def set_step(self, step: int) -> None:
        """Hand on one of so many frames, from now on."""
        self._least_step = step

    def _step(self, fps: float | None) -> int:
        """Return of how many frames one is handed on: evenly, as speeds are measured by them."""
        if not self._max_fps or not fps:
            return self._least_step
        return max(self._least_step, math.ceil(fps / self._max_fps - 0.01))

    def _too_early(self, at: float, fps: float | None) -> bool:
        """Leave out frames of a source that does not say its rate."""
        if not self._max_fps or fps:
            return False
        if at < self._next:
            return True
        self._next = max(self._next + 1 / self._max_fps, at + 0.5 / self._max_fps)
        return False

    def _tell(self, what: str, message: str) -> None:
        report = Report(what, message, self._wall + time.monotonic() - self._begun)
        self._inbox.put(self._source.name, report)
