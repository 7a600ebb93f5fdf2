"""Small finished runs, made by hand: what `vadjax.compare` reads of a workdir."""

import json
import pathlib

import numpy as np
from ml_collections import ConfigDict

from vadjax import config as configs
from vadjax.data.scored_video import ScoredVideo
from vadjax.storage import artifacts

LENGTHS = (30, 40, 50, 60) * 3


def metrics(*, auc: float = 0.8, **changes) -> dict:
    """A metrics.json of twelve videos; `changes` are top-level keys."""
    videos = [
        {
            "id": f"test/{n + 1:02d}",
            "frames": length,
            "abnormal": length // 2,
            "filled": 3,
            "auc": auc,
            "max_score": 2.0,
            "fold": 0,
            "threshold": 1.5,
            "alarms": [[1, 5]],
        }
        for n, length in enumerate(LENGTHS)
    ]
    frames = sum(LENGTHS)
    found = {
        "schema_version": 1,
        "dataset": "ucsd_ped2",
        "coverage": None,
        "label_version": "official",
        "protocol": "one_class",
        "warnings": [],
        "leakage": {"exact": 0.0, "verdict": "clean"},
        "detector": {
            "backbone": "resnet18",
            "weights_sha256": "0" * 64,
            "tap": "features",
            "fit": "stretch",
            "window": 16,
            "model": "lstm",
            "bidirectional": False,
            "objective": "predict",
            "parameters": 1234,
        },
        "frame": {
            "auc_micro": auc,
            "auc_micro_ci95": [auc - 0.1, auc + 0.05],
            "auc_macro": auc - 0.01,
            "macro_skipped": 0,
            "ap": 0.7,
            "ap_chance": 0.5,
            "eer": 0.25,
            "roc": {"fpr": [0.0, 1.0], "tpr": [0.0, 1.0]},
        },
        "baselines": {"random": 0.5, "flow_box": 0.9, "majority_accuracy": 0.5},
        "threshold": {
            "rule": "quantile",
            "value": 1.5,
            "accuracy": 0.75,
            "balanced_accuracy": 0.75,
            "precision": 0.75,
            "recall": 0.75,
            "f1": 0.75,
            "mcc": 0.5,
            "false_positive_rate": 0.25,
            "confusion": {"tp": 30, "fp": 10, "tn": 50, "fn": 20},
            "false_alarms_per_hour": None,
        },
        "kinds": [{"kind": "cart", "frames": 9, "videos": 2, "auc": 0.9, "recall": 0.5}],
        "region": None,
        "videos": videos,
        "accounting": {"videos": 12, "frames": frames, "abnormal": frames // 2, "filled": 36},
        "lookahead_frames": 0,
        "environment": {"commit": "abc"},
        "reasons": {},
    }
    for key, value in changes.items():
        found[key] = {**found.get(key, {}), **value} if isinstance(value, dict) else value
    return found


def config(*, seed: int = 0, **changes) -> ConfigDict:
    """A config; `changes` have their dots written as two underscores."""
    made = configs.default_config()
    made.update_from_flattened_dict({"dataset.name": "ucsd_ped2", "seed": seed})
    made.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
    return made


def write(folder: pathlib.Path, *, model: str = "lstm", seed: int = 0, auc: float = 0.8, **more):
    """Write a workdir; `more` goes to `metrics`, its `config` to `config`."""
    made = config(seed=seed, model__name=model, **more.pop("config", {}))
    detector = {"model": model, **more.pop("detector", {})}
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(metrics(auc=auc, detector=detector, **more)))
    identity = configs.identity(made)
    text = json.dumps({"config": made.to_dict(), "identity": identity}, default=list)
    (folder / "config.json").write_text(text)
    return str(folder)


def scores(folder: pathlib.Path, *, strength: float, labels: bool = True) -> None:
    """Write scores.npz, whose abnormal frames stand out by `strength` deviations."""
    rng, test = np.random.default_rng(3), []
    for n, length in enumerate(LENGTHS):
        truth = (np.arange(length) >= length // 2).astype(np.uint8)
        own = (rng.normal(size=length) + strength * truth).astype(np.float32)
        test.append(ScoredVideo(f"test/{n + 1:02d}", own, labels=truth if labels else None))
    held_out = ScoredVideo("train/01", np.zeros(5, np.float32))
    artifacts.write_scores(pathlib.Path(folder), test, [held_out])
