"""Assemble metrics.json from scores and truth."""

from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.errors import UserError
from vadjax.evaluation import bootstrap, events, frame, schema
from vadjax.evaluation.accounting import account, check_finite
from vadjax.evaluation.thresholds import choose_threshold

Arrays = Mapping[str, np.ndarray]
Found = tuple[dict, dict[str, str]]  # a part of the metrics; dotted path -> why it may be null

POOLED = "pooled over the folds, whose scores come from different models; see frame.folds"
NOTHING_CALLED = "no frame reaches the threshold; 0 by convention"


def evaluate(
    *,
    scores: Arrays,
    predicted: Arrays,
    labels: Arrays,
    calibration: Sequence[Arrays],
    context: Mapping,
    folds: Sequence[Sequence[str]] | None = None,
    baselines: Mapping[str, Arrays] | None = None,
    fps: Mapping[str, float | None] | None = None,
    kinds: Mapping[str, Arrays] | None = None,
    substituted: Mapping[str, Sequence[int]] | None = None,
    dropped: Mapping[str, int] | None = None,
    rule: str = "quantile",
    quantile: float = 0.99,
    num_std: float = 3.0,
    resamples: int = 2000,
    seed: int = 0,
) -> dict:
    """Evaluate one run.

    Args:
        scores: test video -> float [t], higher is more abnormal; out-of-fold under by_video.
        predicted: test video -> bool [t], False where the score is that of the nearest frame.
        labels: test or held-out video -> [t] {0, 1}. A test video without labels counts towards
            alarms alone, a held-out one is normal.
        calibration: for each fold, held-out video -> float [t].
        context: what the caller knows: dataset, coverage, label_version, protocol, leakage,
            detector, smoothing, lookahead_frames, seeds, timing, environment; optional: stamps,
            region, explain.
        folds: the test videos of each fold; None is one fold of all.
        baselines: name -> scores of the same videos.
        fps: video -> frames per second.
        kinds: video -> kind of anomaly -> bool [t], where it is seen.
        substituted: video -> frames whose file could not be read.
        dropped: video -> number of frames, of videos that are left out of every figure.
        rule: of the threshold, with `quantile` and `num_std`: see `thresholds.choose_threshold`.
        quantile: of the rule of that name.
        num_std: of the rule "mean_std".
        resamples: of the bootstrap over videos.
        seed: of its draws.

    Returns:
        The dict of metrics.json, valid under `schema.SCHEMA`.

    Raises:
        UserError: scores that are not finite, frames that do not add up, videos in no fold or in
            two, or a context that the schema refuses.
    """
    folds = _checked_folds(folds, scores, calibration)
    fps = fps or {}
    thresholds, no_threshold = _calibrate(
        calibration, labels, rule=rule, quantile=quantile, num_std=num_std
    )
    only_held = {v for held in calibration for v in held} - {*scores}
    labels = {v: np.asarray(y) for v, y in labels.items() if v not in only_held}
    accounting = account(scores, predicted, labels, substituted=substituted, dropped=dropped)
    labels = {v: labels[v] for v in scores if v in labels}
    called = {}
    if not no_threshold:
        for ids, value in zip(folds, thresholds, strict=True):
            called |= {v: np.asarray(scores[v], np.float64) >= value for v in ids}
    held_out = {
        "videos": sum(len(held) for held in calibration),
        "frames": sum(len(s) for held in calibration for s in held.values()),
    }
    parts = {
        "frame": _frame(scores, labels, folds, resamples=resamples, seed=seed),
        "baselines": _baselines(baselines or {}, scores, labels),
        "threshold": _threshold(thresholds, no_threshold, called, labels, fps),
        "kinds": _kinds(kinds, scores, called, labels),
        "videos": _videos(scores, predicted, labels, folds, thresholds, called, fps),
    }
    metrics = {
        "schema_version": schema.VERSION,
        "stamps": [],
        "region": None,
        "explain": None,
        **context,
        **{name: part for name, (part, _) in parts.items()},
        "threshold": {"rule": rule, "calibration": held_out, **parts["threshold"][0]},
        "accounting": accounting,
    }
    reasons = dict.fromkeys(("region", "explain", "leakage"), "not computed")
    for _, found in parts.values():
        reasons |= found
    null = schema.null_paths(metrics)
    metrics["reasons"] = {path: why for path, why in reasons.items() if path in null}
    metrics["remarks"] = _remarks(metrics)
    return schema.validate(metrics)


def _calibrate(calibration: Sequence[Arrays], labels: Arrays, **rule) -> tuple[list, str]:
    """Return each fold's threshold, and why there is none where one is None."""
    chosen = []
    for held in calibration:
        true = {v: labels.get(v, np.zeros(len(s), np.uint8)) for v, s in held.items()}
        account(held, {v: np.ones(len(s), bool) for v, s in held.items()}, true)
        chosen.append(choose_threshold(*_pool(held, true), **rule))
    return [value for value, _ in chosen], next((why for _, why in chosen if why), "")


def _frame(scores: Arrays, labels: Arrays, folds, *, resamples: int, seed: int) -> Found:
    """Everything that needs no threshold."""
    ids = sorted(labels)  # so that the interval does not depend on the videos' order
    own, true = [scores[v] for v in ids], [labels[v] for v in ids]
    interval = bootstrap.auc_interval(own, true, resamples=resamples, seed=seed)
    macro, skipped = frame.macro_auc(zip(own, true, strict=True))
    flat, truth = _pool(scores, labels)
    one_class = _one_class(truth)
    part = {
        "auc_micro": frame.auc(flat, truth),
        "auc_micro_ci95": None if interval.reason else [interval.low, interval.high],
        "bootstrap": {
            "videos": interval.videos,
            "resamples": interval.resamples,
            "redrawn": interval.redrawn,
        },
        "auc_macro": macro,
        "macro_skipped": skipped,
        "ap_chance": float(truth.mean()) if len(truth) else None,
        **dict.fromkeys(("ap", "eer", "roc", "pr")),
    }
    if part["auc_micro"] is not None:
        curve = frame.roc_curve(flat, truth)
        part["ap"] = frame.average_precision(flat, truth)
        part["eer"] = frame.equal_error_rate(*curve)
        part["roc"] = dict(zip(("fpr", "tpr"), frame.thin(*curve), strict=True))
        curve = frame.precision_recall_curve(flat, truth)
        part["pr"] = dict(zip(("recall", "precision"), frame.thin(*curve), strict=True))
    reasons = {f"frame.{key}": one_class for key in part}
    if labels:
        reasons["frame.auc_micro_ci95"] = interval.reason
        reasons["frame.auc_macro"] = "every video holds frames of one class only"
    if len(folds) > 1:
        tests = [{v: labels[v] for v in fold if v in labels} for fold in folds]
        values = [frame.auc(*_pool(scores, test)) for test in tests]
        known = [value for value in values if value is not None]
        part["folds"] = {
            "auc": values,
            "mean": float(np.mean(known)) if known else None,
            "sd": float(np.std(known, ddof=1)) if len(known) > 1 else None,
            "skipped": len(values) - len(known),
        }
        reasons["frame.folds.auc[]"] = "the fold's test clips hold frames of one class only"
        reasons["frame.folds.mean"] = "every fold's test clips hold frames of one class only"
        reasons["frame.folds.sd"] = "fewer than two folds have an AUC"
    return part, reasons


def _baselines(baselines: Mapping[str, Arrays], scores: Arrays, labels: Arrays) -> Found:
    """Micro AUC of each baseline on the frames of the headline, and the majority's accuracy."""
    for name, found in baselines.items():
        check_finite(found, f"scores of baseline {name!r}")
        for video, own in scores.items():
            if len(found.get(video, ())) != len(own):
                raise UserError(
                    f"baseline {name!r} has {len(found.get(video, ()))} scores for {video}, which "
                    f"has {len(own)} frames; a baseline is compared on the same frames."
                )
    _, truth = _pool(scores, labels)
    part = {name: frame.auc(*_pool(found, labels)) for name, found in baselines.items()}
    share = truth.mean() if len(truth) else None
    part["majority_accuracy"] = None if share is None else float(max(share, 1 - share))
    return part, {f"baselines.{name}": _one_class(truth) for name in part}


def _threshold(values, no_threshold: str, called: Arrays, labels: Arrays, fps) -> Found:
    """What the calls at the threshold are worth, by frame and by event."""
    flat, truth = _pool(called, {v: labels[v] for v in labels if v in called})
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
    why = no_threshold or _one_class(truth)
    reasons = {f"threshold.{key}": why for key in part}
    reasons["threshold.values[]"] = no_threshold
    if not no_threshold:
        reasons["threshold.value"] = "each fold has its own; see threshold.values"
        reasons |= {f"threshold.events.{key}": text for key, text in event_reasons.items()}
        reasons["threshold.false_alarms_per_hour"] = event_reasons.get("false_alarms_per_hour", "")
    return part, reasons


def _kinds(kinds, scores: Arrays, called: Arrays, labels: Arrays) -> tuple[list | None, dict]:
    """The frames of each kind of anomaly against all normal frames."""
    if not kinds or not labels:
        return None, {"kinds": "no labels" if not labels else "the data set names no kinds"}
    flat, truth = _pool(scores, labels)
    calls, _ = _pool(called, labels) if called else (None, None)
    rows = []
    for kind in sorted({kind for video in labels for kind in kinds.get(video, {})}):
        none = {v: np.zeros(len(y), bool) for v, y in labels.items()}
        seen = {v: np.asarray(kinds.get(v, {}).get(kind, none[v]), bool) for v in labels}
        _, here = _pool(scores, seen)
        here = here.astype(bool) & (truth == 1)
        keep = here | (truth == 0)
        rows.append(
            {
                "kind": kind,
                "frames": int(here.sum()),
                "videos": sum(bool(mask.any()) for mask in seen.values()),
                "auc": frame.auc(flat[keep], here[keep]),
                "recall": float(calls[here].mean()) if called and here.any() else None,
            }
        )
    why = "no abnormal frame of this kind, or no normal frame"
    return rows, {"kinds[].auc": why, "kinds[].recall": "no threshold, or no frame of this kind"}


def _videos(
    scores: Arrays, predicted: Arrays, labels: Arrays, folds, thresholds, called: Arrays, fps
) -> tuple[list, dict]:
    """One row a video."""
    fold_of = {video: index for index, ids in enumerate(folds) for video in ids}
    rows = [
        {
            "id": video,
            "frames": len(own),
            "abnormal": int(labels[video].sum()) if video in labels else None,
            "filled": int(np.sum(~np.asarray(predicted[video], bool))),
            "auc": frame.auc(own, labels[video]) if video in labels else None,
            "max_score": float(np.max(own)),
            "fold": fold_of[video],
            "threshold": thresholds[fold_of[video]],
            "alarms": events.find_alarms(called[video], fps.get(video)).tolist()
            if called
            else None,
        }
        for video, own in scores.items()
    ]
    return rows, {
        "videos[].abnormal": "no labels",
        "videos[].auc": "no labels, or frames of one class only",
        "videos[].threshold": "see threshold",
        "videos[].alarms": "no threshold",
    }


def _remarks(metrics: Mapping) -> dict[str, str]:
    """Say what a reader has to know of values that are there."""
    remarks = {}
    if "folds" in metrics["frame"] and metrics["frame"]["auc_micro"] is not None:
        remarks["frame.auc_micro"] = POOLED
    counts = metrics["threshold"]["confusion"]
    if counts and not counts["tp"] + counts["fp"]:
        for key in ("precision", "f1", "mcc"):
            if metrics["threshold"][key] is not None:
                remarks[f"threshold.{key}"] = NOTHING_CALLED
    return remarks


def _checked_folds(folds, scores: Arrays, calibration: Sequence[Arrays]):
    folds = [list(scores)] if folds is None else [list(ids) for ids in folds]
    if sorted(video for ids in folds for video in ids) != sorted(scores):
        raise UserError("each scored video has to be in exactly one fold's test videos.")
    if len(calibration) != len(folds):
        raise UserError(f"{len(calibration)} sets of held-out scores for {len(folds)} fold(s).")
    return folds


def _pool(scores: Arrays, labels: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Concatenate the labelled videos: scores and labels, both [n]."""
    if not labels:
        return np.zeros(0, np.float32), np.zeros(0, np.uint8)
    ids = sorted(labels)
    return np.concatenate([scores[v] for v in ids]), np.concatenate([labels[v] for v in ids])


def _one_class(truth: np.ndarray) -> str:
    if not len(truth):
        return "no labels"
    return f"the labels hold one class only: every frame is {'ab' if truth[0] else ''}normal"
