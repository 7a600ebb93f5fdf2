"""Runs are scored and evaluated in threads, while the next ones train."""

import concurrent.futures as futures
import os
from collections.abc import Callable
from typing import Any

MOST = 4  # threads; what they do is half Python, and more would wait for one another
AHEAD = 64  # runs a thread that may wait for it; then training waits too


class Finishers:
    """Threads that finish runs; the caller's thread tells how each ended.

    Leaving the `with` block drops the runs that nobody has begun and waits for the others.

    Args:
        finish: of a run and what was given with it, -> its error or "". A run of which it raises
            is finished again when nothing trains any more, and has failed if it raises again.
        told: called with (run, error) once for each run.
        threads: 0 is one for each core, at most `MOST`.
    """

    def __init__(
        self,
        finish: Callable[..., str],
        told: Callable[[Any, str], object],
        *,
        threads: int = 0,
    ):
        self._finish, self._told = finish, told
        self._threads = threads or min(MOST, os.cpu_count() or 1)
        self._waiting: dict[futures.Future, tuple] = {}
        self._again: list[tuple] = []

    def __enter__(self) -> "Finishers":
        self._pool = futures.ThreadPoolExecutor(self._threads, thread_name_prefix="finish")
        return self

    def __exit__(self, *_) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def take(self, run: Any, *given: Any) -> None:
        """Have a run finished; wait where too many are waiting already."""
        self._waiting[self._pool.submit(self._finish, run, *given)] = (run, *given)
        if len(self._waiting) > AHEAD * self._threads:
            futures.wait(self._waiting, return_when=futures.FIRST_COMPLETED)

    def fail(self, run: Any, error: str) -> None:
        """Tell of a run that cannot be finished."""
        self._told(run, error)

    def tell(self) -> None:
        """Tell of the runs that are finished, in the order in which they were taken."""
        for future in [future for future in self._waiting if future.done()]:
            taken = self._waiting.pop(future)
            if future.exception():
                self._again.append(taken)
            else:
                self._told(taken[0], future.result())

    def end(self) -> None:
        """Wait for all runs and tell of them."""
        while self._waiting:
            futures.wait(self._waiting, return_when=futures.FIRST_COMPLETED)
            self.tell()
        while self._again:
            run, *given = self._again.pop(0)
            try:
                error = self._finish(run, *given)
            except Exception as fault:  # one failing run stops no other
                error = f"{type(fault).__name__}: {fault}"
            self._told(run, error)
