"""What a watch is doing now: the last picture, the last hour's scores, and counters of its health.

The watcher writes it and the page reads it, each from its own thread.
"""

import collections
import dataclasses
import threading
import time
from collections.abc import Sequence

import numpy as np

RING_S = 3600.0  # scores that are kept
POINT_S = 1.0  # of which the highest score is one point
_LATENCIES = 1000  # frames that the percentiles are of


@dataclasses.dataclass(frozen=True)
class Latest:
    """The last frame that was shown of a source.

    Attributes:
        jpeg: the picture with heat map and boxes.
        time: seconds since 1970 UTC.
        score: of the frame; None while there is none.
        threshold: that calls a frame abnormal; None while nothing is known.
    """

    jpeg: bytes
    time: float
    score: float | None
    threshold: float | None


@dataclasses.dataclass(frozen=True)
class Health:
    """How a source fares.

    Attributes:
        state: "connecting", "learning", "watching", "lost", "ended" or "refused".
        message: for a person: what is waited for, how far the learning is, or why it failed.
        since: when the watch of it began, seconds since 1970 UTC.
        frames: that were scored.
        dropped: that came while an earlier one was being scored, and were left out.
        reconnects: how often the source was opened again.
        fps: frames scored a second, over the last minute.
        latency_p50_s: seconds from a frame's arrival to its score, half of the frames less.
        latency_p99_s: all but one in a hundred.
        memory_bytes: of the process.
        learnt: share of the learning that is done, or None where nothing is being learnt.
        size: width and height of the frames; None before the first.
    """

    state: str
    message: str
    since: float
    frames: int
    dropped: int
    reconnects: int
    fps: float
    latency_p50_s: float | None
    latency_p99_s: float | None
    memory_bytes: int
    learnt: float | None
    size: tuple[int, int] | None


class Status:
    """See the module; every call may come from any thread.

    Args:
        sources: their names, in order.
    """

    def __init__(self, sources: Sequence[str]):
        self._lock = threading.Lock()
        self._of = {name: _Source() for name in sources}

    @property
    def sources(self) -> list[str]:
        """The names of the sources."""
        return list(self._of)

    def latest(self, source: str) -> Latest | None:
        """Return the last picture of a source; None before the first.

        Raises:
            KeyError: no source has this name.
        """
        with self._lock:
            return self._of[source].latest

    def scores(self, source: str, *, after: float = 0.0) -> list[tuple[float, float, float | None]]:
        """Return the last hour's scores of a source.

        Args:
            source: its name.
            after: only points that are later, seconds since 1970 UTC.

        Returns:
            (time, the highest score of the second from then on, threshold) of each point.

        Raises:
            KeyError: no source has this name.
        """
        with self._lock:
            return [point for point in self._of[source].ring if point[0] > after]

    def health(self, source: str) -> Health:
        """Return how a source fares.

        Raises:
            KeyError: no source has this name.
        """
        memory = memory_bytes()
        with self._lock:
            one = self._of[source]
            latencies = np.array(one.latencies) if one.latencies else None
            now = time.monotonic()
            recent = sum(count for second, count in one.counts if second >= now - 60)
            return Health(
                state=one.state,
                message=one.message,
                since=one.since,
                frames=one.frames,
                dropped=one.dropped,
                reconnects=one.reconnects,
                fps=recent / max(1.0, min(60.0, now - one.started)),
                latency_p50_s=None if latencies is None else float(np.quantile(latencies, 0.5)),
                latency_p99_s=None if latencies is None else float(np.quantile(latencies, 0.99)),
                memory_bytes=memory,
                learnt=one.learnt,
                size=one.size,
            )

    def set_state(
        self, source: str, state: str, message: str = "", *, learnt: float | None = None
    ) -> None:
        """Say what a source is doing.

        Args:
            source: its name.
            state: see `Health`.
            message: for a person.
            learnt: share of the learning that is done; None where nothing is being learnt.
        """
        with self._lock:
            one = self._of[source]
            one.state, one.message, one.learnt = state, message, learnt

    def count(self, source: str, *, dropped: int = 0, reconnects: int = 0) -> None:
        """Add to the counters of a source.

        Args:
            source: its name.
            dropped: frames.
            reconnects: times.
        """
        with self._lock:
            self._of[source].dropped += dropped
            self._of[source].reconnects += reconnects

    def scored(
        self,
        source: str,
        at: float,
        score: float | None,
        threshold: float | None,
        *,
        latency_s: float | None = None,
        size: tuple[int, int] | None = None,
    ) -> None:
        """Note the score of a frame.

        Args:
            source: its name.
            at: time of the frame, seconds since 1970 UTC.
            score: of it; None where the detector has none.
            threshold: that calls a frame abnormal, or None.
            latency_s: seconds from its arrival to its score, or None.
            size: width and height of it.
        """
        with self._lock:
            one = self._of[source]
            one.frames += 1
            one.size = size or one.size
            if latency_s is not None:
                one.latencies.append(latency_s)
            second = float(int(time.monotonic()))
            if one.counts and one.counts[-1][0] == second:
                one.counts[-1] = second, one.counts[-1][1] + 1
            else:
                one.counts.append((second, 1))
            if score is None:
                return
            begin = at - at % POINT_S
            if one.ring and one.ring[-1][0] == begin:
                one.ring[-1] = begin, max(score, one.ring[-1][1]), threshold
            else:
                one.ring.append((begin, score, threshold))

    def show(self, source: str, latest: Latest) -> None:
        """Keep the last picture of a source.

        Args:
            source: its name.
            latest: the picture.
        """
        with self._lock:
            self._of[source].latest = latest


class _Source:
    """What is known of one source."""

    def __init__(self) -> None:
        self.state, self.message, self.since = "connecting", "", time.time()
        self.started = time.monotonic()
        self.frames = self.dropped = self.reconnects = 0
        self.latest: Latest | None = None
        self.learnt: float | None = None
        self.size: tuple[int, int] | None = None
        self.latencies: collections.deque[float] = collections.deque(maxlen=_LATENCIES)
        self.counts: collections.deque[tuple[float, int]] = collections.deque(maxlen=61)
        self.ring: collections.deque[tuple[float, float, float | None]] = collections.deque(
            maxlen=int(RING_S / POINT_S)
        )


def memory_bytes() -> int:
    """Return the memory that this process holds; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        return 0
