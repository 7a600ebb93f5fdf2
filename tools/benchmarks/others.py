"""How much of the machine other processes used while something was measured."""

import os
import pathlib
import time

_STAT = pathlib.Path("/proc/stat")


class Others:
    """Counts the processor time of other processes from its making on.

    The load average would count the benchmark's own earlier cases as well.
    """

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._before = _elsewhere()

    def cores(self) -> float:
        """Return how many cores other processes used on average, between 0 and all of them.

        Processes of this one that were started since have to be over. On a system without
        /proc/stat it is the load average of the last minute less one.
        """
        count = float(os.cpu_count() or 1)
        if self._before is None or (now := _elsewhere()) is None:
            return min(max(os.getloadavg()[0] - 1, 0.0), count)
        spent = max(time.monotonic() - self._start, 1e-3)
        return min(max((now - self._before) / spent, 0.0), count)


def _elsewhere() -> float | None:
    """Return the seconds of the processor that all others have used since the machine started."""
    try:
        first = _STAT.read_text(encoding="ascii").split("\n", 1)[0].split()
    except OSError:
        return None
    user, nice, system, _idle, _waiting, irq, softirq = (float(tick) for tick in first[1:8])
    busy = (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
    return busy - sum(os.times()[:4])
