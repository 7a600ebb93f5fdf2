"""Ctrl-C ends a command once and soon, whatever its threads, compilers and children are doing.

Python raises KeyboardInterrupt in the main thread alone, and only when that runs Python again: not
while XLA compiles, and at exit it waits for the threads of every pool. A thread here hears of the
signal at once through a pipe, gives the main thread a moment, and ends the process then.
"""

import contextlib
import os
import pathlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from vadjax.runtime import processes

CODE = 130
WAIT_S = 1.0  # for what the main thread closes on its way out, such as a checkpoint
_MESSAGE = "vadjax: interrupted; the same command goes on from here."
_said = threading.Lock()


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Watch for Ctrl-C while the block runs; the process then ends with status 130.

    Where the main thread does not run this, or another handler is installed, nothing changes.
    """
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not ours or threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    told = sys.unraisablehook
    sys.unraisablehook = _without_interrupts(told)
    threading.Thread(target=_wait, args=(reading,), name="interrupt", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        sys.unraisablehook = told
        os.close(writing)


def _without_interrupts(told: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a hook that tells of what cannot be raised, but for a KeyboardInterrupt.

    One that falls into a finaliser or a callback of the garbage collector is lost there; the thread
    above ends the process all the same.
    """

    def hook(unraisable: Any) -> None:
        if unraisable.exc_type is not KeyboardInterrupt:
            told(unraisable)

    return hook


def _wait(reading: int) -> None:
    while signals := os.read(reading, 64):
        if signal.SIGINT in signals:
            time.sleep(WAIT_S)
            end()
    os.close(reading)


def end() -> None:
    """Say that the command was interrupted, once, and end this process and its children."""
    if not _said.acquire(blocking=False):
        time.sleep(WAIT_S)  # another thread is ending the process
    else:
        with contextlib.suppress(OSError):
            if os.isatty(1):
                os.write(1, b"\r\x1b[K\x1b[?25h")  # clears a progress bar, shows the cursor
            os.write(2, f"{_MESSAGE}\n".encode())
    for child in children():
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGTERM)
    processes.exit_at_once(CODE)  # of several: the others hear of it
    os._exit(CODE)


def children() -> list[int]:
    """Return the ids of the processes that this one has started; none where /proc is missing."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in pathlib.Path("/proc/self/task").iterdir():
            with contextlib.suppress(OSError, ValueError):
                found += map(int, (task / "children").read_text().split())
    return found
