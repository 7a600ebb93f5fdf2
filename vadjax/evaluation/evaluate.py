"""Assemble metrics.json from scored videos."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.evaluation import decisions, parts, schema, units
from vadjax.evaluation.accounting import account
from vadjax.evaluation.image_parts import image_part, mean_auroc
from vadjax.evaluation.legacy import legacy_part
from vadjax.evaluation.parts import Videos, pool
from vadjax.evaluation.recognition import recognition_part
from vadjax.evaluation.redrawn import chooser
from vadjax.evaluation.reliability import reliability_part
from vadjax.evaluation.thresholds import SUPERVISED, Choice, choose_threshold

POOLED = "pooled over the folds, whose scores come from different models; see frame.folds"
OFF = "not asked for"
CLIPS_UNKNOWN = "the feature files do not say of which clip and frame each row is"
OVER_CATEGORIES = "pooled over categories, whose scores are on no common scale; see image.auroc"
FEW_SCENES = (
    "over videos, as {scenes} scenes are too few to redraw; clips of one scene are alike, so the "
    "interval may be too narrow"
)
NOTHING_CALLED = "no frame reaches the threshold; 0 by convention"


def evaluate(
    test: Videos,
    *,
    calibration: Sequence[Videos],
    context: Mapping,
    baselines: Mapping[str, Videos] | None = None,
    rule: str = "by_clip",
    quantile: float = 0.99,
    num_std: float = 3.0,
    false_alarm_rate: float = 0.01,
    alarms_per_hour: float = 1.0,
    threshold_value: float | None = None,
    cross_fit: int = 0,
    oracle: bool = False,
    legacy: Mapping | None = None,
    probabilities: bool = False,
    resamples: int = 2000,
    seed: int = 0,
) -> dict:
    """Evaluate one run.

    Args:
        test: the tested videos, each with the number of its fold. One without labels counts
            towards alarms alone. All have one unit.
        calibration: the held-out clips of each fold; one without labels is normal.
        context: what the caller knows: dataset, coverage, label_version, protocol, leakage,
            detector, lookahead_frames, seeds, timing, environment; optional: warnings, region,
            explain, baseline_titles {name: {title, group}}.
        baselines: name -> the tested videos, scored by the baseline.
        rule: of the threshold, with its settings below: see `thresholds.choose_threshold`.
        quantile: of the rule of that name.
        num_std: of the rule "mean_std".
        false_alarm_rate: of the rules "by_clip", "pot" and "conformal".
        alarms_per_hour: of the rule "alarms".
        threshold_value: of the rule "fixed".
        cross_fit: detectors of a cross-fit that scored the held-out clips; 0: the run's own.
        oracle: add what the best thresholds on the test labels would reach.
        legacy: arguments of `legacy.legacy_part`, to add its figures; None leaves them out.
        probabilities: whether the scores are meant as probabilities of abnormal.
        resamples: of the bootstrap over videos.
        seed: of its draws.

    Returns:
        The dict of metrics.json, valid under `schema.SCHEMA`. Figures that mean nothing for the
        unit of the scores are null: see `units.UNDEFINED`. Of images it has `image`, and baselines
        are means over categories.

    Raises:
        UserError: frames that do not add up, a video of no fold, several units, or a context that
            the schema refuses.
    """
    accounting, unit = account(test), _unit(test, len(calibration))
    held_out = [_held_out(each) for each in calibration]

    settings: dict[str, Any] = {"quantile": quantile, "num_std": num_std, "value": threshold_value}
    settings["false_alarm_rate"], settings["alarms_per_hour"] = false_alarm_rate, alarms_per_hour

    def choose_of(name: str, videos: Videos) -> Choice:
        videos = parts.labelled(videos)  # in the order in which `pool` joins them
        scores, labels = pool(videos)
        clips = np.repeat(np.arange(len(videos)), [len(video.scores) for video in videos])
        return choose_threshold(scores, labels, clips=clips, videos=videos, rule=name, **settings)

    def choose(name: str) -> list[Choice]:
        return [choose_of(name, videos) for videos in held_out]

    choices = choose(rule)
    values = [choice.value for choice in choices]
    videos = decisions.decide_all(test, values)
    rules = decisions.rules_that_apply(rule, [pool(each)[1] for each in held_out])
    if unit == "image":
        rules = [name for name in rules if name != "alarms"]  # an hour
    threshold, why = decisions.threshold_part(choices, videos)
    asked = 1 - quantile if rule == "quantile" else None
    expected, why_expected = decisions.expected_part(
        [[v.scores[v.truth == 0] for v in each] for each in held_out]
        if rule not in SUPERVISED
        else [],
        lambda: chooser(
            rule,
            held_out[0],
            lambda videos: choose_of(rule, videos).value,
            false_alarm_rate=false_alarm_rate,
            alarms_per_hour=alarms_per_hour,
        ),
        asked=false_alarm_rate if rule in ("by_clip", "pot", "conformal") else asked,
        cross_fit=cross_fit,
        seed=seed,
    )
    computed = {
        "frame": parts.frame_part(
            videos, num_folds=len(calibration), resamples=resamples, seed=seed
        ),
        "baselines": parts.baselines_part(
            baselines or {}, videos, rank=mean_auroc if unit == "image" else parts.pooled_auc
        ),
        "threshold": (threshold, why),
        "thresholds": decisions.thresholds_part(choose, rules, videos),
        "sweep": decisions.sweep_part(videos),
        "event_curve": decisions.curve_part(videos),
        "classes": decisions.classes_part(videos),
        "reliability": reliability_part(parts.labelled(videos), probabilities=probabilities),
        "kinds": parts.kinds_part(videos),
        "recognition": recognition_part(videos),
        "videos": parts.videos_part(videos, values),
        "oracle": decisions.oracle_part(videos) if oracle else (None, {"oracle": OFF}),
        "legacy": legacy_part(videos, **legacy) if legacy is not None else (None, {"legacy": OFF}),
    }
    if unit == "image":
        computed["image"] = image_part(videos, resamples=resamples, seed=seed)
        computed["pixels"] = (None, {"pixels": "not computed"})
    metrics = {
        "schema_version": schema.VERSION,
        "warnings": [],
        "region": None,
        "explain": None,
        **context,
        **{name: part for name, (part, _) in computed.items()},
        "threshold": {
            "rule": rule,
            "calibration": {
                "videos": sum(len(each) for each in calibration),
                "frames": sum(len(video.scores) for each in held_out for video in each),
                "clips": [[video.id for video in each] for each in held_out],
            },
            **threshold,
            "expected": expected,
        },
        "accounting": accounting,
    }
    reasons = dict.fromkeys(("region", "explain", "leakage"), "not computed")
    reasons["coverage"] = "nothing of the data set is missing"
    reasons["threshold.fallback"] = "the rule itself gave the threshold"
    for path in ("leakage.duplicate", "leakage.counts.duplicate", "leakage.copies"):
        reasons[path] = "the frames' content was not hashed"
    for kind in ("neighbour", "augmented", "same_video"):
        reasons |= dict.fromkeys((f"leakage.{kind}", f"leakage.counts.{kind}"), CLIPS_UNKNOWN)
    for _, why in computed.values():
        reasons |= why
    reasons |= why_expected
    null = schema.null_paths(metrics)
    metrics["reasons"] = {path: why for path, why in reasons.items() if path in null and why}
    metrics["remarks"] = _remarks(metrics)
    return schema.validate(units.without_undefined(metrics, unit))


def _held_out(videos: Videos) -> list[ScoredVideo]:
    """Return the held-out clips of a fold, those without labels as normal."""
    normal = [video.as_normal() for video in videos]
    account(normal)
    return parts.labelled(normal)


def _remarks(metrics: Mapping) -> dict[str, str]:
    """Say what a reader has to know of values that are there."""
    remarks = {}
    if "folds" in metrics["frame"] and metrics["frame"]["auc_micro"] is not None:
        remarks["frame.auc_micro"] = POOLED
    scenes = metrics["frame"].get("num_scenes", 0)
    if metrics.get("image") and scenes:
        remarks["frame.auc_micro"] = OVER_CATEGORIES
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


def _unit(test: Videos, num_folds: int) -> str:
    """Return the unit of all videos, after checking their folds."""
    for video in test:
        if not 0 <= video.fold < num_folds:
            raise UserError(
                f"{video.id} is of fold {video.fold}; there are held-out scores of {num_folds} "
                "fold(s)."
            )
    named = sorted({video.unit for video in test}) or ["frame"]
    if len(named) > 1:
        raise UserError(f"the videos are scored by {' and by '.join(named)}; evaluate them apart.")
    return named[0]
