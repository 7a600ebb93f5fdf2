"""Parts of metrics.json that need a threshold, each with a reason for every null in it."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation import events, frame
from vadjax.evaluation.alarms_by_threshold import count_false_alarms
from vadjax.evaluation.clip_rates import Clips, expected_rate
from vadjax.evaluation.event_curve import event_curve_part
from vadjax.evaluation.parts import Part, Videos, decided, labelled, one_class, pool, pool_calls
from vadjax.evaluation.redrawn import Chooser
from vadjax.evaluation.thresholds import UNSUPERVISED, Choice, best

RATES = ("precision", "recall", "f1", "balanced_accuracy", "false_positive_rate")
SWEEP_POINTS = 60
ORACLE = (
    "the best threshold on the test labels themselves: an upper bound that no one can choose "
    "beforehand, and no result"
)


def decide(video: ScoredVideo, threshold: float | None) -> ScoredVideo:
    """Set the threshold of a video, and the alarms that it raises.

    Args:
        video: a scored video.
        threshold: a row is called abnormal from it upwards; None raises no alarms.

    Returns:
        The record with `threshold` and `alarms`.
    """
    video = dataclasses.replace(video, threshold=threshold, alarms=())
    if threshold is None:
        return video
    found = events.merged_runs(events.called(video), video)
    return dataclasses.replace(video, alarms=tuple(map(tuple, found.tolist())))


def decide_all(videos: Videos, thresholds: Sequence[float | None]) -> list[ScoredVideo]:
    """Decide each video by the threshold of its fold; where one fold has none, none is decided.

    Args:
        videos: scored ones.
        thresholds: of each fold.

    Returns:
        The videos in their order.
    """
    missing = None in thresholds
    return [decide(video, None if missing else thresholds[video.fold]) for video in videos]


def threshold_part(choices: Sequence[Choice], videos: Videos) -> tuple[dict, dict]:
    """Compute what the run's threshold is worth, by frame and by event.

    Args:
        choices: of each fold.
        videos: the tested ones, decided.

    Returns:
        The part `threshold`, and reasons.
    """
    values, missing = [c.value for c in choices], _missing(choices)
    known = [] if missing else videos
    calls, truth = pool_calls(known), pool(known)[1]
    counts = frame.confusion(calls, truth)
    measured, event_reasons = events.event_metrics(known)
    part = {
        "value": values[0] if len(values) == 1 else None,
        "values": values,
        **frame.threshold_metrics(counts),
        "confusion": counts if len(truth) else None,
        "false_alarms_per_hour": measured.pop("false_alarms_per_hour"),
        "events": measured if decided(known) else None,
    }
    why = missing or one_class(truth)
    reasons = {f"threshold.{key}": why for key in part}
    reasons["threshold.values[]"] = missing
    if not missing:
        reasons["threshold.value"] = "each fold has its own; see threshold.values"
        reasons |= {f"threshold.events.{key}": text for key, text in event_reasons.items()}
        reasons["threshold.false_alarms_per_hour"] = event_reasons.get("false_alarms_per_hour", "")
    part["fallback"] = _joined([c.fallback for c in choices])
    return part, reasons


def expected_part(
    clips: Sequence[Clips],
    chooser: Callable[[], Chooser],
    *,
    asked: float | None,
    cross_fit: int,
    seed: int = 0,
) -> Part:
    """Say which share of normal frames the run's rule is expected to call abnormal.

    Args:
        clips: for each fold, the scores of the normal frames of each held-out clip.
        chooser: gives the function: numbers of clips of the only fold -> the rule's threshold.
        asked: the share that the rule was asked for; None where it is asked for none.
        cross_fit: detectors that scored the held-out clips; 0: the run's own.
        seed: of the draws.

    Returns:
        The part `threshold.expected`, and reasons.
    """
    if len(clips) != 1:
        return None, {"threshold.expected": "each fold has a threshold of its own"}
    found = expected_rate(clips[0], chooser(), seed=seed)
    part = {"asked": asked, **found._asdict(), "cross_fit": cross_fit}
    why = part.pop("reason")
    reasons = {f"threshold.expected.{key}": why for key in ("mean", "low", "high", "clip_high")}
    return part, {**reasons, "threshold.expected.asked": "the rule is asked for no rate"}


def thresholds_part(
    choose: Callable[[str], Sequence[Choice]], rules: Sequence[str], videos: Videos
) -> Part:
    """Compare all rules that apply; none of them has seen a test label.

    Args:
        choose: rule -> the choice of each fold.
        rules: those that apply.
        videos: the tested ones.

    Returns:
        The part `thresholds`, and reasons.
    """
    rows, hours, num_folds = [], "", 0
    for rule in rules:
        choices = choose(rule)
        num_folds = len(choices)
        own = decide_all(videos, [c.value for c in choices])
        row = dict.fromkeys((*RATES, "false_alarms_per_hour"))
        if decided(own) and labelled(own):
            rates = frame.threshold_metrics(frame.confusion(pool_calls(own), pool(own)[1]))
            row = {key: rates[key] for key in RATES}
            row["false_alarms_per_hour"], why = events.false_alarm_rate(labelled(own))
            hours = why or hours
        rows.append(
            {
                "rule": rule,
                "value": choices[0].value if num_folds == 1 else None,
                "oracle": False,
                "note": _joined([part for c in choices for part in (c.reason, c.fallback, c.note)]),
                **row,
            }
        )
    reasons = {f"thresholds[].{key}": "no labels, or of one class only" for key in RATES}
    reasons["thresholds[].value"] = (
        "each fold has its own, or see note" if num_folds > 1 else "see note"
    )
    reasons["thresholds[].false_alarms_per_hour"] = hours or "no labels, or no threshold"
    return rows, reasons


def rules_that_apply(rule: str, held_out_labels: Sequence[np.ndarray]) -> list[str]:
    """List the run's rule, those for normal frames, and the supervised ones where they apply.

    Args:
        rule: the run's.
        held_out_labels: [n] {0, 1} of each fold.

    Returns:
        Names of rules, each once.
    """
    both = all(np.any(labels) and not np.all(labels) for labels in held_out_labels)
    more = ("f1", "youden") if both and held_out_labels else ()
    return list(dict.fromkeys((rule, *UNSUPERVISED, *more)))


def sweep_part(videos: Videos) -> Part:
    """Compute what each of some thresholds would be worth on the test frames: for a plot only."""
    flat, truth = pool(videos)
    if why := one_class(truth):
        return None, {"sweep": why}
    limits = limits_of(flat)
    thresholds, tp, fp = frame.cumulative_counts(flat, truth)
    at = np.searchsorted(-thresholds, -limits)
    tp, fp, abnormal, normal = tp[at], fp[at], tp[-1], fp[-1]
    return {
        "threshold": limits.tolist(),
        "precision": (tp / (tp + fp)).tolist(),
        "recall": (tp / abnormal).tolist(),
        "f1": (2 * tp / (tp + fp + abnormal)).tolist(),
        "fpr": (fp / normal).tolist(),
        "false_alarms": count_false_alarms(labelled(videos), limits),
    }, {}


def limits_of(scores: np.ndarray) -> np.ndarray:
    """Return the thresholds that are tried, float64 [n], rising: scores, evenly by their rank.

    Args:
        scores: float [t] of all labelled test videos, not empty.
    """
    points = np.linspace(0, 1, SWEEP_POINTS)
    return np.unique(np.quantile(scores.astype(np.float64), points, method="nearest"))


def curve_part(videos: Videos) -> Part:
    """Compute what the thresholds of the sweep are worth by event; see `event_curve`."""
    known = labelled(videos)
    if not known:
        return None, {"event_curve": "no labels"}
    return event_curve_part(known, limits_of(pool(known)[0]))


def classes_part(videos: Videos) -> Part:
    """Compute precision, recall, F1 and number of frames of either class, at the run's threshold.

    Args:
        videos: the tested ones, decided.

    Returns:
        The part `classes`, and reasons.
    """
    if not labelled(videos) or not decided(videos):
        return None, {"classes": "no labels" if not labelled(videos) else "no threshold"}
    counts = frame.confusion(pool_calls(videos), pool(videos)[1])
    turned = {
        own: counts[other] for own, other in zip(counts, ("tn", "fn", "tp", "fp"), strict=True)
    }
    rows = []
    for name, own in (("normal", turned), ("abnormal", counts)):
        rates = frame.threshold_metrics(own)
        support = own["tp"] + own["fn"]
        rows.append(
            {"name": name, **{k: rates[k] for k in ("precision", "recall", "f1")}}
            | {"support": support}
        )
    why = "no frame of this class among the labels"
    return rows, {f"classes[].{key}": why for key in ("precision", "recall", "f1")}


def oracle_part(videos: Videos) -> Part:
    """Compute the best thresholds on the test labels: upper bounds."""
    flat, truth = pool(videos)
    if why := one_class(truth):
        return None, {"oracle": why}
    thresholds, tp, fp = frame.cumulative_counts(flat, truth)
    part: dict = {}
    for rule in ("f1", "youden", "accuracy"):
        at = best(rule, tp, fp)
        hit, false, abnormal, normal = (int(x) for x in (tp[at], fp[at], tp[-1], fp[-1]))
        value = {
            "f1": 2 * hit / (hit + false + abnormal),
            "youden": hit / abnormal - false / normal,
            "accuracy": (hit + normal - false) / (abnormal + normal),
        }[rule]
        part[rule] = {"threshold": float(thresholds[at]), rule: value}
    return {**part, "convention": ORACLE}, {}


def _missing(choices: Sequence[Choice]) -> str:
    return next((c.reason for c in choices if c.reason), "")


def _joined(texts: Sequence[str]) -> str | None:
    """Join texts, each once; None where all are empty."""
    return "; ".join(dict.fromkeys(text for text in texts if text)) or None
