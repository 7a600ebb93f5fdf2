"""A threshold by alarms: what somebody who watches a camera is asked to look at.

Neighbouring frames are called abnormal together, and each such run is one alarm (events.py). How
often held-out normal clips raise one is counted; a share of frames would count one long alarm as
many.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import chi2

from vadjax.data.scored_video import ScoredVideo
from vadjax.data.text.lists import some
from vadjax.evaluation.alarm_pool import AlarmPool
from vadjax.evaluation.alarms_by_threshold import count_false_alarms
from vadjax.evaluation.clip_pool import ClipPool, Draw
from vadjax.evaluation.events import normal_seconds

CANDIDATES = 2000  # thresholds that are tried by rank, and as many of the largest scores
ODD_OF = 8  # clips, of which one may be left out as unlike all others
MOST_CALLED = 0.1  # of the normal frames: one alarm that lasts for most of a clip is not one


def hours_of(videos: Sequence[ScoredVideo]) -> float:
    """Return the hours of normal footage; NaN where no time is known.

    Args:
        videos: held-out ones; one without labels is normal.
    """
    return math.fsum(normal_seconds(video.as_normal()) for video in videos) / 3600


def lowest_threshold(
    videos: Sequence[ScoredVideo], alarms: float, *, most_called: float = 1.0
) -> float:
    """Return the lowest threshold from which upwards there are no more false alarms than allowed.

    Args:
        videos: held-out ones, with normal frames; one without labels is normal.
        alarms: that are allowed, in all videos together.
        most_called: share of the normal frames that may be called abnormal.

    Returns:
        The threshold; just above all scores if need be.
    """
    known = [video.as_normal() for video in videos if len(video.scores)]
    normal = [video.scores[video.truth == 0] for video in known]
    pool = ClipPool([scores for scores in normal if len(scores)])
    every = np.ones(len(known), np.int64)
    if any(video.truth.any() for video in known):

        def count(thresholds: np.ndarray) -> np.ndarray:
            return np.array(count_false_alarms(known, thresholds))

    else:
        count = functools.partial(AlarmPool(known).count, every)
    return _lowest(pool.draw(np.ones_like(pool.lengths)), count, alarms, most_called)


def _lowest(
    draw: Draw,
    count: Callable[[np.ndarray], np.ndarray],
    alarms: float,
    most_called: float,
) -> float:
    """Return what `lowest_threshold` does, of the scores of a draw and its alarms by threshold."""
    ranks = np.rint((draw.size - 1) * np.linspace(0, 1, CANDIDATES)).astype(np.int64)
    top = np.arange(max(0, draw.size - CANDIDATES), draw.size)  # tells rare alarms apart
    tried = np.unique(draw.at(np.append(ranks, top)))
    tried = np.append(tried, np.nextafter(tried[-1], np.inf))
    too_many = count(tried) > alarms
    too_many |= draw.size - draw.below(tried) > most_called * draw.size
    return float(tried[np.flatnonzero(too_many)[-1] + 1 if too_many.any() else 0])


class Allowed(NamedTuple):
    """A threshold by alarms.

    Attributes:
        value: a frame is abnormal from it upwards.
        alarms: that the held-out normal footage raises with it.
        hours: of that footage.
        left_out: clips that are unlike all others; they do not count.
        enough: it is long enough to show the rate that was asked for.
    """

    value: float
    alarms: int
    hours: float
    left_out: tuple[str, ...]
    enough: bool

    @property
    def words(self) -> str:
        """What was counted, and which rates that allows."""
        low, high = (count / self.hours for count in poisson_interval(self.alarms))
        alarms = f"{self.alarms} alarm{'' if self.alarms == 1 else 's'}"
        return (
            f"{alarms} in {60 * self.hours:.1f} minutes "
            f"of held-out normal footage: {low:.1f} to {high:.1f} an hour (95 %)" + self._odd
        )

    @property
    def _odd(self) -> str:
        if not self.left_out:
            return ""
        names = some(self.left_out)
        return (
            f"; not counted: {names}, where detectors that have not seen it score most frames "
            "above all frames of the others (look whether it is normal)"
        )


def alarms_threshold(videos: Sequence[ScoredVideo], per_hour: float) -> Allowed | None:
    """Choose the lowest threshold with at most so many alarms an hour of held-out normal footage.

    Clips that are unlike all others (`unlike_all_others`) do not count: the detector has learnt
    from them, but those that scored them have not. Footage that is too short to show the rate may
    raise one alarm in all. At most a tenth of its frames is called abnormal in any case.

    Args:
        videos: held-out ones, with normal frames; one without labels is normal.
        per_hour: alarms an hour, above 0.

    Returns:
        The threshold; None where no time is known, or rows are no frames.
    """
    odd = unlike_all_others([video.scores[video.as_normal().truth == 0] for video in videos])
    left_out = tuple(videos[number].id for number in odd)
    videos = [video for video in videos if video.id not in left_out]
    hours = hours_of(videos)
    if math.isnan(hours) or any(video.unit != "frame" for video in videos):
        return None
    allowed = math.floor(per_hour * hours + 1e-9)
    value = lowest_threshold(videos, max(1, allowed), most_called=MOST_CALLED)
    (alarms,) = count_false_alarms([video.as_normal() for video in videos], np.array([value]))
    return Allowed(value, alarms, hours, left_out, allowed >= 1)


def unlike_all_others(clips: Sequence[np.ndarray]) -> list[int]:
    """Return the clips of which most frames score above every frame of all other clips.

    >>> unlike_all_others([np.arange(9.0)] * 7 + [np.array([1.0, 9.0, 9.0])])
    [7]

    Args:
        clips: float [t] of each held-out clip.

    Returns:
        Numbers of clips, ascending: at most one of eight.
    """
    medians = np.array([np.median(clip) if len(clip) else -np.inf for clip in clips])
    maxima = np.array([np.max(clip) if len(clip) else -np.inf for clip in clips])
    return sorted(_odd(medians, maxima).tolist())


def _odd(medians: np.ndarray, maxima: np.ndarray) -> np.ndarray:
    """Return the clips of `unlike_all_others`, of medians and largest scores, [k] each."""
    order = np.argsort(medians, kind="stable")[::-1]
    others = np.maximum.accumulate(maxima[order][::-1])[::-1]  # from each clip of the order on
    most = len(medians) // ODD_OF
    apart = (medians[order][:most] > others[1:][:most]) & (others[1:][:most] > -np.inf)
    return order[: np.flatnonzero(apart)[-1] + 1 if apart.any() else 0]


class ByAlarms:
    """The rule of `alarms_threshold`, for many draws of the same clips without events.

    Attributes:
        timed: whether the rule applies: times are known, and rows are frames.
    """

    def __init__(self, videos: Sequence[ScoredVideo], per_hour: float) -> None:
        """Sort the scores and the alarms.

        Args:
            videos: without abnormal frames, each with a frame at least.
            per_hour: alarms an hour, above 0.
        """
        self._per_hour, self._pool = per_hour, AlarmPool(videos)
        self._medians = np.array([np.median(video.scores) for video in videos])
        self._hours = np.array([hours_of([video]) for video in videos])
        self.timed = bool(np.isfinite(self._hours).all())
        self.timed &= all(video.unit == "frame" for video in videos)

    def choose(self, counts: np.ndarray) -> float:
        """Return the threshold of a draw.

        Args:
            counts: int [k], how often each clip is drawn.
        """
        clips, numbers = self._pool.clips, np.repeat(np.arange(len(counts)), counts)
        odd = numbers[_odd(self._medians[numbers], clips.maxima[numbers])]
        counts = counts.copy()
        counts[odd] = 0
        allowed = max(1, math.floor(self._per_hour * float(counts @ self._hours) + 1e-9))
        count = functools.partial(self._pool.count, counts)
        return _lowest(clips.draw(counts), count, allowed, MOST_CALLED)


def poisson_interval(count: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a Poisson mean of which `count` was seen (Garwood 1936).

    >>> [round(value, 2) for value in poisson_interval(1)]
    [0.03, 5.57]

    Args:
        count: events.
        level: of confidence.

    Returns:
        (low, high).
    """
    tail = (1 - level) / 2
    low = chi2.ppf(tail, 2 * count) / 2 if count else 0.0
    return float(low), float(chi2.ppf(1 - tail, 2 * count + 2) / 2)
