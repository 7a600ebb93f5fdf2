"""How rare a score is: how often held-out normal footage has raised an alarm as high."""

import math
from collections.abc import Sequence

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.alarm_rates import hours_of
from vadjax.evaluation.alarms_by_threshold import count_false_alarms


class Severity:
    """Says "rarer than once in N hours".

    Args:
        held_out: normal clips that the detector has not learnt, scored; labelled frames that are
            abnormal do not count.
    """

    def __init__(self, held_out: Sequence[ScoredVideo]):
        self._videos = [video.as_normal() for video in held_out]
        self._hours = hours_of(self._videos) if self._videos else math.nan

    def rarer_than_hours(self, score: float) -> float | None:
        """Return N for a score; None where the held-out footage has no times.

        Args:
            score: of the peak of an event.

        Returns:
            Hours of held-out footage for each alarm that reached the score; all hours where none
            did, as more cannot be known from them.
        """
        if not math.isfinite(self._hours) or self._hours <= 0:
            return None
        (count,) = count_false_alarms(self._videos, np.array([score], np.float64))
        return self._hours / max(1, count)
