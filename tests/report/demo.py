"""A made-up run to look at and to test with: 12 clips, walkers, a few cyclists.

    python tests/report/demo.py FOLDER [DATASET]

writes the pages and figures of a labelled run, a leaky one, an empty one and an unlabelled one.
"""

import dataclasses
import functools
import pathlib
import sys

import cv2
import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.events import runs

LENGTHS = (180, 180, 150, 180, 150, 180, 180, 180, 120, 150, 180, 180)


def picture(rng: np.random.Generator, *, cyclist: bool) -> bytes:
    """Draw a small walkway and return it as jpeg."""
    image = np.full((107, 160, 3), 168, np.uint8)
    cv2.fillPoly(image, [np.array([(0, 38), (160, 22), (160, 84), (0, 100)])], (196, 198, 200))
    cv2.line(image, (0, 38), (160, 22), (140, 150, 146), 2)
    for _ in range(rng.integers(4, 9)):
        x, y = int(rng.integers(6, 154)), int(rng.integers(40, 82))
        shade = tuple(int(c) for c in rng.integers(30, 120, 3))
        cv2.ellipse(image, (x, y), (3, 8), 0, 0, 360, shade, -1)
        cv2.circle(image, (x, y - 10), 3, (120, 150, 180), -1)
    if cyclist:
        x, y = int(rng.integers(30, 130)), int(rng.integers(45, 75))
        for wheel in (-8, 8):
            cv2.circle(image, (x + wheel, y + 8), 6, (20, 20, 20), 1)
        cv2.ellipse(image, (x, y - 2), (4, 9), 20, 0, 360, (40, 40, 150), -1)
    image = image + rng.normal(0, 4, image.shape)
    done, jpeg = cv2.imencode(".jpg", image.clip(0, 255).astype(np.uint8), [1, 72])
    assert done
    return jpeg.tobytes()


def videos(**options) -> list[ScoredVideo]:
    """Return clips whose scores rise, with noise, where a cyclist passes."""
    return list(made(**options)[0])


@functools.cache
def made(*, labelled: bool = True, num: int = 12, num_pictures: int = 12) -> tuple[list, dict]:
    """Return the clips, and video -> (frame, small jpeg)."""
    rng = np.random.default_rng(9)
    clips, pictures = [], {}
    for n in range(num):
        length = LENGTHS[n % len(LENGTHS)]
        labels = np.zeros(length, np.uint8)
        begin = int(length * rng.uniform(0.1, 0.55))
        labels[begin : begin + int(length * rng.uniform(0.3, 0.5))] = 1
        if n in (7, 8):  # wholly abnormal clips
            labels[:] = 1
        smooth = np.convolve(rng.normal(0, 1, length + 24), np.ones(9) / 9, "same")[12:-12]
        rise = np.convolve(np.pad(labels, 12, "edge"), np.ones(13) / 13, "same")[12:-12]
        strength = rng.choice([0.04, 0.3, 0.55, 0.9])
        scores = 0.55 + 0.26 * smooth + strength * rise + 0.03 * rng.normal(0, 1, length)
        scores = scores.clip(0.1)
        scores[:15] = scores[15]
        predicted = np.arange(length) >= 15
        called = scores >= 0.84
        alarms = tuple((a, b) for a, b in runs(called).tolist() if b - a >= 4)
        frames = np.linspace(4, length - 5, num_pictures).astype(int) if num_pictures else []
        frames = sorted({*frames, int(np.argmax(scores))} if num_pictures else [])
        name = f"test/{n + 1:02d}" if labelled else f"camera-{n + 1}.mp4"
        pictures[name] = [(int(f), picture(rng, cyclist=bool(labels[f]))) for f in frames]
        clips.append(
            ScoredVideo(
                id=name,
                scores=scores.astype(np.float32),
                labels=labels if labelled else None,
                predicted=predicted,
                threshold=0.84,
                fps=10.0,
                alarms=alarms,
                kinds={"cyclist" if n % 3 else "cart": labels} if labelled else {},
            )
        )
    return clips, pictures


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


def gallery(views: list[ScoredVideo]) -> dict:
    """Return what `vadjax.pipeline.gallery.read_gallery` returns, with made-up pictures."""
    rng = np.random.default_rng(3)

    def rows(abnormal: bool, high: bool) -> list[dict]:
        return [
            {
                "file": f"explain/{n}.jpg",
                "video": v.id,
                "frame": (frame := int(np.argmax(v.scores) if high else 20)),
                "time_s": frame / 10,
                "score": float(v.scores[frame]),
                "threshold": v.threshold,
                "abnormal": abnormal,
                "regions": 2,
                "jpeg": picture(rng, cyclist=abnormal),
            }
            for n, v in enumerate(views[:6])
        ]

    return {
        "maps": "Grad-CAM++ of the score at the last map",
        "shade": [0.2, 4.1],
        "quantiles": [0.9, 0.999],
        "pictures": {
            "most_abnormal": rows(True, True),
            "false_alarms": rows(False, True),
            "misses": [],
        },
        "strips": {},
        "films": {v.id: f"explain/{v.id.replace('/', '%2F')}.webm" for v in views},
        "num_left_out": 0,
        "reasons": {"misses": "no abnormal frame among the labelled ones was scored"},
    }


def explained(**changes) -> dict:
    """Return the arguments of the labelled run after the stage `explain`, with all blocks."""
    views, shown = videos(), gallery(videos())
    flat = (np.concatenate([getattr(v, name) for v in views]) for name in ("scores", "labels"))
    found = metrics(views) | region() | analysis(*flat)
    found["reasons"]["explain.deletion"] = "explain.deletion is off"
    return arguments(metrics=found, videos=views, gallery=shown, **changes)


def in_folds() -> dict:
    """Return the arguments of a supervised run of two folds, each with its own threshold."""
    views = [
        dataclasses.replace(v, threshold=0.84 if n < 6 else 0.9) for n, v in enumerate(videos())
    ]
    found = metrics(views)
    found["protocol"] = "by_video"
    found["frame"]["folds"] = {"auc": [0.91, 0.95], "mean": 0.93, "sd": 0.0283, "skipped": 0}
    found["threshold"] |= {"rule": "youden", "value": None, "values": [0.84, 0.9]}
    for n, video in enumerate(found["videos"]):
        video["fold"] = n // 6
    found["reasons"]["threshold.value"] = "each fold has its own; see threshold.values"
    found["remarks"]["frame.auc_micro"] = (
        "pooled over the folds, whose scores come from different models"
    )
    return arguments(metrics=found, videos=views, history=history(2))


def of_one_class() -> dict:
    """Return the arguments of a run whose test labels are all abnormal."""
    views = [dataclasses.replace(v, labels=np.ones_like(v.labels), kinds={}) for v in videos(num=3)]
    why = "the labels hold one class only: every frame is abnormal"
    found = metrics(videos(num=3))
    found["frame"] = dict.fromkeys(found["frame"])
    found["baselines"] = dict.fromkeys(found["baselines"])
    found["reasons"] = {"frame": why, "baselines": why}
    return arguments(metrics=found, videos=views, thumbnails={})


def history(num_folds: int = 1, epochs: int = 20) -> list[list[dict]]:
    """Return loss curves that fall and then rise on the held-out clips."""
    rng = np.random.default_rng(4)
    return [
        [
            {
                "epoch": e,
                "train_loss": float(0.32 + 0.7 * np.exp(-e / 4) + rng.normal(0, 0.006)),
                "select_loss": float(0.4 + 0.6 * np.exp(-e / 4) + 0.004 * e + rng.normal(0, 0.01)),
                "learning_rate": 1e-3,
                "seconds": 1.5,
            }
            for e in range(1, epochs + 1)
        ]
        for _ in range(num_folds)
    ]


CONFIG = {
    "seed": 0,
    "dataset": {"name": "ucsd_ped2", "data_dir": "/data/ped2", "protocol": "one_class"},
    "window": {"length": 16, "stride": 1, "dilation": 1},
    "model": {"name": "lstm", "units": (128,), "bidirectional": False},
    "evaluate": {"threshold": "quantile", "quantile": 0.99},
    "train": {"epochs": 20, "batch_size": 64, "learning_rate": 1e-3},
}
ENVIRONMENT = {
    "python": "3.11.2",
    "versions": {"jax": "0.10.2", "flax": "0.12.8"},
    "commit": "2f512c8",
    "command": "python -m vadjax.main --config=configs/ped2_lstm.py "
    "--config.dataset.data_dir=/data/ped2",
}


def arguments(**changes) -> dict:
    """Return the keyword arguments of `write_report` for the labelled run."""
    views = videos()
    return {
        "metrics": metrics(views),
        "videos": views,
        "thumbnails": made()[1],
        "history": history(),
        "config": CONFIG,
        "environment": ENVIRONMENT,
        **changes,
    }


def unlabelled() -> dict:
    """Return the keyword arguments of `write_report` for three videos of a user."""
    return {
        "metrics": {
            "detector": metrics(videos(num_pictures=0))["detector"],
            "threshold": {"rule": "quantile", "value": 0.84},
            "lookahead_frames": 0,
            "reasons": {"frame": "no labels"},
        },
        "videos": videos(labelled=False, num=3),
        "thumbnails": made(labelled=False, num=3)[1],
        "history": [],
        "config": CONFIG,
        "environment": ENVIRONMENT,
    }


def main(folder: pathlib.Path) -> None:
    from vadjax.report.figures import write_figures
    from vadjax.report.page import write_report

    folder.mkdir(parents=True, exist_ok=True)
    whole = arguments()
    write_report(folder / "labelled.html", **whole)
    leaky = {**whole["metrics"], "protocol": "random_window", "coverage": "6 of 37 clips"}
    leaky["leakage"] = {**leaky["leakage"], "exact": 1.0, "neighbour": 1.0, "verdict": "leaky"}
    leaky["warnings"] = ["The backbone has random weights: these figures say nothing about vadjax."]
    write_report(folder / "leaky.html", **{**whole, "metrics": leaky, "history": history(4)})
    write_report(folder / "explained.html", **explained())
    write_report(folder / "folds.html", **in_folds())
    write_report(folder / "one_class.html", **of_one_class())
    empty = {"reasons": {"frame": "the test labels are all of one class"}}
    write_report(folder / "empty.html", metrics=empty, videos=[])
    write_report(folder / "unlabelled.html", **unlabelled())
    write_figures(
        folder / "figures",
        metrics=whole["metrics"],
        videos=whole["videos"],
        history=whole["history"],
    )


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
