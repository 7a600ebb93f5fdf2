"""Assemble metrics.json from scores and truth."""

from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.errors import UserError
from vadjax.evaluation import decisions, parts, schema
from vadjax.evaluation.accounting import account
from vadjax.evaluation.legacy import legacy_part
from vadjax.evaluation.parts import Arrays, pool
from vadjax.evaluation.thresholds import Choice, choose_threshold

POOLED = "pooled over the folds, whose scores come from different models; see frame.folds"
OFF = "not asked for"
FEW_SCENES = (
    "over videos, as {scenes} scenes are too few to redraw; clips of one scene are alike, so the "
    "interval may be too narrow"
)
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
    false_alarm_rate: float = 0.01,
    scenes: Mapping[str, str] | None = None,
    oracle: bool = False,
    legacy: Mapping | None = None,
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
        rule: of the threshold, with its settings below: see `thresholds.choose_threshold`.
        quantile: of the rule of that name.
        num_std: of the rule "mean_std".
        false_alarm_rate: of the rules "pot" and "conformal".
        scenes: video -> its scene.
        oracle: add what the best thresholds on the test labels would reach.
        legacy: arguments of `legacy.legacy_part`, to add its figures; None leaves them out.
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
    held = [_held_out(each, labels) for each in calibration]

    def choose(name: str) -> list[Choice]:
        own = {"quantile": quantile, "num_std": num_std, "false_alarm_rate": false_alarm_rate}
        return [choose_threshold(s, y, clips=c, rule=name, **own) for s, y, c in held]

    only_held = {v for each in calibration for v in each} - {*scores}
    labels = {v: np.asarray(y) for v, y in labels.items() if v not in only_held}
    accounting = account(scores, predicted, labels, substituted=substituted, dropped=dropped)
    labels = {v: labels[v] for v in scores if v in labels}
    choices = choose(rule)
    values = [choice.value for choice in choices]
    called = decisions.call(scores, folds, values)
    rules = decisions.rules_that_apply(rule, [y for _, y, _ in held])
    threshold, why = decisions.threshold_part(choices, called, labels, fps)
    found = {
        "frame": parts.frame_part(
            scores, labels, folds, scenes=scenes or {}, resamples=resamples, seed=seed
        ),
        "baselines": parts.baselines_part(baselines or {}, scores, labels),
        "threshold": (threshold, why),
        "thresholds": decisions.thresholds_part(choose, rules, scores, labels, folds, fps),
        "sweep": decisions.sweep_part(scores, labels, fps),
        "classes": decisions.classes_part(called, labels),
        "kinds": parts.kinds_part(kinds, scores, called, labels),
        "videos": parts.videos_part(scores, predicted, labels, folds, values, called, fps),
        "oracle": decisions.oracle_part(scores, labels) if oracle else (None, {"oracle": OFF}),
        "legacy": legacy_part(scores, labels, **legacy)
        if legacy is not None
        else (None, {"legacy": OFF}),
    }
    metrics = {
        "schema_version": schema.VERSION,
        "stamps": [],
        "region": None,
        "explain": None,
        **context,
        **{name: part for name, (part, _) in found.items()},
        "threshold": {
            "rule": rule,
            "calibration": {
                "videos": sum(len(each) for each in calibration),
                "frames": sum(len(s) for s, _, _ in held),
            },
            **threshold,
        },
        "accounting": accounting,
    }
    reasons = dict.fromkeys(("region", "explain", "leakage"), "not computed")
    reasons["coverage"] = "nothing of the data set is missing"
    reasons["threshold.fallback"] = "the rule itself gave the threshold"
    for path in ("leakage.duplicate", "leakage.counts.duplicate"):
        reasons[path] = "the frames' content was not hashed"
    for _, why in found.values():
        reasons |= why
    null = schema.null_paths(metrics)
    metrics["reasons"] = {path: why for path, why in reasons.items() if path in null and why}
    metrics["remarks"] = _remarks(metrics)
    return schema.validate(metrics)


def _held_out(held: Arrays, labels: Arrays) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the held-out scores of a fold, their labels and the number of their clip, all [n]."""
    true = {v: labels.get(v, np.zeros(len(s), np.uint8)) for v, s in held.items()}
    account(held, {v: np.ones(len(s), bool) for v, s in held.items()}, true)
    clips = np.repeat(np.arange(len(held)), [len(held[v]) for v in sorted(held)])
    return *pool(held, true), clips


def _remarks(metrics: Mapping) -> dict[str, str]:
    """Say what a reader has to know of values that are there."""
    remarks = {}
    if "folds" in metrics["frame"] and metrics["frame"]["auc_micro"] is not None:
        remarks["frame.auc_micro"] = POOLED
    scenes = metrics["frame"].get("num_scenes", 0)
    if (
        scenes
        and metrics["frame"]["auc_micro_ci95"]
        and not metrics["frame"]["bootstrap"]["scenes"]
    ):
        remarks["frame.auc_micro_ci95"] = FEW_SCENES.format(scenes=scenes)
    counts = metrics["threshold"]["confusion"]
    if counts and not counts["tp"] + counts["fp"]:
        for key in ("precision", "f1", "mcc"):
            if metrics["threshold"][key] is not None:
                remarks[f"threshold.{key}"] = NOTHING_CALLED
    return remarks


def _checked_folds(
    folds: Sequence[Sequence[str]] | None, scores: Arrays, calibration: Sequence[Arrays]
) -> list[list[str]]:
    checked = [list(scores)] if folds is None else [list(ids) for ids in folds]
    if sorted(video for ids in checked for video in ids) != sorted(scores):
        raise UserError("each scored video has to be in exactly one fold's test videos.")
    if len(calibration) != len(checked):
        raise UserError(f"{len(calibration)} sets of held-out scores for {len(checked)} fold(s).")
    return checked
