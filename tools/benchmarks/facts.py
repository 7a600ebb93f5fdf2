"""Facts of a side's process besides its rates: compilation, memory, cost."""

import pathlib
import resource
import sys
import time
from collections.abc import Callable

COMPILATION = "/jax/core/compile/"  # tracing, lowering, XLA; also reading it from a cache


class Watch:
    """Watch the process of a side from its start.

    Args:
        compiles: whether it runs JAX, whose compilation is timed.
    """

    def __init__(self, *, compiles: bool):
        self._spans: list[tuple[float, float]] = []
        self._known: dict = {}
        self._compiles = compiles
        if compiles:
            import jax.monitoring

            jax.monitoring.register_event_duration_secs_listener(self._listen)

    def _listen(self, event: str, seconds: float, **_) -> None:
        if event.startswith(COMPILATION):
            now = time.perf_counter()
            self._spans.append((now - seconds, now))

    def ready(self, first_s: float) -> None:
        """Record that setting up and the first run took `first_s` seconds."""
        self._known["first_s"] = first_s
        if self._compiles:
            self._known["compile_s"] = self.compile_s()

    def compile_s(self) -> float:
        """Return the seconds of compilation so far."""
        return covered(self._spans)

    def facts(self, sample: Callable) -> dict:
        """Return the facts so far.

        Args:
            sample: what the suite returned. It may have `cost()`, the `cost.Cost` of one unit, and
                `seconds`, {column: {row: seconds}}, a further table.

        Returns:
            first_s: seconds of importing, setting up and the first run; compile_s: seconds in which
            JAX traced, lowered and compiled until then; peak_bytes: most resident memory of the
            process or a child of it; device_peak_bytes: peak memory of a device, if reported;
            flop, bytes: of a unit, if the sample has `cost`; seconds: as `sample.seconds`.
        """
        found = {**self._known, "peak_bytes": peak_bytes()}
        if (device := _device_peak_bytes()) is not None:
            found["device_peak_bytes"] = device
        if table := getattr(sample, "seconds", None):
            found["seconds"] = table
        if cost := getattr(sample, "cost", None):  # after the memory, since it uses more
            found["flop"], found["bytes"] = cost()
        return found


def covered(spans: list[tuple[float, float]]) -> float:
    """Return the length of the union of spans.

    >>> covered([(2, 3), (1, 5), (7, 8), (4, 6)])
    6
    """
    total, end = 0, float("-inf")
    for start, stop in sorted(spans):
        total += max(stop - max(start, end), 0)
        end = max(end, stop)
    return total


def peak_bytes() -> int:
    """Return the peak resident memory of this process or of a finished child, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    status = pathlib.Path("/proc/self/status")
    if status.is_file():  # on Linux ru_maxrss starts with the parent's value
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        own = int(line.split()[1]) * 1024
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit)


def _device_peak_bytes() -> int | None:
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated()
    if (jax := sys.modules.get("jax")) is None:
        return None
    stats = [device.memory_stats() or {} for device in jax.local_devices()]
    return max((s["peak_bytes_in_use"] for s in stats if "peak_bytes_in_use" in s), default=None)
