"""The parts of metrics.json that need a threshold; each with why a null in it would be null."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from vadjax.evaluation import events, frame
from vadjax.evaluation.parts import Arrays, Found, one_class, pool
from vadjax.evaluation.thresholds import UNSUPERVISED, Choice, best

RATES = ("precision", "recall", "f1", "balanced_accuracy", "false_positive_rate")
SWEEP_POINTS = 60
ORACLE = (
    "the best threshold on the test labels themselves: an upper bound that no one can choose "
    "beforehand, and no result"
)


def call(scores: Arrays, folds: Sequence[Sequence[str]], values: Sequence[float | None]) -> Arrays:
    """Return video -> bool [t], the frames at or above the threshold of their fold."""
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return {}
    return {
        video: np.asarray(scores[video], np.float64) >= value
        for ids, value in zip(folds, known, strict=True)
        for video in ids
    }


def threshold_part(
    choices: Sequence[Choice], called: Arrays, labels: Arrays, fps: Mapping[str, float | None]
) -> tuple[dict, dict]:
    """What the calls at the run's threshold are worth, by frame and by event."""
    values, missing = [c.value for c in choices], _missing(choices)
    flat, truth = pool(called, {v: labels[v] for v in labels if v in called})
    counts = frame.confusion(flat, truth)
    found, event_reasons = events.event_metrics(called, labels, fps)
    part = {
        "value": values[0] if len(values) == 1 else None,
        "values": values,
        **frame.threshold_metrics(counts),
        "confusion": counts if len(truth) else None,
        "false_alarms_per_hour": found.pop("false_alarms_per_hour"),
        "events": found if called else None,
    }
    why = missing or one_class(truth)
    reasons = {f"threshold.{key}": why for key in part}
    reasons["threshold.values[]"] = missing
    if not missing:
        reasons["threshold.value"] = "each fold has its own; see threshold.values"
        reasons |= {f"threshold.events.{key}": text for key, text in event_reasons.items()}
        reasons["threshold.false_alarms_per_hour"] = event_reasons.get("false_alarms_per_hour", "")
    part["fallback"] = _said([c.fallback for c in choices])
    return part, reasons


def thresholds_part(
    choose: Callable[[str], Sequence[Choice]],
    rules: Sequence[str],
    scores: Arrays,
    labels: Arrays,
    folds: Sequence[Sequence[str]],
    fps: Mapping[str, float | None],
) -> Found:
    """Compare all rules that apply; none of them has seen a test label.

    Args:
        choose: rule -> the choice of each fold.
        rules: those that apply.
        scores, labels: by test video.
        folds: the test videos of each fold.
        fps: video -> frames per second.
    """
    rows, hours = [], ""
    for rule in rules:
        choices = choose(rule)
        called = call(scores, folds, [c.value for c in choices])
        found = dict.fromkeys((*RATES, "false_alarms_per_hour"))
        if called and labels:
            flat, truth = pool(called, labels)
            rates = frame.threshold_metrics(frame.confusion(flat, truth))
            raised, why = events.event_metrics(called, labels, fps)
            found = {key: rates[key] for key in RATES}
            found["false_alarms_per_hour"] = raised["false_alarms_per_hour"]
            hours = why.get("false_alarms_per_hour", hours)
        said = [part for c in choices for part in (c.reason, c.fallback, c.note)]
        rows.append(
            {
                "rule": rule,
                "value": choices[0].value if len(choices) == 1 else None,
                "oracle": False,
                "note": _said(said),
                **found,
            }
        )
    many = len(folds) > 1
    reasons = {f"thresholds[].{key}": "no labels, or of one class only" for key in RATES}
    reasons["thresholds[].value"] = "each fold has its own, or see note" if many else "see note"
    reasons["thresholds[].false_alarms_per_hour"] = hours or "no labels, or no threshold"
    return rows, reasons


def rules_that_apply(rule: str, held_out_labels: Sequence[np.ndarray]) -> list[str]:
    """List the run's rule, those for normal frames, and the supervised ones where they can be."""
    both = all(np.any(labels) and not np.all(labels) for labels in held_out_labels)
    more = ("f1", "youden") if both and held_out_labels else ()
    return list(dict.fromkeys((rule, *UNSUPERVISED, *more)))


def sweep_part(scores: Arrays, labels: Arrays, fps: Mapping[str, float | None]) -> Found:
    """What each of some thresholds would be worth on the test frames: for a plot, not to choose."""
    flat, truth = pool(scores, labels)
    if why := one_class(truth):
        return None, {"sweep": why}
    points = np.linspace(0, 1, SWEEP_POINTS)
    limits = np.unique(np.quantile(flat.astype(np.float64), points, method="nearest"))
    thresholds, tp, fp = frame.cumulative_counts(flat, truth)
    at = np.searchsorted(-thresholds, -limits)
    tp, fp, abnormal, normal = tp[at], fp[at], tp[-1], fp[-1]
    own = {v: scores[v] for v in labels}
    return {
        "threshold": limits.tolist(),
        "precision": (tp / (tp + fp)).tolist(),
        "recall": (tp / abnormal).tolist(),
        "f1": (2 * tp / (tp + fp + abnormal)).tolist(),
        "fpr": (fp / normal).tolist(),
        "false_alarms": events.count_false_alarms(own, labels, fps, limits),
    }, {}


def classes_part(called: Arrays, labels: Arrays) -> Found:
    """Precision, recall, F1 and number of frames of either class, at the run's threshold."""
    if not called or not labels:
        return None, {"classes": "no labels" if not labels else "no threshold"}
    counts = frame.confusion(*pool(called, labels))
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


def oracle_part(scores: Arrays, labels: Arrays) -> Found:
    """The best thresholds on the test labels: upper bounds."""
    flat, truth = pool(scores, labels)
    if why := one_class(truth):
        return None, {"oracle": why}
    thresholds, tp, fp = frame.cumulative_counts(flat, truth)
    found = {}
    for rule in ("f1", "youden", "accuracy"):
        at = best(rule, tp, fp)
        hit, false, abnormal, normal = (int(x) for x in (tp[at], fp[at], tp[-1], fp[-1]))
        value = {
            "f1": 2 * hit / (hit + false + abnormal),
            "youden": hit / abnormal - false / normal,
            "accuracy": (hit + normal - false) / (abnormal + normal),
        }[rule]
        found[rule] = {"threshold": float(thresholds[at]), rule: value}
    return {**found, "convention": ORACLE}, {}


def _missing(choices: Sequence[Choice]) -> str:
    return next((c.reason for c in choices if c.reason), "")


def _said(texts: Sequence[str]) -> str | None:
    """Join what was said, each once; None where nothing was."""
    return "; ".join(dict.fromkeys(text for text in texts if text)) or None
