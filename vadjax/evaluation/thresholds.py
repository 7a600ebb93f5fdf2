"""Thresholds, chosen on held-out clips and never on the test clips."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import unknown
from vadjax.evaluation.alarm_rates import alarms_threshold
from vadjax.evaluation.clip_rates import MIN_FOR_RULE, by_clip_threshold
from vadjax.evaluation.frame import cumulative_counts
from vadjax.evaluation.peaks import peaks_over_threshold

UNSUPERVISED = ("by_clip", "alarms", "quantile", "mean_std", "pot", "conformal")
SUPERVISED = ("f1", "youden")
RULES = (*UNSUPERVISED, *SUPERVISED, "half", "fixed")


class Choice(NamedTuple):
    """A threshold.

    Attributes:
        value: a frame is abnormal from it upwards; None where there is none.
        reason: why there is none.
        fallback: which other rule gave the value, and why.
        note: what the value promises, or was computed from.
    """

    value: float | None
    reason: str = ""
    fallback: str = ""
    note: str = ""


def choose_threshold(
    scores: ArrayLike,
    labels: ArrayLike | None,
    *,
    rule: str,
    quantile: float = 0.99,
    num_std: float = 3.0,
    false_alarm_rate: float = 0.01,
    clips: ArrayLike | None = None,
    videos: Sequence[ScoredVideo] = (),
    alarms_per_hour: float = 1.0,
    value: float | None = None,
) -> Choice:
    """Choose a threshold from held-out scores; a frame is abnormal from it upwards.

    "by_clip" (`clip_rates.by_clip_threshold`), "alarms" (`alarm_rates.alarms_threshold`),
    "quantile", "mean_std", "pot" (`peaks.peaks_over_threshold`) and "conformal" look at normal
    frames alone. "f1" and "youden"
    (TPR - FPR) take the best of the held-out scores as it stands, the highest of equally good ones.
    "half" is .5, for scores that are probabilities, and "fixed" is `value`; they look at nothing.

    >>> choose_threshold([0.1, 0.2, 0.9], [0, 1, 1], rule="f1").value
    0.2

    Args:
        scores: float [n] of held-out frames.
        labels: [n] {0, 1}; all 0 for normal clips.
        rule: one of `RULES`.
        quantile: of "quantile", in [0, 1].
        num_std: of "mean_std", standard deviations above the mean.
        false_alarm_rate: of "by_clip", "pot" and "conformal", share of normal frames at or above
            the threshold.
        clips: int [n], the clip of each frame, for "by_clip" and "pot"; None is one clip.
        videos: of "alarms", the held-out ones of which `scores` are.
        alarms_per_hour: of "alarms", false ones.
        value: of "fixed".

    Returns:
        The threshold, or the reason why there is none.

    Raises:
        UserError: the rule is unknown.
    """
    if rule not in RULES:
        raise unknown("evaluate.threshold", rule, RULES)
    if rule == "half":
        return Choice(0.5)
    if rule == "fixed":
        return Choice(value, "" if value is not None else "evaluate.threshold_value is not set")
    scores, labels = np.asarray(scores, np.float64), np.asarray(labels, bool)
    normal = scores[~labels]
    if not len(normal):
        return Choice(None, "no held-out normal frame")
    if rule == "quantile":
        return Choice(float(np.quantile(normal, quantile)))
    if rule == "mean_std":
        return Choice(float(normal.mean() + num_std * normal.std()))
    if rule == "conformal":
        return _conformal(normal, false_alarm_rate)
    clips = np.zeros(len(scores), int) if clips is None else np.asarray(clips)
    if rule == "alarms":
        return _alarms(videos, alarms_per_hour, scores, labels, clips, false_alarm_rate)
    if rule == "by_clip":
        return _by_clip(normal_by_clip(scores, labels, clips), false_alarm_rate)
    if rule == "pot":
        return _pot(scores, labels, clips, false_alarm_rate)
    if not labels.any():
        return Choice(None, f"rule {rule} needs abnormal frames among the held-out ones; none are")
    thresholds, tp, fp = cumulative_counts(scores, labels)
    return Choice(float(thresholds[best(rule, tp, fp)]))


def normal_by_clip(scores: np.ndarray, labels: np.ndarray, clips: np.ndarray) -> list[np.ndarray]:
    """Return the scores of the normal frames of each clip that has some.

    Args:
        scores: float [n].
        labels: [n] {0, 1}.
        clips: int [n], the clip of each frame.

    Returns:
        float [t] of each clip, in order of its number.
    """
    normal = np.asarray(labels) == 0
    order = np.argsort(clips[normal], kind="stable")
    _, starts = np.unique(clips[normal][order], return_index=True)
    return np.split(scores[normal][order], starts[1:])


def best(rule: str, tp: np.ndarray, fp: np.ndarray) -> int:
    """Return the first index with the highest F1, J = TPR - FPR or accuracy.

    Args:
        rule: "f1", "youden" or "accuracy".
        tp: int [k], abnormal frames from each threshold upwards; the last is all of them.
        fp: int [k], normal frames from each threshold upwards; the last is all of them.

    Returns:
        An index into `tp`.
    """
    if rule == "f1":
        return int(np.argmax(2 * tp / (tp + fp + tp[-1])))
    if rule == "accuracy":
        return int(np.argmax(tp - fp))
    return int(np.argmax(tp * fp[-1] - fp * tp[-1]))  # J times both totals: exact, so ties are ties


def _alarms(
    videos: Sequence[ScoredVideo],
    per_hour: float,
    scores: np.ndarray,
    labels: np.ndarray,
    clips: np.ndarray,
    rate: float,
) -> Choice:
    """Allow some alarms an hour where times are known, else a share of frames."""
    found = alarms_threshold(videos, per_hour) if videos else None
    if found is None:
        choice = _by_clip(normal_by_clip(scores, labels, clips), rate)
        why = (
            "alarms an hour need the frame rate of the held-out clips, which folders of images "
            "do not say: give video files"
        )
        text = f"the rule by_clip instead, {rate:g} of the frames: {why}"
        return choice._replace(fallback="; ".join(filter(None, (text, choice.fallback))))
    if found.enough:
        return Choice(found.value, note=found.words)
    text = f"{per_hour:g} an hour takes {60 / per_hour:.0f} minutes to be seen; one alarm instead"
    return Choice(found.value, fallback=f"{text}: {found.words}")


def _by_clip(clips: list[np.ndarray], rate: float) -> Choice:
    """Allow for the variation between clips where there are enough of them."""
    value = by_clip_threshold(clips, rate)
    if value is not None:
        return Choice(value, note=f"rate of {rate:g} over {len(clips)} clips, each left out once")
    flat = np.concatenate(clips)
    why = "their scores have no spread"
    if len(clips) < MIN_FOR_RULE:
        why = f"the rate by clip needs {MIN_FOR_RULE} clips"
    held = f"{len(clips)} held-out clip{'' if len(clips) == 1 else 's'}"
    text = f"the {1 - rate:g} quantile of {held} instead: {why}"
    return Choice(float(np.quantile(flat, 1 - rate)), fallback=text)


def _conformal(normal: np.ndarray, rate: float) -> Choice:
    """Take the ceil((n + 1)(1 - rate))-th lowest score, and call only what is above it.

    A further normal frame exceeds it with probability `rate` at most if it is exchangeable with
    the held-out ones (Vovk et al. 2005; Angelopoulos and Bates 2023, section 1).
    """
    rank = math.ceil((len(normal) + 1) * (1 - rate) - 1e-9)
    if rank > len(normal):
        least = math.ceil(1 / rate - 1e-9) - 1
        return Choice(
            None,
            f"{len(normal)} held-out normal frames are too few for a rate of {rate:g}: it takes "
            f"{least}",
        )
    value = np.partition(normal, rank - 1)[rank - 1]
    note = (
        f"rate of {rate:g}, rank {rank} of {len(normal)}; holds for frames exchangeable with the "
        "held-out ones, which frames of one clip are not"
    )
    return Choice(float(np.nextafter(value, np.inf)), note=note)


def _pot(scores: np.ndarray, labels: np.ndarray, clips: np.ndarray, rate: float) -> Choice:
    fitted, why = peaks_over_threshold(scores, ~labels, clips, rate=rate)
    if fitted is None:
        value = float(np.quantile(scores[~labels], 1 - rate))
        return Choice(value, fallback=f"the {1 - rate:g} quantile instead: {why}")
    note = (
        f"rate of {rate:g}; {fitted.peaks} peaks above {fitted.start:.4g}, generalised Pareto of "
        f"shape {fitted.shape:.3g} and scale {fitted.scale:.3g}"
    )
    return Choice(fitted.value, note=note)
