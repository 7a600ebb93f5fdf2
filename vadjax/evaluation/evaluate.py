"""Assemble metrics.json from scores and truth."""

from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.errors import UserError
from vadjax.evaluation import parts, schema
from vadjax.evaluation.accounting import account
from vadjax.evaluation.parts import Arrays, pool
from vadjax.evaluation.thresholds import choose_threshold

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
    found = {
        "frame": parts.frame_part(scores, labels, folds, resamples=resamples, seed=seed),
        "baselines": parts.baselines_part(baselines or {}, scores, labels),
        "threshold": parts.threshold_part(thresholds, no_threshold, called, labels, fps),
        "kinds": parts.kinds_part(kinds, scores, called, labels),
        "videos": parts.videos_part(scores, predicted, labels, folds, thresholds, called, fps),
    }
    metrics = {
        "schema_version": schema.VERSION,
        "stamps": [],
        "region": None,
        "explain": None,
        **context,
        **{name: part for name, (part, _) in found.items()},
        "threshold": {"rule": rule, "calibration": held_out, **found["threshold"][0]},
        "accounting": accounting,
    }
    reasons = dict.fromkeys(("region", "explain", "leakage"), "not computed")
    for path in ("leakage.duplicate", "leakage.counts.duplicate"):
        reasons[path] = "the frames' content was not hashed"
    for _, why in found.values():
        reasons |= why
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
        chosen.append(choose_threshold(*pool(held, true), **rule))
    return [c.value for c in chosen], next((c.reason for c in chosen if c.reason), "")


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
