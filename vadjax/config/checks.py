"""What can be wrong with a config: values out of range, and keys that do not go together."""

import re
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from vadjax import data
from vadjax.config.choices import (
    MAP_MODELS,
    SUPERVISED_OBJECTIVES,
    SUPERVISED_PROTOCOLS,
    WINDOW_PROTOCOLS,
    choices,
)
from vadjax.config.defaults import default_config, flatten
from vadjax.config.renamed import upgrade
from vadjax.errors import UserError, unknown


def validate(config: ConfigDict) -> ConfigDict:
    """Check choices, ranges and combinations; the same call serves a notebook.

    Args:
        config: values that have another name today get that one in place; else unchanged.

    Returns:
        `config`.

    Raises:
        UserError: one message that lists every fault.
    """
    flat = flatten(config.to_dict())
    known = flatten(default_config().to_dict())
    faults = [str(unknown("config key", key, known)) for key in flat if key not in known]
    flat = upgrade(flat)
    closed = choices()
    for key, values in closed.items():
        if flat[key] not in values:
            faults.append(str(unknown(key, flat[key], values)))
    faults += ranges(flat)
    if not faults:
        faults += combinations(flat)
    if faults:
        raise UserError("\n".join(faults))
    config.update_from_flattened_dict({key: flat[key] for key in closed})
    return config


def ranges(flat: Mapping[str, Any]) -> list[str]:
    """Return which values of a flat config lie outside their range."""
    faults: list[str] = []

    def need(ok: bool, text: str) -> None:
        if not ok:
            faults.append(text)

    def positive(*keys: str) -> None:
        for key in keys:
            need(flat[key] > 0, f"{key} is {flat[key]}; it must be above 0.")

    positive("window.length", "window.stride", "window.dilation", "train.epochs")
    positive("train.batch_size", "train.learning_rate", "features.batch_size", "score.batch_size")
    positive("train.checkpoint_every", "evaluate.num_bootstrap", "evaluate.knn")
    positive("explain.batch_size", "train.plateau_patience")
    for key in ("explain.num_judged", "explain.deletion_images", "explain.store_mb"):
        need(flat[key] >= 0, f"{key} is {flat[key]}; it must be 0 (off) or more.")
    need(
        flat["train.memory_mb"] >= 0,
        f"train.memory_mb is {flat['train.memory_mb']}; it must be 0 (automatic) or more.",
    )
    need(len(flat["model.units"]) > 0, "model.units is empty; give at least one layer's width.")
    need(
        all(u > 0 for u in flat["model.units"]),
        f"model.units is {tuple(flat['model.units'])}; every width must be above 0.",
    )
    for key in ("dataset.holdout", "model.dropout"):
        need(0 <= flat[key] < 1, f"{key} is {flat[key]}; it must be in [0, 1).")
    need(0 <= flat["train.mix"] <= 1, f"train.mix is {flat['train.mix']}; it must be in [0, 1].")
    for key in ("evaluate.quantile", "evaluate.false_alarm_rate", "train.plateau_factor"):
        need(0 < flat[key] < 1, f"{key} is {flat[key]}; it must be in (0, 1).")
    size = (flat["features.height"], flat["features.width"])
    need(
        (size[0] > 0) == (size[1] > 0) and min(size) >= 0,
        f"features.height, width are {size}; give both in pixels, or 0 for both.",
    )
    return faults


def _backbone(flat: Mapping[str, Any]) -> list[str]:
    """Return why the backbone cannot be: its name, or a size or fit that it does not take."""
    from vadjax import backbones

    name, fit = flat["features.backbone"], flat["features.fit"]
    size = (flat["features.height"], flat["features.width"])
    try:
        backbones.family_of(name)
        if any(size) or fit == "native":  # else there is nothing to check, and JAX stays out
            backbones.check_input(name, size=size if any(size) else None, fit=fit)
    except UserError as error:
        return [str(error)]
    return []


def _classes(flat: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the number of classes and their weights."""
    faults, num, weights = [], flat["objective.num_classes"], flat["objective.class_weight"]
    activation = flat["objective.activation"]
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


def combinations(flat: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with keys that are each valid alone."""
    faults = _backbone(flat) + _classes(flat)
    objective, name = flat["objective.name"], flat["model.name"]
    supervised = flat["dataset.protocol"] in SUPERVISED_PROTOCOLS
    if supervised != (objective in SUPERVISED_OBJECTIVES):
        faults.append(
            f"protocol {flat['dataset.protocol']!r} does not go with objective {objective!r}: "
            f"{', '.join(SUPERVISED_PROTOCOLS)} learn from labels (objective.name=classify, or "
            "segment under by_video), "
            "one_class and official never see one (objective.name=predict, reconstruct or motion)."
        )
    if name.endswith("autoencoder") and objective != "reconstruct":
        faults.append(f"model {name!r} reconstructs; set objective.name=reconstruct.")
    if (flat["features.tap"] == "features") == (name in MAP_MODELS):
        faults.append(
            f"features.tap={flat['features.tap']!r} does not go with model {name!r}: "
            "conv_autoencoder reads maps (features.tap=map, or a stage's name such as stage5), "
            "unet_segmenter too, appearance_to_flow those of features.backbone=flow, "
            "all others pooled features (features.tap=features)."
        )
    if (name == "appearance_to_flow") != (objective == "motion"):
        faults.append(
            f"model {name!r} does not go with objective {objective!r}: "
            "model.name=appearance_to_flow serves objective.name=motion and nothing else does."
        )
    if name == "unet_segmenter" and objective not in SUPERVISED_OBJECTIVES:
        faults.append(
            f"model {name!r} learns from labels; set objective.name=segment (masks) or classify "
            "(frames), and dataset.protocol=by_video."
        )
    if objective == "segment" and name != "unet_segmenter":
        faults.append(f"objective 'segment' wants model.name=unet_segmenter, not {name!r}.")
    if flat["train.mix"] and (objective != "segment" or flat["train.batches"] == "runs"):
        faults.append(
            "train.mix mixes masks too: set objective.name=segment and train.batches=windows, or "
            "train.mix=0."
        )
    if flat["features.standardize"] == "place" and flat["features.tap"] == "features":
        faults.append("features.standardize=place is for maps: set features.tap=map.")
    if objective in ("predict", "motion") and flat["window.length"] < 2:
        faults.append(f"objective {objective!r} needs window.length of at least 2.")
    faults += _window_protocols(flat)
    waits, stops = flat["train.plateau_patience"], flat["train.patience"]
    if flat["train.schedule"] == "plateau" and 0 < stops <= waits:
        faults.append(
            f"train.patience={stops} ends the training before train.plateau_patience={waits} "
            "lowers the learning rate; choose a larger train.patience, or 0."
        )
    if flat["evaluate.threshold"] == "half" and objective != "classify":
        faults.append("evaluate.threshold=half is for probabilities: set objective.name=classify.")
    if flat["evaluate.threshold"] in ("f1", "youden") and not supervised:
        faults.append(
            f"evaluate.threshold={flat['evaluate.threshold']!r} needs labelled validation clips, "
            "which one_class has not; choose quantile, mean_std, pot or conformal."
        )
    if not flat["dataset.data_dir"] and data.builder(flat["dataset.name"]).needs_data_dir:
        faults.append(
            f"dataset.data_dir is empty: say where {flat['dataset.name']} lies with "
            "--config.dataset.data_dir=FOLDER."
        )
    return faults


def _window_protocols(flat: Mapping[str, Any]) -> list[str]:
    """Return what does not go with protocols that deal out windows, or goes with them alone."""
    protocol, faults = flat["dataset.protocol"], []
    if flat["dataset.augment"] != "none" and protocol != "published_shuffled":
        faults.append(
            f"dataset.augment={flat['dataset.augment']!r} copies abnormal frames alone, which "
            "marks them; only dataset.protocol=published_shuffled takes it."
        )
    if protocol not in WINDOW_PROTOCOLS:
        return faults
    if flat["objective.name"] == "segment":
        faults.append(f"protocol {protocol!r} deals out rows' labels: set objective.name=classify.")
    if flat["train.batches"] == "runs":
        faults.append(
            f"protocol {protocol!r} fits windows from everywhere, which have no neighbours: set "
            "train.batches=windows."
        )
    # No clip is held out that could give another threshold.
    wanted: dict[str, object] = {"evaluate.threshold": "half"}
    if protocol == "published_shuffled":
        wanted |= {"window.stride": 1, "window.dilation": 1, "window.label": "last"}
    for key, value in wanted.items():
        if flat[key] != value:
            faults.append(f"protocol {protocol!r} is defined with {key}={value}, not {flat[key]}.")
    if flat["window.stride"] >= flat["window.length"] > 0 and protocol == "random_window":
        faults.append(
            f"protocol 'random_window' deals out overlapping windows: window.stride is "
            f"{flat['window.stride']} and must be below window.length, {flat['window.length']}."
        )
    return faults
