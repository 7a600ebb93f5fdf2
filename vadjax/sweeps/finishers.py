"""Runs are scored and evaluated in threads, while the next ones train."""

import concurrent.futures as futures
import os
from collections.abc import Callable, Iterator
from typing import Any

MOST = 4  # threads; what they do is half Python, and more would wait for one another
AHEAD = 64  # runs a thread that may wait for it; then training waits too


class Finishers:
    """Threads that finish runs; what they could not do is told to who asks.

    Leaving the `with` block drops the runs that nobody has begun and waits for the others.

    Args:
        finish: of a run and what was given with it, -> its error or "".
        threads: 0 is one for each core, at most `MOST`.
    """

    def __init__(self, finish: Callable[..., str], *, threads: int = 0):
        self._finish = finish
        self._threads = threads or min(MOST, os.cpu_count() or 1)
        self._waiting: dict[futures.Future, Any] = {}

    def __enter__(self) -> "Finishers":
        self._pool = futures.ThreadPoolExecutor(self._threads, thread_name_prefix="finish")
        return self

    def __exit__(self, *_) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def take(self, run: Any, *given: Any) -> None:
        """Have a run finished; wait where too many are waiting already."""
        self._waiting[self._pool.submit(self._finish, run, *given)] = run
        if len(self._waiting) > AHEAD * self._threads:
            futures.wait(self._waiting, return_when=futures.FIRST_COMPLETED)

    def done(self, *, wait: bool = False) -> Iterator[tuple[Any, str]]:
        """Yield (run, error) of those that are finished, in the order in which they were taken.

        Args:
            wait: for all.

        Raises:
            BaseException: what `finish` raised, after all others have been told.
        """
        raised = None
        for future in list(self._waiting):
            if not (wait or future.done()):
                continue
            run = self._waiting.pop(future)
            if error := future.exception():
                raised = error
            else:
                yield run, future.result()
        if raised:
            raise raised
