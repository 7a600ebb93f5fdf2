"""Runs are scored and evaluated in background threads while the next ones train."""

import concurrent.futures as futures
import os
from collections.abc import Callable
from typing import Any

MAX_THREADS = 4  # half of the work is Python; more threads would wait for one another
MAX_PENDING = 64  # runs per thread; beyond, `submit` blocks


class RunExecutor:
    """Threads that complete runs; `notify` is called in the thread of the caller.

    Leaving the `with` block cancels the runs that no thread has begun and waits for the others.

    Args:
        complete: called with a run and the further arguments of `submit`; returns its error or "".
            A run for which it raises is completed again after all others, and has failed if it
            raises again.
        notify: called with (run, error) once for each run.
        threads: 0 is one for each core, at most `MAX_THREADS`.
    """

    def __init__(
        self,
        complete: Callable[..., str],
        notify: Callable[[Any, str], object],
        *,
        threads: int = 0,
    ):
        self._complete, self._notify = complete, notify
        self._threads = threads or min(MAX_THREADS, os.cpu_count() or 1)
        self._pending: dict[futures.Future, tuple] = {}
        self._retries: list[tuple] = []

    def __enter__(self) -> "RunExecutor":
        self._pool = futures.ThreadPoolExecutor(self._threads, thread_name_prefix="complete")
        return self

    def __exit__(self, *_) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, run: Any, *args: Any) -> None:
        """Queue a run for completion; blocks while too many are pending.

        Args:
            run: passed to `complete` and `notify`.
            args: further arguments of `complete`.
        """
        self._pending[self._pool.submit(self._complete, run, *args)] = (run, *args)
        if len(self._pending) > MAX_PENDING * self._threads:
            futures.wait(self._pending, return_when=futures.FIRST_COMPLETED)

    def fail(self, run: Any, error: str) -> None:
        """Notify of a run that cannot be completed.

        Args:
            run: passed to `notify`.
            error: why not.
        """
        self._notify(run, error)

    def poll(self) -> None:
        """Notify of the runs that are complete by now, in the order of submission."""
        for future in [future for future in self._pending if future.done()]:
            submitted = self._pending.pop(future)
            if future.exception():
                self._retries.append(submitted)
            else:
                self._notify(submitted[0], future.result())

    def join(self) -> None:
        """Wait until all runs are complete, and notify of them."""
        while self._pending:
            futures.wait(self._pending, return_when=futures.FIRST_COMPLETED)
            self.poll()
        while self._retries:
            run, *args = self._retries.pop(0)
            try:
                error = self._complete(run, *args)
            except Exception as fault:  # one failing run stops no other
                error = f"{type(fault).__name__}: {fault}"
            self._notify(run, error)
