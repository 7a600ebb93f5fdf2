"""The metrics.json of a made-up run; what is computable is computed."""

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.event_matching import matching_part


def _auc(scores, labels) -> float | None:
    if not 0 < labels.mean() < 1:
        return None
    above = scores[labels == 1][:, None] - scores[labels == 0][None, :]
    return float(np.mean((above > 0) + 0.5 * (above == 0)))


def metrics(views: list[ScoredVideo]) -> dict:
    """Return metrics.json of the made-up run; what is computable is computed."""
    scores = np.concatenate([v.scores for v in views])
    labels = np.concatenate([v.labels for v in views])
    called = scores >= 0.84
    tp, fp = int(np.sum(called & (labels == 1))), int(np.sum(called & (labels == 0)))
    fn, tn = int(labels.sum()) - tp, int((labels == 0).sum()) - fp
    auc = _auc(scores, labels)
    aucs = {v.id: _auc(v.scores.astype(float), v.labels) for v in views}
    known = [value for value in aucs.values() if value is not None]
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    return {
        "schema_version": 1,
        "dataset": "ucsd_ped2",
        "coverage": None,
        "label_version": "official",
        "protocol": "one_class",
        "warnings": [],
        "leakage": {
            "exact": 0.0,
            "neighbour": 0.0,
            "augmented": 0.0,
            "same_video": 0.0,
            "duplicate": None,
            "shuffled": 0.0,
            "counts": {"exact": 0, "neighbour": 0, "augmented": 0},
            "test_windows": 1830,
            "radius": 15,
            "statistic": [],
            "verdict": "clean",
        },
        "detector": {
            "backbone": "tf_efficientnet_lite0",
            "weights_sha256": "9ac1" * 16,
            "fit": "stretch",
            "tap": "features",
            "model": "lstm",
            "objective": "predict",
            "parameters": 1_885_440,
        },
        "frame": {
            "auc_micro": auc,
            "auc_micro_ci95": [auc - 0.058, auc + 0.041],
            "auc_macro": float(np.mean(known)),
            "bootstrap": {"videos": len(views), "resamples": 2000, "redrawn": 0},
            "macro_skipped": len(views) - len(known),
            "ap": 0.9123,
            "ap_chance": float(labels.mean()),
            "eer": 0.1534,
            "roc": {"fpr": [0.0, 0.2, 1.0], "tpr": [0.0, 0.9, 1.0]},
            "pr": {"recall": [0.5, 1.0], "precision": [1.0, 0.5]},
        },
        "baselines": {
            "random": 0.5081,
            "frame_index": 0.4321,
            "clip_centre": 0.662,
            "majority_accuracy": float(max(labels.mean(), 1 - labels.mean())),
            "frame_difference": 0.7754,
            "flow_box": auc + 0.013,
            "knn": auc - 0.031,
            "mahalanobis": None,
        },
        "threshold": {
            "rule": "quantile",
            "value": 0.84,
            "values": [0.84],
            "calibration": {"videos": 2, "frames": 330},
            "accuracy": (tp + tn) / len(labels),
            "balanced_accuracy": (recall + tn / (tn + fp)) / 2,
            "precision": precision,
            "recall": recall,
            "f1": 2 * precision * recall / (precision + recall),
            "mcc": 0.6012,
            "specificity": tn / (fp + tn),
            "false_positive_rate": fp / (fp + tn),
            "confusion": {"tp": tp, "fp": fp, "tn": tn, "fn": fn},
            "events": {
                "events": 12,
                "touched": 11,
                "touched_rate": 11 / 12,
                "found": 7,
                "found_rate": 7 / 12,
                "found_iou": 0.5,
                "mean_share_called": 0.6,
                "matched": matching_part([8, 8, 7, 7, 5, 3], num_events=12, num_alarms=14),
                "median_delay_frames": 5.5,
                "median_delay_s": 0.55,
                "median_delay_touched_frames": 5.0,
                "alarms": sum(len(v.alarms) for v in views),
                "false_alarms": 2,
                "normal_hours": 0.0286,
            },
            "false_alarms_per_hour": None,
        },
        "kinds": [
            {"kind": "cart", "frames": 322, "videos": 4, "auc": 0.876, "recall": 0.5124},
            {"kind": "cyclist", "frames": 658, "videos": 8, "auc": 0.941, "recall": 0.7345},
        ],
        "region": None,
        "explain": None,
        "videos": [
            {
                "id": v.id,
                "frames": len(v.scores),
                "abnormal": int(v.labels.sum()),
                "filled": 15,
                "auc": aucs[v.id],
                "max_score": float(v.scores.max()),
                "fold": 0,
                "threshold": v.threshold,
                "alarms": [list(alarm) for alarm in v.alarms],
            }
            for v in views
        ],
        "accounting": {
            "videos": len(views),
            "frames": len(labels),
            "labels": len(labels),
            "abnormal": int(labels.sum()),
            "scored": len(labels) - 15 * len(views),
            "filled": 15 * len(views),
            "substituted": 0,
        },
        "lookahead_frames": 0,
        "seeds": [0],
        "timing": {
            "extract_s": 74.2,
            "train_s": 31.0,
            "score_s": 2.4,
            "evaluate_s": 5.1,
            "extract_frames_per_s": 61.5,
        },
        "environment": {},
        "reasons": {
            "baselines.mahalanobis": "needs at least two normal clips",
            "threshold.false_alarms_per_hour": "1.7 minutes of normal footage; a rate needs 1 h",
            "videos[].auc": "no labels, or frames of one class only",
            "thresholds[]": "needs about 50 exceedances",
            "region": "not computed",
            "explain": "not computed",
            "leakage.duplicate": "no content hashes",
        },
        "remarks": {},
    }


def analysis(scores: np.ndarray, labels: np.ndarray) -> dict:
    """Return `thresholds`, `sweep` and `classes` of metrics.json."""

    def rates(limit: float) -> dict:
        called = scores >= limit
        tp, fp = int(np.sum(called & (labels == 1))), int(np.sum(called & (labels == 0)))
        precision, recall = tp / max(tp + fp, 1), tp / int(labels.sum())
        fpr = fp / int((labels == 0).sum())
        f1 = 2 * tp / (tp + fp + int(labels.sum()))
        return {"precision": precision, "recall": recall, "f1": f1, "fpr": fpr}

    values = np.quantile(scores, np.linspace(0, 0.999, 40)).tolist()
    found = [rates(v) for v in values]
    rows = []
    for rule, value in (("quantile", 0.84), ("mean_std", 0.9321), ("pot", None)):
        r = rates(value) if value else dict.fromkeys(("precision", "recall", "f1", "fpr"))
        row = {"rule": rule, "value": value, "oracle": False, "note": None, **r}
        row["false_positive_rate"] = row.pop("fpr")
        row["balanced_accuracy"] = value and (r["recall"] + 1 - r["fpr"]) / 2
        rows.append({**row, "false_alarms_per_hour": None})
    rows[2]["note"] = "needs about 50 exceedances; 3 were found"
    return {
        "thresholds": rows,
        "sweep": {
            "threshold": values,
            **{k: [r[k] for r in found] for k in found[0]},
            "false_alarms": [int(40 * r["fpr"]) for r in found],
        },
        "classes": [
            {"name": "normal", "precision": 0.82, "recall": 0.93, "f1": 0.87, "support": 1000},
            {"name": "abnormal", "precision": 0.91, "recall": 0.78, "f1": 0.84, "support": 1000},
        ],
    }


def region() -> dict:
    """Return `region` and `explain` of metrics.json."""
    measure = {"chance": 0.031, "centre": 0.084, "motion": 0.512}
    return {
        "region": {
            "map": "explain/maps.npz",
            "videos": 12,
            "frames": 1_960,
            "coverage": None,
            "pixel_auc": 0.8817,
            "pixel_eer": 0.1921,
            "pixel_auc_full_frame": 0.7402,
            "rbdc": 0.4113,
            "tbdc": 0.6032,
            "tracks": "derived",
            "alpha": 0.1,
            "beta": 0.1,
            "regions": 2_101,
            "num_tracks": 23,
            "region_rule": "connected parts above each level",
        },
        "explain": {
            "method": "gradcam++",
            "tap": "map",
            "frames": 980,
            "pointing": {"value": 0.6123, **measure},
            "energy": {"value": 0.2714, **measure},
            "map_auc": {"value": 0.8311, "chance": 0.5, "centre": 0.6123, "motion": 0.9104},
            "deletion": None,
            "left_out": 12,
            "sanity": {"correlation": 0.1234, "frames": 100},
        },
        "oracle": {
            "f1": {"threshold": 0.7712, "f1": 0.8821},
            "youden": {"threshold": 0.8011, "youden": 0.7013},
            "accuracy": {"threshold": 0.7902, "accuracy": 0.8613},
            "convention": "The best threshold on the test labels themselves: an upper bound.",
        },
        "legacy": [
            {
                "name": "micro AUC, per-video min-max",
                "value": 0.9512,
                "convention": "each video scaled to 0..1 by its own extremes",
                "source": "ano_pred_cvpr2018",
            }
        ],
    }
