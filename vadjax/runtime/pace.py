"""How fast work goes and how long it still takes, both from the same recent seconds."""

import collections
import time
from collections.abc import Callable

WINDOW_S = 30.0  # of the past that a rate is taken from; longer where reports are rarer
TOGETHER_S = 1.0  # reports this near are one: what was done at once says nothing of a rate
PERIODS = ((1.0, "s"), (60.0, "min"), (3600.0, "h"))
FIRST_S, LATER_S = 5.0, 60.0  # silence before a line where no bar can be drawn: first, and most
SHARE = 8  # between them, an eighth of the time that has passed: logs stay short


class Pace:
    """The rate and the time left of something that is counted.

    Args:
      total: of the units.
      unit: their name, in the plural.
      clock: seconds.
    """

    def __init__(self, total: int, unit: str, clock: Callable[[], float] = time.monotonic):
        self.total, self.unit, self._clock = total, unit, clock
        self._seen: collections.deque[tuple[float, int]] = collections.deque()

    def add(self, done: int) -> None:
        """Note how many are done; the first note is the start, of a resumed run not 0."""
        now = self._clock()
        if self._seen and now - self._seen[-1][0] < TOGETHER_S:
            now = self._seen.pop()[0]
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[1][0] <= now - WINDOW_S:
            self._seen.popleft()

    @property
    def rate(self) -> float | None:
        """Units a second over the window; None while nothing is known."""
        if not self._seen:
            return None
        (start, first), (stop, last) = self._seen[0], self._seen[-1]
        return (last - first) / (stop - start) if last > first and stop > start else None

    @property
    def left_s(self) -> float | None:
        """Seconds that the rest takes at this rate; None while nothing is known."""
        rate = self.rate
        return None if rate is None else max(0.0, (self.total - self._seen[-1][1]) / rate)

    def __str__(self) -> str:
        """Return for instance "12.5 frames/s, 40 s left"; "" while nothing is known."""
        rate, left = self.rate, self.left_s
        if rate is None or left is None:
            return ""
        factor, period = next(((f, p) for f, p in PERIODS if rate * f >= 1), PERIODS[-1])
        return f"{rate * factor:.1f} {self.unit}/{period}, {seconds(left)} left"


def seconds(value: float) -> str:
    """Return a length of time in words.

    >>> seconds(7.6), seconds(75), seconds(4000), seconds(200000)
    ('8 s', '1 min 15 s', '1 h 7 min', '55 h 33 min')
    """
    whole = round(value)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minute} min"
    return f"{minute} min {second} s" if minute else f"{second} s"


def silence_s(elapsed_s: float) -> float:
    """Return after how much silence a line is due in a log.

    Args:
      elapsed_s: since the work began.

    Returns:
      Seconds: 5 at first, an eighth of the time that has passed, at most 60.
    """
    return min(max(FIRST_S, elapsed_s / SHARE), LATER_S)
