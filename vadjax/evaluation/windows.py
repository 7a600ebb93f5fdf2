"""Assemble metrics.json where scores and labels are one a window, as leaky protocols have them."""

from collections.abc import Mapping

import numpy as np

from vadjax.evaluation import schema
from vadjax.evaluation.evaluate import evaluate

NAME = "test windows"  # they stand where a video stands elsewhere
MIXED = "windows of one video lie on both sides of the split, so that no video is independent"
TIMELESS = "the tested windows were drawn at random and have no order in time"
UNDEFINED = {  # dotted path -> why it means nothing here
    "frame.auc_micro_ci95": MIXED,
    "frame.auc_macro": MIXED,
    "frame.auc_anomalous_videos": MIXED,
    "frame.auc_video": MIXED,
    "threshold.events": TIMELESS,
    "threshold.false_alarms_per_hour": TIMELESS,
    "sweep": TIMELESS,
}


def evaluate_windows(
    scores: np.ndarray,
    labels: np.ndarray,
    *,
    context: Mapping,
    baselines: Mapping[str, np.ndarray] | None = None,
    rule: str = "half",
    seed: int = 0,
) -> dict:
    """Evaluate the tested windows as one list.

    Args:
        scores: float [n], higher is more abnormal; a probability under the rule "half".
        labels: [n] {0, 1}.
        context: as of `evaluate.evaluate`.
        baselines: name -> float [n], scores of the same windows.
        rule: of the threshold; one that needs no held-out windows.
        seed: of the run.

    Returns:
        The dict of metrics.json with `unit` "window". What speaks of videos or of time is null.

    Raises:
        UserError: as `evaluate.evaluate`.
    """
    metrics = evaluate(
        scores={NAME: scores},
        predicted={NAME: np.ones(len(scores), bool)},
        labels={NAME: labels},
        calibration=[{}],
        context=context,
        baselines={name: {NAME: values} for name, values in (baselines or {}).items()},
        rule=rule,
        resamples=1,  # one list is no sample of videos: there is no interval in any case
        seed=seed,
    )
    for path, why in UNDEFINED.items():
        part, _, key = path.rpartition(".")
        holder = metrics[part] if part else metrics
        if key in holder:
            holder[key], metrics["reasons"][path] = None, why
            metrics["reasons"] = {
                known: text
                for known, text in metrics["reasons"].items()
                if not known.startswith(f"{path}.")
            }
    for row in metrics["videos"]:
        row["alarms"] = None
    metrics["reasons"]["videos[].alarms"] = TIMELESS
    return schema.validate({**metrics, "unit": "window"})
