"""What can be wrong with a config of the detector window_model: window, model, training."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from vadjax.backbones.registry import HEADS
from vadjax.config.place_checks import faults_of_places
from vadjax.config.training_checks import faults_of_training, in_words
from vadjax.data.splits.protocols import PROTOCOLS
from vadjax.data.text.class_names import NORMAL
from vadjax.models import MODELS, OBJECTIVES

PIXELS = ("pixels", "pixels_rgb")
CARRYING = ("simple_rnn", "lstm", "gru", "lstm_gru")
RECURRENT = (*CARRYING, "lstm_encoder_decoder")
# Detectors that train a model of windows.
OF_WINDOWS = ("window_model", "hidden_states", "stateful")


def faults_of_window_model(flat: Mapping[str, Any]) -> list[str]:
    """Return which keys of a flat config do not go together where a model of windows is trained."""
    return [
        *_classes(flat),
        *_model(flat),
        *_bags(flat),
        *faults_of_training(flat),
        *_window_protocols(flat),
    ]


def faults_of_hidden_states(flat: Mapping[str, Any]) -> list[str]:
    """Return which keys of a flat config do not go with the states of a recurrent model."""
    faults, name = faults_of_window_model(flat), flat["model.name"]
    if name not in RECURRENT:
        faults.append(
            f"detector 'hidden_states' reads the states of a recurrent model, and model {name!r} "
            f"is none: set model.name={in_words(RECURRENT, 'or')}."
        )
    if flat["model.bidirectional"]:
        faults.append(
            "detector 'hidden_states' reads the state after the last row, where the second "
            "direction has seen one row alone: set model.bidirectional=False."
        )
    return faults


def faults_of_stateful(flat: Mapping[str, Any]) -> list[str]:
    """Return which keys of a flat config do not go with a state that is carried on."""
    faults, name = faults_of_window_model(flat), flat["model.name"]
    if name not in CARRYING:
        faults.append(
            f"detector 'stateful' carries the state of a recurrent model, and model {name!r} has "
            f"none: set model.name={in_words(CARRYING, 'or')}."
        )
    if flat["model.bidirectional"]:
        faults.append(
            "detector 'stateful' reads each frame once, forward: set model.bidirectional=False."
        )
    if (objective := flat["objective.name"]) not in ("predict", "classify"):
        faults.append(
            f"detector 'stateful' scores each frame as it comes, and objective {objective!r} wants "
            "a whole window: set objective.name=predict or classify."
        )
    return faults


def _classes(flat: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the number of classes and their weights."""
    faults, num, weights = [], flat["objective.num_classes"], flat["objective.class_weight"]
    activation = flat["objective.activation"]
    if named := flat["objective.classes"]:
        names = [name.strip() for name in named.split(",")]
        if not all(names) or len({*names, NORMAL}) <= len(names):
            faults.append(
                f"objective.classes is {named!r}; wanted names of classes of anomaly, each once, "
                f"with commas between them, without {NORMAL!r}."
            )
        if num not in (2, len(names) + 1):
            faults.append(
                f"objective.num_classes is {num} beside {len(names)} objective.classes; leave it "
                "out, it follows from them and normal."
            )
        num = len(names) + 1
    if num < 2 or (num > 2 and activation == "sigmoid"):
        faults.append(
            f"objective.num_classes is {num}; activation {activation!r} wants "
            + ("2 (softmax takes more)." if activation == "sigmoid" else "at least 2.")
        )
    if weights not in ("balanced", "none"):
        parts = weights.split(",")
        if len(parts) != num or not all(re.fullmatch(r"\s*\d*\.?\d+\s*", part) for part in parts):
            faults.append(
                f"objective.class_weight is {weights!r}; wanted balanced, none, or {num} numbers "
                "with commas between them, that of class 0 (normal) first."
            )
    return faults


def _model(flat: Mapping[str, Any]) -> list[str]:
    """Return what does not go together of protocol, features, model and objective."""
    faults = []
    protocol, tap = flat["dataset.protocol"], flat["features.tap"]
    name, objective = flat["model.name"], flat["objective.name"]
    model, goal = MODELS[name], OBJECTIVES[objective]
    if PROTOCOLS[protocol].labels != goal.labels:
        kinds = {
            "frames": "learn from labels",
            "videos": "from labels of videos",
            "": "never see one",
        }
        parts = []
        for labels, words in kinds.items():
            protocols = (p for p in PROTOCOLS if PROTOCOLS[p].labels == labels)
            goals = (o for o in OBJECTIVES if OBJECTIVES[o].labels == labels)
            parts.append(f"{in_words(protocols)} {words} (objective.name={in_words(goals, 'or')})")
        faults.append(
            f"protocol {protocol!r} does not go with objective {objective!r}: {', '.join(parts)}."
        )
    if objective not in model.objectives:
        serving = (other for other in MODELS if objective in MODELS[other].objectives)
        faults.append(
            f"model {name!r} does not serve objective {objective!r}: set "
            f"objective.name={in_words(model.objectives, 'or')}, or model.name="
            f"{in_words(serving, 'or')}."
        )
    if (tap in HEADS) != (model.reads == "vectors"):
        of_maps = (other for other in MODELS if MODELS[other].reads == "maps")
        faults.append(
            f"features.tap={tap!r} does not go with model {name!r}: {in_words(of_maps)} read maps "
            "(features.tap=map, or a stage's name such as stage5), all others pooled features "
            "(features.tap=features) or classes (probabilities, logits)."
        )
    if flat["features.standardize"] == "place" and tap in HEADS:
        faults.append("features.standardize=place is for maps: set features.tap=map.")
    pixels, ranged = flat["features.backbone"] in PIXELS, flat["features.standardize"] == "range"
    if ranged and not pixels:
        faults.append(
            "features.standardize=range is for pixels: set features.backbone="
            f"{in_words(PIXELS, 'or')}, or features.standardize=channel."
        )
    if name == "sigmoid_autoencoder" and not ranged:
        faults.append(
            "model 'sigmoid_autoencoder' gives pixels in -1 .. 1: set features.backbone=pixels, "
            "features.tap=map and features.standardize=range."
        )
    if flat["objective.reduce"] == "psnr" and not ranged:
        faults.append(
            "objective.reduce=psnr compares errors with the range of pixels: set "
            "features.standardize=range, or objective.reduce=mean."
        )
    if flat["window.length"] < goal.min_length:
        faults.append(f"objective {objective!r} needs window.length of at least {goal.min_length}.")
    if flat["model.at_test"] != "frozen" and (name != "mnad" or not ranged):
        faults.append(
            f"model.at_test={flat['model.at_test']} is MNAD's published score of pixels: set "
            "model.name=mnad and features.standardize=range, or model.at_test=frozen."
        )
    if name.startswith("place_"):
        faults += faults_of_places(flat)
    if flat["evaluate.threshold"] == "half" and objective != "classify" and goal.labels != "videos":
        faults.append("evaluate.threshold=half is for probabilities: set objective.name=classify.")
    return faults


def _bags(flat: Mapping[str, Any]) -> list[str]:
    """Return what does not go together where labels of videos are learnt from."""
    of_bags = OBJECTIVES[flat["objective.name"]].of_bags
    if flat["detector.name"] not in (("bag_model",) if of_bags else OF_WINDOWS):
        return [
            f"objective {flat['objective.name']!r} does not go with detector "
            f"{flat['detector.name']!r}: objectives of bags ({in_words(_of_bags(), 'or')}) are "
            "those of bag_model, all others those of window_model."
        ]
    if of_bags and PROTOCOLS[flat["dataset.protocol"]].unit == "window":
        return [
            f"objective {flat['objective.name']!r} learns from whole videos, and protocol "
            f"{flat['dataset.protocol']!r} splits windows: set objective.name=recognize."
        ]
    if of_bags == (flat["train.batches"] != "pairs"):
        wanted = "pairs" if of_bags else "windows"
        return [f"detector {flat['detector.name']!r} wants train.batches={wanted}."]
    if not of_bags:
        return []
    faults = []
    if flat["train.batch_size"] % 2:
        faults.append(
            f"train.batch_size is {flat['train.batch_size']}; bag_model wants an even number, half "
            "of it abnormal videos and half normal ones."
        )
    if flat["window.dilation"] != 1:
        faults.append("bag_model averages neighbouring rows: set window.dilation=1.")
    if flat["bag.segments"] < 2:
        faults.append(f"bag.segments is {flat['bag.segments']}; it must be at least 2.")
    return faults


def _of_bags() -> Iterable[str]:
    return (name for name, entry in OBJECTIVES.items() if entry.of_bags)


def _window_protocols(flat: Mapping[str, Any]) -> list[str]:
    """Return what does not go with a protocol that splits at window level."""
    faults: list[str] = []
    protocol = flat["dataset.protocol"]
    if PROTOCOLS[protocol].unit != "window":
        return faults
    if "cell_label" in OBJECTIVES[flat["objective.name"]].reads:
        faults.append(
            f"protocol {protocol!r} splits windows with labels of rows, not masks: set "
            "objective.name=classify."
        )
    if flat["train.batches"] == "runs":
        faults.append(
            f"protocol {protocol!r} trains on windows from everywhere, which have no neighbours: "
            "set train.batches=windows."
        )
    # No clip is held out that could give another threshold.
    wanted: dict[str, object] = {"evaluate.threshold": "half"}
    if protocol == "random_chunk":
        wanted |= {"window.stride": flat["window.length"], "window.dilation": 1}
    if protocol == "published_shuffled":
        wanted |= {"window.stride": 1, "window.dilation": 1, "window.label": "last"}
    for key, value in wanted.items():
        if flat[key] != value:
            faults.append(f"protocol {protocol!r} is defined with {key}={value}, not {flat[key]}.")
    if flat["window.stride"] >= flat["window.length"] > 0 and protocol == "random_window":
        faults.append(
            f"protocol 'random_window' splits overlapping windows: window.stride is "
            f"{flat['window.stride']} and must be below window.length, {flat['window.length']}."
        )
    return faults
