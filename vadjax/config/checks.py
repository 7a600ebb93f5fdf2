"""What can be wrong with a config: all faults at once, and keys that do not go together."""

from collections.abc import Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from vadjax import data
from vadjax.config.choices import choices
from vadjax.config.defaults import default_config, flatten
from vadjax.config.image_checks import faults_of_images
from vadjax.config.meanings import unknown_key
from vadjax.config.ranges import ranges
from vadjax.config.renamed import upgrade
from vadjax.config.value_checks import faults_of_values, negatives
from vadjax.config.window_checks import (
    faults_of_hidden_states,
    faults_of_stateful,
    faults_of_window_model,
)
from vadjax.data.splits.protocols import PROTOCOLS, Protocol
from vadjax.detectors import DETECTORS, WINDOW_MODEL
from vadjax.errors import UserError, unknown


def validate(config: ConfigDict, *, inputs: bool = True) -> ConfigDict:
    """Check choices, ranges and combinations; the same call serves a notebook.

    Args:
        config: values that have another name today get that one in place; else unchanged.
        inputs: check the size of the backbone's input too, for which JAX may be imported.

    Returns:
        `config`.

    Raises:
        UserError: one message that lists every fault.
    """
    if not isinstance(config, ConfigDict):
        raise UserError(
            f"the config is a {type(config).__name__}; wanted the ConfigDict that "
            "vadjax.config.default_config() returns, with what differs set."
        )
    flat = flatten(config.to_dict())
    known = flatten(default_config().to_dict())
    faults = [str(unknown_key(key, known)) for key in flat if key not in known]
    flat = upgrade(flat)
    wrong = faults_of_values(flat, known)
    faults += wrong
    closed = choices()
    for key, values in closed.items():
        if isinstance(flat.get(key), str) and flat[key] not in values:
            faults.append(str(unknown(key, flat[key], values)))
    if not wrong:
        faults += ranges(flat)
        named = "\n".join(faults)
        faults += [text for key, text in negatives(flat).items() if f"{key} is " not in named]
    if not faults:
        faults += combinations(flat, inputs=inputs)
    if faults:
        raise UserError("\n".join(faults))
    config.update_from_flattened_dict({key: flat[key] for key in closed})
    return config


def _backbone(flat: Mapping[str, Any], *, inputs: bool) -> list[str]:
    """Return why the backbone cannot be: its name, or a size or fit that it does not take."""
    from vadjax import backbones

    name, fit = flat["features.backbone"], flat["features.fit"]
    size = (flat["features.height"], flat["features.width"])
    try:
        backbones.family_of(name)
        if inputs and (
            any(size) or fit == "native"
        ):  # else there is nothing to check, and JAX stays out
            backbones.check_input(name, size=size if any(size) else None, fit=fit)
    except UserError as error:
        return [str(error)]
    return []


def _cues(named: Sequence[str], weights: str) -> list[str]:
    """Return which cues of detector scene are unknown, or lack what they need."""
    from vadjax import objects
    from vadjax.detectors.scene.cues import BY_WEIGHTS, CUES

    if not named:
        return [f"scene.cues is empty; name some of {', '.join(CUES)}."]
    if BY_WEIGHTS in named and not weights:
        return [
            f"scene.cues names {BY_WEIGHTS}, which needs an object detector: give its weights by "
            "scene.objects=FILE (docs/objects.md)."
        ]
    if weights:
        try:
            objects.check(weights)
        except UserError as error:
            return [f"scene.objects: {error}"]
    return [str(unknown("scene.cues", cue, CUES)) for cue in named if cue not in CUES]


def _densities(named: Sequence[str]) -> list[str]:
    """Return which cues have no density that could be chosen."""
    from vadjax.detectors.scene.cues import WITH_DENSITY

    wrong = [cue for cue in named if cue not in WITH_DENSITY]
    return [str(unknown("scene.density_of", cue, WITH_DENSITY)) for cue in wrong]


def combinations(flat: Mapping[str, Any], *, inputs: bool = True) -> list[str]:
    """Return what is wrong with keys that are each valid alone.

    Args:
        flat: the config.
        inputs: see `validate`.

    Returns:
        A sentence for each fault.
    """
    faults = [*_backbone(flat, inputs=inputs), *_rules(flat), *_crops(flat)]
    protocol, threshold = PROTOCOLS[flat["dataset.protocol"]], flat["evaluate.threshold"]
    if DETECTORS[flat["detector.name"]].gradient:
        faults += faults_of_window_model(flat)
    else:
        faults += _without_training(flat)
    if flat["detector.name"] == "hidden_states":
        faults += faults_of_hidden_states(flat)
    if flat["detector.name"] == "stateful":
        faults += faults_of_stateful(flat)
    if flat["detector.name"] == "scene":
        faults += _cues(flat["scene.cues"], flat["scene.objects"])
        faults += _densities(flat["scene.density_of"])
    faults += _augment(flat["dataset.augment"], protocol, flat["detector.name"])
    if threshold in ("f1", "youden") and protocol.labels != "frames":
        faults.append(
            f"evaluate.threshold={threshold!r} needs validation clips with labelled frames, "
            f"which {protocol.name} has not; choose by_clip, alarms, quantile, mean_std, pot or "
            "conformal."
        )
    if (threshold == "fixed") != (flat["evaluate.threshold_value"] is not None):
        faults.append(
            "evaluate.threshold=fixed and evaluate.threshold_value=NUMBER go together: give both, "
            "or neither."
        )
    kind = data.builder(flat["dataset.name"]).input_kind
    if kind == "features":
        faults += _without_pictures(flat)
    elif kind == "images":
        faults += faults_of_images(flat)
    if not flat["dataset.data_dir"] and data.builder(flat["dataset.name"]).needs_data_dir:
        faults.append(
            f"dataset.data_dir is empty: say where {flat['dataset.name']} is with "
            "--config.dataset.data_dir=FOLDER."
        )
    return faults


def _augment(value: str, protocol: Protocol, detector: str) -> list[str]:
    """Return what is wrong with dataset.augment."""
    from vadjax.data.splits.augment import RECIPES, names_of  # takes OpenCV

    try:
        names = names_of(value)
    except UserError as error:
        return [str(error)]
    if not names:
        return []
    if names[0] in RECIPES:
        if protocol.name == "published_shuffled":
            return []
        return [
            f"dataset.augment={value!r} copies abnormal frames alone, which marks them; only "
            "dataset.protocol=published_shuffled takes it."
        ]
    if protocol.unit == "window":
        return [
            f"dataset.augment={value!r} copies training clips, and {protocol.name} divides windows "
            "of all clips: copies of tested frames would be trained on."
        ]
    if detector != WINDOW_MODEL:
        return [f"dataset.augment={value!r} is for {WINDOW_MODEL}; detector {detector!r} has none."]
    return []


def _rules(flat: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with score.rules."""
    if not flat["score.rules"].strip():
        return []
    from vadjax.detectors.rules import read_rules  # takes OpenCV

    if PROTOCOLS[flat["dataset.protocol"]].unit == "window":
        return [f"score.rules is about frames; {flat['dataset.protocol']} scores windows."]
    try:
        read_rules(flat["score.rules"])
    except UserError as error:
        return [f"score.rules: {error}"]
    return []


def _crops(flat: Mapping[str, Any]) -> list[str]:
    """Return what does not go with ten crops of each frame."""
    if flat["features.crops"] == 1:
        return []
    entry, faults = DETECTORS[flat["detector.name"]], []
    wanted: dict[str, Any] = {"features.tap": "features", "features.fit": "stretch"}
    if flat["detector.name"] != "bag_model":
        wanted |= {"dataset.crops": "mean", "explain.maps": False}
    faults += [
        f"features.crops=10 goes with {key}={value} alone; {key} is {flat[key]}."
        for key, value in wanted.items()
        if flat[key] != value
    ]
    if entry.inputs != ("features",):
        faults.append(
            f"features.crops=10 is for pooled features, and detector {flat['detector.name']!r} "
            f"reads {', '.join(entry.inputs)}: set features.crops=1."
        )
    return faults


def _without_pictures(flat: Mapping[str, Any]) -> list[str]:
    """Return what does not go with a data set of feature files."""
    faults, name = [], flat["detector.name"]
    if others := [each for each in DETECTORS[name].inputs if each != "features"]:
        faults.append(
            f"detector {name!r} reads {', '.join(others)} of pictures, and the data set "
            f"{flat['dataset.name']!r} holds features; choose one that reads features."
        )
    wanted: dict[str, Any] = {"features.tap": "features", "features.standardize": "channel"}
    wanted |= {"dataset.augment": "none", "features.crops": 1}
    return faults + [
        f"{key}={flat[key]} is for pictures, and the data set {flat['dataset.name']!r} holds "
        f"features: set {key}={value}."
        for key, value in wanted.items()
        if flat[key] != value
    ]


def _without_training(flat: Mapping[str, Any]) -> list[str]:
    """Return what does not go with a detector that trains no model of windows."""
    faults, name, protocol = [], flat["detector.name"], flat["dataset.protocol"]
    unit = "window" if PROTOCOLS[protocol].unit == "window" else "segment"
    allowed = DETECTORS[name].protocols
    if allowed and protocol not in allowed:
        faults.append(
            f"detector {name!r} does not go with protocol {protocol!r}; choose one of "
            f"{', '.join(allowed)}."
        )
    elif unit not in DETECTORS[name].units:
        fitting = [p for p in PROTOCOLS if (PROTOCOLS[p].unit == "window") != (unit == "window")]
        faults.append(
            f"detector {name!r} does not go with protocol {protocol!r}, which splits "
            f"{PROTOCOLS[protocol].unit}s; choose one of {', '.join(fitting)}."
        )
    if DETECTORS[name].reads_maps and flat["features.tap"] == "features":
        faults.append(
            f"detector {name!r} reads maps: set features.tap=map, or a stage's name such as stage5."
        )
    if flat["evaluate.threshold"] == "half":
        faults.append(
            f"evaluate.threshold=half is for probabilities, and those of detector {name!r} are "
            "none; choose by_clip, alarms, quantile, mean_std, pot or conformal."
        )
    return faults
