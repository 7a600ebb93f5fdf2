"""How a watch goes about it, as it was asked on the command line."""

import dataclasses
import re
from collections.abc import Callable

from vadjax.errors import UserError
from vadjax.evaluation.episodes import Rule
from vadjax.evaluation.events import MERGE_S
from vadjax.live.blur import Blur


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a watch goes about it.

    Attributes:
        as_fast: files are read as fast as they are scored.
        max_fps: frames a second that are scored of each source; None: all.
        fps: frames a second of sources that do not say.
        cooldown_s: seconds without anything abnormal that end an event.
        least_s: events that last less are none.
        release: share of the threshold from which on an event goes on.
        before_s: seconds before an event that its clip shows.
        days: events are kept for; None: for ever.
        gigabytes: that clips and pictures take at most; None: as many as come.
        learn_s: seconds that a source without a detector is learnt from.
        forget_s: seconds in which what was usual at an hour fades to a third; None: the threshold
            stands still.
        start: when a file begins, seconds since 1970 UTC; None: now.
        device: that decodes streams; "" is the processor.
        blur: makes what blurs the frames of one source before they are shown and stored.
    """

    as_fast: bool = False
    max_fps: float | None = None
    fps: float | None = None
    cooldown_s: float = 10.0
    least_s: float = 0.0
    release: float = 1.0
    before_s: float = 5.0
    days: float | None = 30.0
    gigabytes: float | None = 10.0
    learn_s: float = 86400.0
    forget_s: float | None = 28 * 86400.0
    start: float | None = None
    device: str = ""
    blur: Callable[[], Blur] = lambda: Blur("")

    def rule(self, threshold: float | None) -> Rule | None:
        """Return how scores become events; None without a threshold.

        Args:
            threshold: of the detector.
        """
        if threshold is None:
            return None
        release = threshold - (1 - self.release) * abs(threshold)
        return Rule(threshold, release, max(MERGE_S, self.cooldown_s), self.least_s)


def seconds_of(text: str) -> float:
    """Read a time such as 24h, 90m or 30s.

    >>> seconds_of("1.5h")
    5400.0

    Args:
        text: a number with its unit.

    Returns:
        Seconds.

    Raises:
        UserError: it is none.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([hms])", text)
    if not found or not float(found[1]):
        raise UserError(f"--learn={text[:40]}: give a time such as 24h, 90m or 30s.")
    return float(found[1]) * {"h": 3600.0, "m": 60.0, "s": 1.0}[found[2]]
