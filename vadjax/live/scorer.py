"""One thread a source scores its frames, so that several sources use several cores.

OpenCV and XLA let other threads run while they compute, and most of the time goes there. What the
threads share (store, status, clips, the compiled networks) takes calls from any of them; all that
belongs to one source is touched by its own thread alone.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from vadjax.live.feed import Feed
from vadjax.live.inbox import Arrival, Inbox, Report
from vadjax.live.pace import Pace
from vadjax.live.status import Status

TAKE_S = 0.25  # to wait for a frame before the clock is looked at


class Watching(Protocol):
    """What is done with the frames of a source: it is watched, or learnt."""

    def frame(self, arrival: Arrival) -> Any:
        """Take the next frame."""

    def report(self, report: Report) -> None:
        """Take what happened to the source."""

    def tick(self) -> None:
        """Look at the clock."""

    def learn(self) -> None:
        """Read anew what people have called normal."""

    def close(self) -> None:
        """End what is open."""


class Scorer(threading.Thread):
    """Takes the frames of one source until it ends, or until it is stopped.

    Attributes:
        error: what has ended it, or None.

    Args:
        source: its name.
        watching: what is done with its frames.
        inbox: where they come from.
        feed: that reads them.
        status: where dropped frames are counted.
        then: what takes the place of `watching`, asked after each look at the clock.
        say: prints a line.
        ended: set when the thread ends.
    """

    def __init__(
        self,
        source: str,
        watching: Watching,
        *,
        inbox: Inbox,
        feed: Feed,
        status: Status,
        then: Callable[[Watching], Watching],
        say: Callable[[str], None],
        ended: threading.Event,
    ):
        super().__init__(name=f"score {source}", daemon=True)
        self.source, self.watching = source, watching
        self.error: BaseException | None = None
        self._inbox, self._feed, self._status = inbox, feed, status
        self._then, self._say, self._ended = then, say, ended
        self._stopping, self._news = threading.Event(), threading.Event()

    def stop(self) -> None:
        """Let the thread end soon."""
        self._stopping.set()

    def tell_news(self) -> None:
        """Let what people have called normal be read anew, before the next frame."""
        self._news.set()

    def run(self) -> None:
        """See the class."""
        try:
            self._run()
        except BaseException as error:  # the watch ends with it, and says why
            self.error = error
        finally:
            self._ended.set()

    def _run(self) -> None:
        pace, frames, is_over = Pace(time.monotonic()), 0, False
        while not is_over and not self._stopping.is_set():
            for item in self._inbox.take(self.source, TAKE_S):
                if isinstance(item, Arrival):
                    frames += 1
                    self.watching.frame(item)
                    continue
                self.watching.report(item)
                self._say(f"  {item.message}")
                is_over = is_over or item.what == "ended"
            self.watching.tick()
            self.watching = self._then(self.watching)
            if self._news.is_set():
                self._news.clear()
                self.watching.learn()
            if dropped := self._inbox.dropped(self.source):
                self._status.count(self.source, dropped=dropped)
            if pace.update(time.monotonic(), frames=frames, dropped=dropped):
                self._feed.set_step(pace.step)
                self._say(f"  {self.source}: one of {pace.step} frames is scored from now on")
            frames = 0
