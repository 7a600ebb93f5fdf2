"""What a row of the scores is, and which figures have no meaning for it."""

from collections.abc import Mapping

MIXED = "windows of one video lie on both sides of the split, so that no video is independent"
TIMELESS = "the tested windows were drawn at random and have no order in time"
STILL = "an image has no time: there are no events, and no alarms an hour"
ONE_ROW = "an image has one score, so that there is nothing to rank within it"
UNDEFINED = {  # unit -> dotted path -> why it means nothing there
    "window": {
        "frame.auc_micro_ci95": MIXED,
        "frame.auc_macro": MIXED,
        "frame.auc_parts": MIXED,
        "frame.auc_anomalous_videos": MIXED,
        "frame.auc_video": MIXED,
        "threshold.events": TIMELESS,
        "threshold.expected": MIXED,
        "threshold.false_alarms_per_hour": TIMELESS,
        "sweep": TIMELESS,
        "event_curve": TIMELESS,
        "videos[].alarms": TIMELESS,
    },
    "image": {
        "frame.auc_macro": ONE_ROW,
        "frame.auc_parts": ONE_ROW,
        "frame.auc_anomalous_videos": ONE_ROW,
        "frame.auc_video": "it is the AUC of images",
        "threshold.events": STILL,
        "threshold.false_alarms_per_hour": STILL,
        "thresholds[].false_alarms_per_hour": STILL,
        "sweep.false_alarms": "every false alarm is one image: see the false-positive rate",
        "videos[].auc": ONE_ROW,
        "event_curve": STILL,
        "videos[].alarms": STILL,
        "region": "of images, see pixels",
    },
}


def without_undefined(metrics: Mapping, unit: str) -> dict:
    """Replace the figures that mean nothing for a unit by null, with the reason.

    Args:
        metrics: the dict of metrics.json with `reasons`.
        unit: of the scores, one of `data.scored_video.UNITS`.

    Returns:
        A copy with `unit`, where that is not "frame".
    """
    metrics = {**metrics, "reasons": dict(metrics["reasons"])}
    reasons = metrics["reasons"]
    for path, why in UNDEFINED.get(unit, {}).items():
        part, _, key = path.rpartition(".")
        if part.endswith("[]"):
            name = part.removesuffix("[]")
            metrics[name] = [{**row, key: None} for row in metrics[name] or ()]
        elif not part:
            metrics[key] = None
        elif key in (metrics[part] or ()):
            metrics[part] = {**metrics[part], key: None}
        else:
            continue
        for inner in [known for known in reasons if known.startswith(f"{path}.")]:
            del reasons[inner]
        reasons[path] = why
    return metrics if unit == "frame" else {**metrics, "unit": unit}
