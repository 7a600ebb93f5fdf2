"""Accuracy by video on training, validation and test set (tables 1 to 3 of Elavarasi et al.).

Each row is decided by the threshold of the run, and scored by the run's own detector, so that rows
of the training set say how well it knows what it has learnt. The article's videos hold both
classes; a normal video has a specificity alone, which is its accuracy too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vadjax.evaluation import frame
from vadjax.evaluation.decisions import decide_all
from vadjax.evaluation.parts import Part, Videos, labelled, pool, pool_calls

SETS = ("training", "validation", "test")
RATES = ("accuracy", "sensitivity", "specificity", "precision", "f1")
MEASURED = (
    *("difference_rate", "flow", "motion", "flow_explained", "effectiveness"),
    *("psnr", "learning_rate"),
)
NO_PSNR = "the scores are no squared errors of pixels"


def sets_part(
    sets: Mapping[str, Videos],
    thresholds: Sequence[float | None],
    *,
    measured: Mapping[tuple[str, str], Mapping[str, Any]],
    psnr: Mapping[tuple[str, str], np.ndarray] | None = None,
    scale: Mapping[str, Any] | None = None,
) -> Part:
    """Make a row for each video of each set, and one for the set.

    Args:
        sets: one of `SETS` -> its videos, scored by the detector of their fold.
        thresholds: of each fold.
        measured: (set, id) -> values of `MEASURED`; what is missing is null.
        psnr: (set, id) -> dB of each frame, where scores are errors of pixels.
        scale: cut-offs of the motion levels.

    Returns:
        The part `sets` of metrics.json, and reasons.
    """
    rows, totals = [], []
    for name, videos in sets.items():
        decided = decide_all(videos, thresholds)
        totals.append(
            {
                **{"set": name, "videos": len(decided), **_rates(decided)},
                "psnr": _mean([psnr[name, v.id] for v in decided] if psnr else []),
            }
        )
        for video in decided:
            own = dict.fromkeys(MEASURED) | dict(measured.get((name, video.id), {}))
            if psnr:
                own["psnr"] = _mean([psnr[name, video.id]])
            rows.append({"set": name, "id": video.id, "fold": video.fold, **_rates([video]), **own})
    why = "no labels, no threshold, or no frame of the class"
    reasons = {f"sets.{part}[].{key}": why for part in ("videos", "totals") for key in RATES}
    for part in ("videos", "totals"):
        reasons[f"sets.{part}[].psnr"] = NO_PSNR
        reasons[f"sets.{part}[].abnormal"] = "no labels"
    no_motion = "nothing moves, or motion was not measured"
    reasons |= {f"sets.videos[].{key}": no_motion for key in MEASURED[:5]}
    reasons["sets.videos[].learning_rate"] = "nothing is trained by gradient"
    reasons["sets.scale"] = "motion was not measured"
    return {"videos": rows, "totals": totals, "scale": dict(scale) if scale else None}, reasons


def _rates(videos: Videos) -> dict:
    """Return frames, abnormal ones and the rates of some videos together."""
    known = [video for video in labelled(videos) if video.threshold is not None]
    rates = frame.threshold_metrics(frame.confusion(pool_calls(known), pool(known)[1]))
    rates["sensitivity"] = rates["recall"]
    with_labels = labelled(videos)
    return {
        "frames": sum(len(video.scores) for video in videos),
        "abnormal": int(sum(np.sum(v.truth) for v in with_labels)) if with_labels else None,
        **{key: rates[key] for key in RATES},
    }


def _mean(values: Sequence[np.ndarray]) -> float | None:
    return float(np.mean(np.concatenate(values), dtype=np.float64)) if values else None
