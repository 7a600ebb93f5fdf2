"""The threshold of a rule on redrawn held-out clips, hundreds of times."""

from collections.abc import Callable, Sequence

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.alarm_rates import ByAlarms
from vadjax.evaluation.clip_rates import ByClip

Chooser = Callable[[Sequence[int]], float | None]


def chooser(
    rule: str,
    videos: Sequence[ScoredVideo],
    choose: Callable[[Sequence[ScoredVideo]], float | None],
    *,
    false_alarm_rate: float,
    alarms_per_hour: float,
) -> Chooser:
    """Return a function that gives the threshold of clips by their numbers, with repetitions.

    The rules "by_clip" and "alarms" sort the clips once; the others are asked anew each time.

    Args:
        rule: of `thresholds.RULES`.
        videos: the held-out clips of one fold, labelled.
        choose: clips -> the threshold by the rule.
        false_alarm_rate: of "by_clip", and of "alarms" where no time is known.
        alarms_per_hour: of "alarms".

    Returns:
        The function; its clips must have normal frames.
    """
    clips = [video.scores[video.truth == 0] for video in videos]
    known = np.flatnonzero([len(clip) > 0 for clip in clips])
    if rule not in ("by_clip", "alarms") or not len(known):
        return lambda numbers: choose([videos[number] for number in numbers])
    number_of = np.zeros(len(clips), np.int64)
    number_of[known] = np.arange(len(known))

    def counted(numbers: Sequence[int]) -> np.ndarray:
        return np.bincount(number_of[np.asarray(numbers, int)], minlength=len(known))

    if rule == "alarms":
        if any(video.truth.any() for video in videos):
            return lambda numbers: choose([videos[number] for number in numbers])
        by_alarms = ByAlarms([videos[number] for number in known.tolist()], alarms_per_hour)
        if by_alarms.timed:
            return lambda numbers: by_alarms.choose(counted(numbers))
    by_clip = ByClip([clips[number] for number in known], false_alarm_rate)

    def of(numbers: Sequence[int]) -> float:
        value = by_clip.choose(counts := counted(numbers))
        if value is None:  # too few clips, or no spread
            return by_clip.pool.draw(counts).quantile(1 - false_alarm_rate)
        return value

    return of
