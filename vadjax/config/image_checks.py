"""What does not go with a data set of single images, which have no time and no motion."""

from collections.abc import Mapping
from typing import Any

from vadjax.data.splits.protocols import PROTOCOLS
from vadjax.detectors import DETECTORS
from vadjax.models import MODELS, OBJECTIVES
from vadjax.models.registry import ModelEntry


def faults_of_images(flat: Mapping[str, Any]) -> list[str]:
    """Return which keys of a flat config need video, of a data set that holds images.

    Args:
        flat: the config, each key valid alone.

    Returns:
        A sentence for each fault.
    """
    return [
        *_detector(flat),
        *(_model(flat) if DETECTORS[flat["detector.name"]].gradient else ()),
        *_settings(flat),
    ]


def _images(flat: Mapping[str, Any]) -> str:
    return f"the data set {flat['dataset.name']!r} holds single images"


def _detector(flat: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the detector and the protocol."""
    name, protocol = flat["detector.name"], PROTOCOLS[flat["dataset.protocol"]]
    faults = []
    if DETECTORS[name].over_time:
        others = (n for n, e in DETECTORS.items() if not e.over_time and "segment" in e.units)
        faults.append(
            f"detector {name!r} compares the frames of a video, and {_images(flat)}; choose "
            f"detector.name of {', '.join(others)}."
        )
    if protocol.unit == "window" or protocol.labels == "videos":
        fitting = (
            p.name for p in PROTOCOLS.values() if p.unit != "window" and p.labels != "videos"
        )
        faults.append(
            f"protocol {protocol.name!r} is about windows or bags of frames, and {_images(flat)}; "
            f"choose dataset.protocol of {', '.join(fitting)}."
        )
    return faults


def _model(flat: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a model of windows, which may hold one frame."""
    model, objective, faults = flat["model.name"], flat["objective.name"], []
    if MODELS[model].sequential:
        others = (name for name, entry in MODELS.items() if _of_one_frame(entry))
        faults.append(
            f"model {model!r} reads a sequence of frames, and {_images(flat)}; choose model.name "
            f"of {', '.join(others)}, or a detector without a model (detector.name=knn_places)."
        )
    elif OBJECTIVES[objective].min_length > 1:
        others = (o for o in MODELS[model].objectives if OBJECTIVES[o].min_length == 1)
        faults.append(
            f"objective {objective!r} needs several frames, and {_images(flat)}; choose "
            f"objective.name of {', '.join(others) or 'another model'}."
        )
    return faults


def _of_one_frame(entry: ModelEntry) -> bool:
    """Say whether a model can be trained on single frames."""
    one = any(OBJECTIVES[name].min_length == 1 for name in entry.objectives)
    return one and not entry.sequential and not entry.crops


def _settings(flat: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with settings of any detector."""
    faults = []
    if flat["window.length"] != 1:
        faults.append(
            f"window.length is {flat['window.length']}, and {_images(flat)}: set window.length=1."
        )
    if flat["features.backbone"].startswith("flow"):
        faults.append(
            f"features.backbone={flat['features.backbone']} reads motion, and {_images(flat)}; "
            "choose another backbone."
        )
    if flat["evaluate.threshold"] == "alarms":
        faults.append(
            f"evaluate.threshold=alarms counts alarms an hour, and {_images(flat)}; choose "
            "by_clip, quantile, mean_std, pot or conformal."
        )
    if "at least" in flat["score.rules"] or "time" in flat["score.rules"]:
        faults.append(
            f"score.rules speaks of time, and {_images(flat)}; rules of x, y, score and size go."
        )
    return faults
