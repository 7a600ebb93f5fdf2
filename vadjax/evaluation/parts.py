"""Parts of metrics.json that need no threshold, each with a reason for every null in it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.evaluation import bootstrap, events, frame
from vadjax.evaluation.auc_parts import auc_parts
from vadjax.evaluation.pairwise_auc import count_pairs

LOW_RATES = {"recall_at_fpr_1pct": 0.01, "recall_at_fpr_01pct": 0.001}  # of false positives
PARTIAL_TO = 0.1  # false-positive rate up to which the partial AUC goes
Videos = Sequence[ScoredVideo]
Part = tuple[dict | list | None, dict[str, str]]  # of metrics.json; reasons by dotted path


def frame_part(videos: Videos, *, num_folds: int, resamples: int, seed: int) -> Part:
    """Compute the figures that rank frames.

    Args:
        videos: the tested ones.
        num_folds: how many detectors made the scores.
        resamples: of the bootstrap over videos.
        seed: of its draws.

    Returns:
        The part `frame`, and reasons.
    """
    known = labelled(videos)
    own, true = [v.scores for v in known], [v.truth for v in known]
    where = [v.scene for v in known]
    redrawn: dict[str, Any] = {"scenes": where, "resamples": resamples, "seed": seed}
    redrawn["pairs"] = count_pairs(own, true) if known else None  # pairs are counted once for all
    interval = bootstrap.auc_interval(own, true, **redrawn)
    macro, skipped = frame.macro_auc(zip(own, true, strict=True))
    flat, truth = pool(videos)
    why = one_class(truth)
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
        **dict.fromkeys(("ap", "eer", "roc", "pr", *LOW_RATES, "auc_partial")),
        **_by_video(own, true),
    }
    if len(set(where)) > 1:
        part["num_scenes"] = len(set(where))
        part["bootstrap"]["scenes"] = interval.scenes
    if part["auc_micro"] is not None:
        curve = frame.roc_curve(flat, truth)
        part["ap"] = frame.average_precision(flat, truth)
        part["eer"] = frame.equal_error_rate(*curve)
        part["auc_partial"] = frame.partial_auc(*curve, PARTIAL_TO)
        for key, rate in LOW_RATES.items():
            if np.sum(truth == 0) * rate >= 1:
                part[key] = frame.recall_at(*curve, rate)
        part["roc"] = dict(zip(("fpr", "tpr"), frame.thin(*curve), strict=True))
        curve = frame.precision_recall_curve(flat, truth)
        part["pr"] = dict(zip(("recall", "precision"), frame.thin(*curve), strict=True))
    reasons = {f"frame.{key}": why for key in part}
    few = "{:,} normal frames are too few to measure a rate of {:g} % of them"
    for key, rate in LOW_RATES.items():
        reasons[f"frame.{key}"] = why or few.format(int(np.sum(truth == 0)), 100 * rate)
    part["auc_parts"], more = auc_parts(own, true, **redrawn)
    reasons |= {f"frame.auc_parts.{key}": reason for key, reason in more.items()}
    if known:
        reasons["frame.auc_micro_ci95"] = interval.reason
        reasons["frame.auc_macro"] = "every video holds frames of one class only"
        reasons["frame.auc_anomalous_videos"] = why or "the anomalous videos hold no normal frame"
        bad = "an" if any(np.any(y) for y in true) else "no"
        reasons["frame.auc_video"] = f"every video holds {bad} anomaly"
    seen = [np.asarray(v.predicted, bool) for v in known]
    if any(not np.all(mask) for mask in seen):
        pairs = [(v.scores[mask], v.truth[mask]) for v, mask in zip(known, seen, strict=True)]
        part["auc_micro_scored"] = frame.auc(*(np.concatenate(x) for x in zip(*pairs, strict=True)))
        reasons["frame.auc_micro_scored"] = why or "the scored frames are of one class only"
    if num_folds > 1:
        values = [frame.auc(*pool([v for v in known if v.fold == n])) for n in range(num_folds)]
        defined = [value for value in values if value is not None]
        part["folds"] = {
            "auc": values,
            "mean": float(np.mean(defined)) if defined else None,
            "sd": float(np.std(defined, ddof=1)) if len(defined) > 1 else None,
            "skipped": len(values) - len(defined),
        }
        reasons["frame.folds.auc[]"] = "the fold's test clips hold frames of one class only"
        reasons["frame.folds.mean"] = "every fold's test clips hold frames of one class only"
        reasons["frame.folds.sd"] = "fewer than two folds have an AUC"
    return part, reasons


def _by_video(scores: list[np.ndarray], labels: list[np.ndarray]) -> dict:
    """Rank the frames of anomalous videos alone, and whole videos by their highest score."""
    anomalous = np.array([bool(np.any(y)) for y in labels], bool)
    own = [i for i, bad in enumerate(anomalous) if bad]
    flat, truth = (
        np.concatenate([x[i] for i in own]) if own else np.zeros(0) for x in (scores, labels)
    )
    return {
        "auc_anomalous_videos": frame.auc(flat, truth),
        "auc_video": frame.auc([np.max(s) for s in scores], anomalous),
        "video_pooling": "max",
    }


def pooled_auc(videos: Videos) -> float | None:
    """Return the micro AUC of scored videos."""
    return frame.auc(*pool(videos))


def baselines_part(
    baselines: Mapping[str, Videos],
    videos: Videos,
    *,
    rank: Callable[[Videos], float | None] = pooled_auc,
) -> Part:
    """Compute each baseline's AUC on the frames of the headline, and the majority's accuracy.

    Args:
        baselines: name -> the same videos, scored by the baseline.
        videos: the tested ones.
        rank: the headline's figure of scored videos.

    Returns:
        The part `baselines`, and reasons.

    Raises:
        UserError: a baseline lacks a video or frames of it.
    """
    _, truth = pool(videos)
    part: dict = {}
    for name, scored in baselines.items():
        scores = {v.id: v.scores for v in scored}
        for video in videos:
            if len(scores.get(video.id, ())) != len(video.scores):
                raise UserError(
                    f"baseline {name!r} has {len(scores.get(video.id, ()))} scores for {video.id}, "
                    f"which has {len(video.scores)} frames; a baseline is compared on the same "
                    "frames."
                )
        part[name] = rank([dataclasses.replace(v, scores=scores[v.id]) for v in labelled(videos)])
    share = truth.mean() if len(truth) else None
    part["majority_accuracy"] = None if share is None else float(max(share, 1 - share))
    return part, {f"baselines.{name}": one_class(truth) for name in part}


def kinds_part(videos: Videos) -> Part:
    """Compare the frames of each kind of anomaly with all normal frames.

    Args:
        videos: the tested ones, with thresholds.

    Returns:
        The part `kinds`, and reasons.
    """
    known = labelled(videos)
    if not known or not any(v.kinds for v in videos):
        return None, {"kinds": "no labels" if not known else "the data set names no kinds"}
    flat, truth = pool(known)
    calls = pool_calls(known) if decided(known) else None
    rows = []
    for kind in sorted({kind for video in known for kind in video.kinds}):
        seen = [np.asarray(v.kinds.get(kind, np.zeros(len(v.scores))), bool) for v in known]
        here = np.concatenate(seen) & (truth == 1)
        keep = here | (truth == 0)
        rows.append(
            {
                "kind": kind,
                "frames": int(here.sum()),
                "videos": sum(bool(np.any(mask)) for mask in seen),
                "auc": frame.auc(flat[keep], here[keep]),
                "recall": float(calls[here].mean()) if calls is not None and here.any() else None,
            }
        )
    why = "no abnormal frame of this kind, or no normal frame"
    return rows, {"kinds[].auc": why, "kinds[].recall": "no threshold, or no frame of this kind"}


def videos_part(videos: Videos, thresholds: Sequence[float | None]) -> Part:
    """Make one row a video.

    Args:
        videos: the tested ones, with alarms.
        thresholds: of each fold.

    Returns:
        The part `videos`, and reasons.
    """
    known = decided(videos)
    rows = [
        {
            "id": video.id,
            "frames": len(video.scores),
            "abnormal": None if video.labels is None else int(np.sum(video.labels)),
            "filled": int(np.sum(~np.asarray(video.predicted, bool))),
            "auc": None if video.labels is None else frame.auc(video.scores, video.labels),
            "max_score": float(np.max(video.scores)),
            "fold": video.fold,
            "threshold": thresholds[video.fold],
            "alarms": [list(alarm) for alarm in video.alarms] if known else None,
        }
        for video in videos
    ]
    return rows, {
        "videos[].abnormal": "no labels",
        "videos[].auc": "no labels, or frames of one class only",
        "videos[].threshold": "see threshold",
        "videos[].alarms": "no threshold",
    }


def labelled(videos: Videos) -> list[ScoredVideo]:
    """Return the labelled videos by id, so that no figure depends on their order."""
    return sorted((v for v in videos if v.labels is not None), key=lambda v: v.id)


def decided(videos: Videos) -> bool:
    """Say whether every video has a threshold."""
    return bool(videos) and all(v.threshold is not None for v in videos)


def pool(videos: Videos) -> tuple[np.ndarray, np.ndarray]:
    """Concatenate the labelled videos: scores and labels, both [n]."""
    known = labelled(videos)
    if not known:
        return np.zeros(0, np.float32), np.zeros(0, np.uint8)
    return np.concatenate([v.scores for v in known]), np.concatenate([v.truth for v in known])


def pool_calls(videos: Videos) -> np.ndarray:
    """Concatenate which frames of the labelled videos are called abnormal, bool [n]."""
    return np.concatenate([np.zeros(0, bool), *(events.called(v) for v in labelled(videos))])


def one_class(truth: np.ndarray) -> str:
    """Say that labels [n] are of one class, or that there are none; "" where both occur."""
    if not len(truth):
        return "no labels"
    if truth.min() != truth.max():
        return ""
    return f"the labels hold one class only: every frame is {'ab' if truth[0] else ''}normal"
