"""Parts of metrics.json that need no threshold; each with why a null in it would be null."""

from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.errors import UserError
from vadjax.evaluation import bootstrap, events, frame
from vadjax.evaluation.accounting import check_finite

Arrays = Mapping[str, np.ndarray]  # by video
Found = tuple[dict | list | None, dict[str, str]]  # the part; reasons by dotted path


def frame_part(
    scores: Arrays,
    labels: Arrays,
    folds: Sequence[Sequence[str]],
    *,
    scenes: Mapping[str, str],
    resamples: int,
    seed: int,
) -> Found:
    """Everything that needs no threshold."""
    ids = sorted(labels)  # so that the interval does not depend on the videos' order
    own, true = [scores[v] for v in ids], [labels[v] for v in ids]
    where = [scenes.get(v, "") for v in ids]
    interval = bootstrap.auc_interval(own, true, scenes=where, resamples=resamples, seed=seed)
    macro, skipped = frame.macro_auc(zip(own, true, strict=True))
    flat, truth = pool(scores, labels)
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
        **dict.fromkeys(("ap", "eer", "roc", "pr")),
        **_by_video(own, true),
    }
    if len(set(where)) > 1:
        part["num_scenes"] = len(set(where))
        part["bootstrap"]["scenes"] = interval.scenes
    if part["auc_micro"] is not None:
        curve = frame.roc_curve(flat, truth)
        part["ap"] = frame.average_precision(flat, truth)
        part["eer"] = frame.equal_error_rate(*curve)
        part["roc"] = dict(zip(("fpr", "tpr"), frame.thin(*curve), strict=True))
        curve = frame.precision_recall_curve(flat, truth)
        part["pr"] = dict(zip(("recall", "precision"), frame.thin(*curve), strict=True))
    reasons = {f"frame.{key}": why for key in part}
    if labels:
        reasons["frame.auc_micro_ci95"] = interval.reason
        reasons["frame.auc_macro"] = "every video holds frames of one class only"
        reasons["frame.auc_anomalous_videos"] = why or "the anomalous videos hold no normal frame"
        bad = "an" if any(np.any(y) for y in true) else "no"
        reasons["frame.auc_video"] = f"every video holds {bad} anomaly"
    if len(folds) > 1:
        tests = [{v: labels[v] for v in fold if v in labels} for fold in folds]
        values = [frame.auc(*pool(scores, test)) for test in tests]
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


def baselines_part(baselines: Mapping[str, Arrays], scores: Arrays, labels: Arrays) -> Found:
    """Micro AUC of each baseline on the frames of the headline, and the majority's accuracy."""
    for name, found in baselines.items():
        check_finite(found, f"scores of baseline {name!r}")
        for video, own in scores.items():
            if len(found.get(video, ())) != len(own):
                raise UserError(
                    f"baseline {name!r} has {len(found.get(video, ()))} scores for {video}, which "
                    f"has {len(own)} frames; a baseline is compared on the same frames."
                )
    _, truth = pool(scores, labels)
    part = {name: frame.auc(*pool(found, labels)) for name, found in baselines.items()}
    share = truth.mean() if len(truth) else None
    part["majority_accuracy"] = None if share is None else float(max(share, 1 - share))
    return part, {f"baselines.{name}": one_class(truth) for name in part}


def kinds_part(
    kinds: Mapping[str, Arrays] | None, scores: Arrays, called: Arrays, labels: Arrays
) -> Found:
    """The frames of each kind of anomaly against all normal frames."""
    if not kinds or not labels:
        return None, {"kinds": "no labels" if not labels else "the data set names no kinds"}
    flat, truth = pool(scores, labels)
    calls = pool(called, labels)[0] if called else None
    rows = []
    for kind in sorted({kind for video in labels for kind in kinds.get(video, {})}):
        seen = {v: kinds.get(v, {}).get(kind, np.zeros(len(labels[v]), bool)) for v in labels}
        here = pool(scores, seen)[1].astype(bool) & (truth == 1)
        keep = here | (truth == 0)
        rows.append(
            {
                "kind": kind,
                "frames": int(here.sum()),
                "videos": sum(bool(np.any(mask)) for mask in seen.values()),
                "auc": frame.auc(flat[keep], here[keep]),
                "recall": float(calls[here].mean()) if calls is not None and here.any() else None,
            }
        )
    why = "no abnormal frame of this kind, or no normal frame"
    return rows, {"kinds[].auc": why, "kinds[].recall": "no threshold, or no frame of this kind"}


def videos_part(
    scores: Arrays,
    predicted: Arrays,
    labels: Arrays,
    folds: Sequence[Sequence[str]],
    thresholds: Sequence[float | None],
    called: Arrays,
    fps: Mapping[str, float | None],
) -> Found:
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


def pool(scores: Arrays, labels: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Concatenate the labelled videos: scores and labels, both [n]."""
    if not labels:
        return np.zeros(0, np.float32), np.zeros(0, np.uint8)
    ids = sorted(labels)
    return np.concatenate([scores[v] for v in ids]), np.concatenate([labels[v] for v in ids])


def one_class(truth: np.ndarray) -> str:
    """Say that labels [n] are of one class, or that there are none; "" where both occur."""
    if not len(truth):
        return "no labels"
    if truth.min() != truth.max():
        return ""
    return f"the labels hold one class only: every frame is {'ab' if truth[0] else ''}normal"
