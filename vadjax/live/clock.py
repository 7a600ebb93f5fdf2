"""The clock of this machine: seconds since 1970, and seconds that only grow."""

import time

JUMP_S = 5.0  # by which the one is set against the other, from which on it is told


class Clock:
    """Gives both, and notices when the time of day is set."""

    def __init__(self) -> None:
        self._apart = time.time() - time.monotonic()

    def __call__(self) -> tuple[float, float]:
        """Return seconds since 1970 UTC, and monotonic seconds."""
        return time.time(), time.monotonic()

    def jump(self) -> float:
        """Return by how many seconds the time of day was set since the last call; 0.0: it was not.

        What is less than `JUMP_S` is a clock that is kept right, and counts as nothing.
        """
        wall, now = self()
        by = wall - now - self._apart
        if abs(by) < JUMP_S:
            return 0.0
        self._apart += by
        return by
