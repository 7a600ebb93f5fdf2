"""The threshold that a person asks for when detecting: a number, or how sensitive to be."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.evaluation.alarm_rates import hours_of, lowest_threshold
from vadjax.evaluation.clip_rates import ExpectedRate, expected_rate
from vadjax.evaluation.thresholds import choose_threshold

LEVELS = {"low": 0.002, "medium": 0.01, "high": 0.05}  # share of normal frames called abnormal


class Asked(NamedTuple):
    """A threshold that was asked for.

    Attributes:
        value: score from which a frame is abnormal.
        rule: "fixed" or "sensitivity".
        words: what it is, for the console.
        expected: share of normal frames that it is expected to call; None for several folds.
    """

    value: float
    rule: str
    words: str
    expected: ExpectedRate | None


def asked_threshold(
    held_out: Sequence[ScoredVideo], *, threshold: float | None, sensitivity: str
) -> Asked:
    """Return the threshold for a number or a sensitivity.

    Args:
        held_out: the run's held-out clips, scored; unlabelled ones are normal.
        threshold: the number itself, or None.
        sensitivity: "low", "medium", "high", or a number of false alarms an hour.

    Returns:
        The threshold; of several folds the mean of theirs.

    Raises:
        UserError: both are given, or one is no number and no level, or the held-out clips cannot
            say which threshold it is.
    """
    if threshold is not None and sensitivity:
        raise UserError("give --threshold=X or --sensitivity=..., not both.")
    folds = sorted({video.fold for video in held_out})
    by_fold = [[v for v in held_out if v.fold == fold and np.any(_normal(v))] for fold in folds]
    if threshold is not None:
        if not math.isfinite(threshold):
            raise UserError(f"--threshold is {threshold}; it must be a number, a score.")
        return Asked(threshold, "fixed", "given", _expected(by_fold, threshold))
    if not any(by_fold):
        raise UserError(
            "the run has no held-out normal clips, so that no sensitivity can be turned into a "
            "threshold; give --threshold=X, a score."
        )
    if sensitivity in LEVELS:
        rate = LEVELS[sensitivity]
        values = [_at_rate(videos, rate) for videos in by_fold if videos]
        words = f"sensitivity {sensitivity}, {100 * rate:g} % of normal frames"
    else:
        per_hour = _number(sensitivity)
        values = [_at_alarms(videos, per_hour) for videos in by_fold if videos]
        words = f"sensitivity of {per_hour:g} false alarms an hour"
    value = float(np.mean(values))
    return Asked(value, "sensitivity", words, _expected(by_fold, value))


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise UserError(
            f"--sensitivity={text}: give low, medium, high, or a number of false alarms an hour."
        )
    return value


def _normal(video: ScoredVideo) -> np.ndarray:
    return np.ones(len(video.scores), bool) if video.labels is None else video.labels == 0


def _at_rate(videos: Sequence[ScoredVideo], rate: float) -> float:
    """Return the threshold of the rule by_clip."""
    clips = [video.scores[_normal(video)] for video in videos]
    flat, of = np.concatenate(clips), np.repeat(np.arange(len(clips)), [len(c) for c in clips])
    choice = choose_threshold(flat, 0 * of, rule="by_clip", false_alarm_rate=rate, clips=of)
    assert choice.value is not None  # there is a normal frame
    return choice.value


def _at_alarms(videos: Sequence[ScoredVideo], per_hour: float) -> float:
    """Return the lowest threshold from which upwards there are no more alarms an hour."""
    hours = hours_of(videos)
    if math.isnan(hours):
        raise UserError(
            "the frame rate of the run's held-out clips is not known, so that alarms an hour "
            "cannot be counted; give --sensitivity=low, medium or high."
        )
    if per_hour * hours < 1:
        raise UserError(
            f"--sensitivity={per_hour:g}: the run's held-out clips last {60 * hours:.1f} minutes "
            f"and cannot tell rates below {1 / hours:.1f} alarms an hour apart; give a larger "
            "number, low, medium or high, or --threshold=X."
        )
    return lowest_threshold(videos, per_hour * hours)


def _expected(by_fold: Sequence[Sequence[ScoredVideo]], value: float) -> ExpectedRate | None:
    if len(by_fold) != 1:
        return None
    clips = [video.scores[_normal(video)] for video in by_fold[0]]
    return expected_rate(clips, lambda numbers: value)
