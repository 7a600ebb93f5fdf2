"""Which keys make a run what it is, and which may change between two commands on one workdir."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from vadjax import backbones
from vadjax.config import renamed
from vadjax.config.defaults import default_config, flatten

# May change between two commands on one workdir: where data is, and what comes after training.
FREE_SECTIONS = ("score", "evaluate", "explain", "report")
OF_FIGURES = ("score", "evaluate")  # which of these change the figures of a run
FREE_KEYS = (
    "dataset.data_dir",
    "dataset.masks_dir",
    "dataset.skip_broken",
    "features.cache_dir",
    "features.mirror",
    "features.batch_size",
    "train.epochs",
    "train.parallel",
    "train.num_devices",
    "train.memory_mb",
    "train.checkpoint_every",
)
STAGES = ("extract", "train", "score", "evaluate", "explain", "report")
# Free keys that say where the videos are and which of them are there: data.json has these.
PLACES = (
    *("dataset.data_dir", "dataset.masks_dir", "dataset.skip_broken"),
    *("features.cache_dir", "features.mirror"),
)
# Free keys that change how fast a stage is, and of its result the last digits at most.
OF_SPEED = (
    "features.batch_size",
    "train.parallel",
    "train.num_devices",
    "train.memory_mb",
    "train.checkpoint_every",
    "score.batch_size",
    "explain.batch_size",
    "explain.store_mb",
)
# Keys that the first version did not have: at their defaults they do not change a run's hash.
LATER_KEYS = (
    *("detector.name", "scene.cues", "scene.objects", "scene.tap"),
    *("scene.density", "scene.density_of", "scene.tail"),
    *("places.taps", "places.dims", "places.embedding"),
    *("places.coreset", "places.neighbours", "places.updates"),
    *("model.lag", "model.mean", "model.calibrate", "model.memory"),
    *("model.mixture", "model.sharing", "model.boxes"),
    *("objective.scored_rows", "objective.top_places"),
    *("model.at_test", "objective.flow"),
    *("dataset.split", "dataset.scene", "dataset.unseen_scene", "dataset.fps"),
    *("dataset.feature_name", "dataset.crops", "features.crops"),
    *("objective.classes", "model.reuse"),
    *("objective.intensity", "objective.gradient", "objective.adversarial"),
    *("hidden.distance", "train.adapt", "train.finetune_epochs", "train.finetune_share"),
    *("train.finetune_rate", "objective.coherence", "objective.coherence_of"),
    *("bag.segments", "bag.instances", "bag.scored", "window.short_clips"),
)


def identity(config: ConfigDict) -> dict[str, object]:
    """Return the flat keys that make a run what it is (DESIGN: identity keys)."""
    flat = flatten(config.to_dict())
    if not follows_frames(config):
        flat.pop("features.aspect", None)  # so that it is the identity of runs before there was one
    return {key: value for key, value in flat.items() if not is_free(key)}


def follows_frames(config: ConfigDict) -> bool:
    """Return whether the input size of the backbone follows from the shape of the frames."""
    f = config.features
    asked = f.aspect == "frames" and not f.height and f.fit == "stretch" and f.crops == 1
    return asked and f.preprocess == "checkpoint" and backbones.follows_frames(f.backbone)


def is_free(key: str) -> bool:
    """Return whether a key may change between two commands on one workdir."""
    return key.split(".")[0] in FREE_SECTIONS or key in FREE_KEYS


def stage_of(key: str, detector: str = "") -> str:
    """Return the stage whose result a key belongs to.

    Args:
        key: flat.
        detector: name of the run's detector; `knn` scores by a key that else counts for a baseline.
            `evaluate.cross_fit` decides which held-out clips are scored.

    Returns:
        One of `STAGES`; "" of keys that may not change within a workdir, and of places.
    """
    if not is_free(key) or key in PLACES:
        return ""
    section = key.split(".")[0]
    if key == "evaluate.cross_fit" or (key == "evaluate.knn" and detector == "knn"):
        return "score"
    return "extract" if section == "features" else section


def differing(saved: ConfigDict, asked: ConfigDict, stage: str) -> list[str]:
    """Return the keys by which a stage's result of one config is not that of another.

    Args:
        saved: what the stage was done with.
        asked: the config to compare.
        stage: one of `STAGES`.

    Returns:
        Flat keys, sorted.
    """
    before, now = _plain(flatten(saved.to_dict())), _plain(flatten(asked.to_dict()))
    return sorted(
        key
        for key in now
        if stage_of(key, asked.detector.name) == stage
        and key not in OF_SPEED
        and now[key] != before.get(key)
    )


def changed(before: Mapping, config: ConfigDict) -> list[str]:
    """Return the keys that move a run's figures and are others than when it was made.

    Args:
        before: the nested config that the run was made with, as its config.json has it; a key that
            is younger than the run had its default, or what such runs did (`renamed.BEFORE`).
        config: the config that is asked for now.

    Returns:
        Flat keys, in the order of the defaults.
    """
    default = _plain(flatten(default_config().to_dict()))
    there = {**default, **renamed.BEFORE, **renamed.upgrade(flatten(before))}
    return [
        key
        for key, value in _plain(flatten(config.to_dict())).items()
        if value != there.get(key)
        and (not is_free(key) or key.split(".")[0] in OF_FIGURES or key == "train.epochs")
        and key != "score.batch_size"
    ]


def _plain(flat: Mapping) -> dict[str, Any]:
    """Return values as they come back from JSON."""
    return json.loads(json.dumps(flat, default=list))


def run_hash(config: ConfigDict, **more: object) -> str:
    """Return the hash that names a run's default workdir.

    It is made of the names that keys and values had first and leaves out later keys at their
    defaults, so that the same command finds the folder of an older version.

    Args:
        config: a validated config.
        **more: what else tells two runs apart, such as the folder of a camera.

    Returns:
        Ten hexadecimal digits.
    """
    default = flatten(default_config().to_dict())
    flat = {
        key: value
        for key, value in identity(config).items()
        if not (key in LATER_KEYS and value == default[key])
    }
    return fingerprint({**renamed.first_names(flat), **more})


def fingerprint(values: Mapping[str, object]) -> str:
    """Return a short, stable hash of a JSON-like mapping."""
    text = json.dumps(values, sort_keys=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()[:10]
