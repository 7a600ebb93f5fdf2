"""Stages of extraction in threads of their own, with bounded queues, and how busy each is.

    decoded = ahead(video.frames, depth=8)
    measured = ahead(map(meter.update, decoded), depth=2)

A stage works while the ones behind it do; it waits where it is further ahead than its queue is
long. What it raises is raised where its items are taken.
"""

import contextlib
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
_POLL_S = 0.2  # after which a thread that waits looks whether it is still wanted


class Busy:
    """Seconds in which the threads of each stage worked rather than waited for another.

    A second is counted by the clock, so that a thread that waits for a core counts as busy.
    """

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)
        self._lock, self._start = threading.Lock(), time.perf_counter()

    @contextlib.contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Count the seconds of a block as work of a stage, of this name."""
        start = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self._seconds[stage] += time.perf_counter() - start

    def shares(self) -> dict[str, float]:
        """Return stage -> work by seconds since the start; of several threads their sum."""
        total = time.perf_counter() - self._start
        return {stage: seconds / total for stage, seconds in self._seconds.items()}


def working(busy: Busy | None, stage: str) -> contextlib.AbstractContextManager:
    """Return the block of `Busy.of`, or one that counts nothing.

    Args:
        busy: what counts, or None.
        stage: whose work the block is.

    Returns:
        The block.
    """
    return contextlib.nullcontext() if busy is None else busy.of(stage)


def ahead(
    items: Iterable[T], *, depth: int, busy: Busy | None = None, stage: str = ""
) -> Generator[T, None, None]:
    """Run an iterator in a thread of its own.

    Args:
        items: what it yields; it is closed, in its thread, where the caller stops early.
        depth: items that wait at most.
        busy: counts the seconds that an item takes.
        stage: its name there.

    Yields:
        The items in order.

    Raises:
        BaseException: what `items` raises.
    """
    ready: queue.Queue = queue.Queue(maxsize=depth)
    stop = threading.Event()

    def work() -> None:
        with contextlib.ExitStack() as closing:
            try:
                remaining = iter(items)
                if isinstance(remaining, Generator):
                    closing.callback(remaining.close)
                while not stop.is_set():
                    with working(busy, stage):
                        one = next(remaining, _END)
                    if one is _END:
                        break
                    hand_over(ready, (one, None), stop)
                hand_over(ready, (_END, None), stop)
            except BaseException as error:
                hand_over(ready, (_END, error), stop)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        stop.set()
        thread.join()


_END: Any = object()


def hand_over(ready: queue.Queue, item: object, stop: threading.Event) -> None:
    """Put an item into a queue that may be full, unless nobody wants it any more.

    Args:
        ready: the queue.
        item: to put.
        stop: set when nobody takes items any more.
    """
    while not stop.is_set():
        try:
            return ready.put(item, timeout=_POLL_S)
        except queue.Full:
            continue
