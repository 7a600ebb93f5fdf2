"""A made-up run to look at and to test with: 12 clips, walkers, a few cyclists.

    python tests/report/demo.py FOLDER [DATASET]

writes the pages and figures of a labelled run, a leaky one, an empty one and an unlabelled one.
"""

import dataclasses
import pathlib
import sys

import numpy as np

from tests.report.demo_clips import made, picture, videos
from tests.report.demo_metrics import analysis, metrics, region
from vadjax.data.scored_video import ScoredVideo


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
