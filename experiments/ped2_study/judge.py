"""Stage 4: evaluate the fixed list of methods on the test clips; only this reads their labels."""

import cv2
import numpy as np
from choose import SMOOTHING
from detector import CUES, calibrate, fuse, held_out_maps_of, top

from vadjax.evaluation import frame
from vadjax.evaluation.bootstrap import auc_interval, paired_test
from vadjax.evaluation.region import region_metrics
from vadjax.features.motion import MOTION_NAMES
from vadjax.features.standardize import Standardizer
from vadjax.scoring import by_place, distances

REGION_KEYS = ("pixel_auc", "pixel_auc_full_frame", "pixel_eer", "rbdc", "tbdc")
OTHER = {"sum": "max", "max": "sum", "standard": "surprise", "surprise": "standard"}


def cue_methods(train: dict, test: dict, chosen: dict) -> dict[str, dict[str, tuple]]:
    """Score by cues alone and fused: method -> clip -> (scores [t], maps [t, h, w])."""
    maps, scales = {}, {}
    for cue in CUES:
        fitted = CUES[cue](list(train.values()))
        maps[cue] = {name: fitted(m) for name, m in test.items()}
        held = held_out_maps_of(cue, train, {name: (name, m) for name, m in train.items()})
        scales[cue] = {kind: calibrate(kind, held) for kind in ("standard", "surprise")}
    found = {f"{cue} alone": {n: (top(m), m) for n, m in maps[cue].items()} for cue in CUES}
    kinds, rules = (chosen["calibration"], chosen["rule"]), {}
    rules["fused (chosen)"] = kinds
    rules[f"fused, {OTHER[kinds[1]]} instead"] = (kinds[0], OTHER[kinds[1]])
    rules[f"fused, calibrated by {OTHER[kinds[0]]}"] = (OTHER[kinds[0]], kinds[1])
    for method, (kind, rule) in rules.items():
        found[method] = {
            n: fuse([scales[c][kind](maps[c][n]) for c in chosen["cues"]], rule) for n in test
        }
    return found


def feature_methods(pooled, last_maps, motion, train: list, test: list) -> dict[str, dict]:
    """Score by distances of frozen features and by motion in a box: method -> clip -> scores.

    Args:
        pooled, last_maps, motion: functions of a video id that return its stored rows.
        train, test: video ids.
    """
    scaler = Standardizer.fit(pooled(v) for v in train)
    fit = scaler.apply(np.concatenate([pooled(v) for v in train]))
    found = {"kNN, pooled features": {}, "Mahalanobis, pooled features": {}}
    for name in test:
        rows = scaler.apply(pooled(name))
        found["kNN, pooled features"][name] = (distances.knn(fit, rows), None)
    rows = scaler.apply(np.concatenate([pooled(v) for v in test]))
    both = distances.mahalanobis(distances.fit_mahalanobis(fit), rows)
    cuts = np.cumsum([len(pooled(v)) for v in test])[:-1]
    found["Mahalanobis, pooled features"] = {
        n: (s, None) for n, s in zip(test, np.split(both, cuts), strict=True)
    }
    found["nearest by row, last maps"] = _by_row(last_maps, train, test)
    for i, measure in enumerate(MOTION_NAMES):
        found[f"{measure} in a box, nothing learned"] = {n: (motion(n)[:, i], None) for n in test}
    rng = np.random.default_rng(0)
    for name in test:
        length = len(motion(name))
        passed, centre = np.arange(length) / length, (length - 1) / 2 / length
        free = {"random": rng.random(length), "frame_index": passed}
        free["clip_centre"] = -np.abs(passed - centre)
        for kind, values in free.items():
            found.setdefault(kind, {})[name] = (values.astype(np.float32), None)
    return found


def _by_row(last_maps, train, test) -> dict:
    """Score by 1-NN of each cell of the last map within its row, in 64 principal components."""
    sample = np.concatenate([last_maps(v)[::10] for v in train]).astype(np.float32)
    flat = sample.reshape(-1, sample.shape[-1])
    mean = flat.mean(0)
    _, _, axes = np.linalg.svd(flat[::5] - mean, full_matrices=False)

    def project(rows):
        return (rows.astype(np.float32) - mean) @ axes[:64].T

    fit = np.concatenate([project(last_maps(v)[::2]) for v in train])
    found = {}
    for name in test:
        rows = project(last_maps(name))
        seen = [np.ones(x.shape[:3], np.float32) for x in (fit, rows)]
        maps = by_place.nearest_by_row(fit, rows, fit_seen=seen[0], test_seen=seen[1], band=0)
        found[name] = (top(maps), maps)
    return found


def judge(found: dict, labels: dict, masks: dict, *, smoothing: str, rival: dict) -> dict:
    """Every figure of one method on the test clips.

    Args:
        found: clip -> (scores, maps or None).
        labels: clip -> [t].
        masks: clip -> masks.
        smoothing: a key of `choose.SMOOTHING`.
        rival: clip -> scores, for the paired test.
    """
    names = list(labels)
    scores, truth = [found[n][0] for n in names], [labels[n] for n in names]
    flat, y = np.concatenate(scores), np.concatenate(truth)
    row = {
        "auc": frame.auc(flat, y),
        "macro": frame.macro_auc(zip(scores, truth, strict=True))[0],
        "ap": frame.average_precision(flat, y),
        "eer": frame.equal_error_rate(*frame.roc_curve(flat, y)),
        "smoothed": frame.auc(np.concatenate([SMOOTHING[smoothing](s) for s in scores]), y),
    }
    interval = auc_interval(scores, truth)
    row["ci95"] = [interval.low, interval.high]
    against = paired_test([rival[n] for n in names], scores, truth)
    row["against_flow"] = [against.difference, against.low, against.high, against.p_value]
    return row | regions_of(found, masks)


def regions_of(found: dict, masks: dict) -> dict:
    """Return the figures of one method's maps; none where it has no maps."""
    if next(iter(found.values()))[1] is None:
        return {}
    part, _ = region_metrics({n: _large(found[n][1], masks[n]) for n in masks}, masks)
    return {k: part[k] for k in REGION_KEYS}


def _large(maps: np.ndarray, masks):
    """Bring maps to the size of the frames, one at a time."""
    size = masks[0].shape[::-1]
    return (cv2.resize(m.astype(np.float32), size) for m in maps)
