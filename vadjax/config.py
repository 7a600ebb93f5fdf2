"""The tree of defaults, and the checks that every config passes before anything runs.

A config file in `configs/` is a module with `get_config(arg="") -> ConfigDict` that starts from
`default_config()` and lists only what differs. `validate` is the same call from a notebook.
"""

import ast
import hashlib
import json
import re
from collections.abc import Mapping

from ml_collections import ConfigDict

from vadjax.errors import UserError, unknown

DATASETS = ("synthetic", "ucsd_ped1", "ucsd_ped2", "avenue", "folder")
WINDOW_PROTOCOLS = ("random_window", "published_shuffled")  # leaky; to reproduce and to warn
SUPERVISED_OBJECTIVES = ("classify", "segment")
SUPERVISED_PROTOCOLS = ("by_video", *WINDOW_PROTOCOLS)
PROTOCOLS = ("one_class", "official", *SUPERVISED_PROTOCOLS)
MODELS = (
    "simple_rnn",
    "lstm",
    "gru",
    "lstm_gru",
    "dense",
    "dense_autoencoder",
    "conv_autoencoder",
    "motion_scanner",
    "place_scanner",
)
MAP_MODELS = ("conv_autoencoder", "motion_scanner", "place_scanner")

CHOICES = {
    "dataset.name": DATASETS,
    "dataset.protocol": PROTOCOLS,
    "dataset.augment": ("none", "rahmani_compat"),
    "features.preprocess": ("checkpoint", "rahmani_compat"),
    "features.fit": ("stretch", "crop", "pad", "native"),
    "features.standardize": ("channel", "place"),
    "features.dtype": ("float32", "bfloat16"),
    "window.label": ("last", "any", "majority", "centre"),
    "model.name": MODELS,
    "model.dtype": ("float32", "bfloat16"),
    "objective.name": ("predict", "reconstruct", "motion", "classify", "segment"),
    "objective.activation": ("sigmoid", "softmax"),
    "objective.reduce": ("mean", "max"),
    "train.batches": ("windows", "runs"),
    "train.optimizer": ("adam", "adamw"),
    "train.schedule": ("constant", "cosine", "plateau"),
    "train.parallel": ("shard_map", "pmap"),
    "score.aggregate": ("last", "mean", "max"),
    "explain.method": ("auto", "error", "gradcam++", "gradcam", "hirescam", "input_gradient"),
    "evaluate.threshold": ("quantile", "mean_std", "pot", "conformal", "f1", "youden", "half"),
}

# What may change between two runs on one workdir: where things lie and what comes after training.
FREE_SECTIONS = ("score", "evaluate", "explain", "report")
FREE_KEYS = (
    "dataset.data_dir",
    "dataset.masks_dir",
    "features.cache_dir",
    "features.batch_size",
    "train.epochs",
    "train.parallel",
    "train.num_devices",
    "train.checkpoint_every",
)


def default_config() -> ConfigDict:
    """Return the defaults: the synthetic set, an ImageNet backbone, an LSTM that predicts."""
    config = ConfigDict()
    config.seed = 0
    config.dataset = ConfigDict(
        dict(
            name="synthetic",
            data_dir="",  # where the data set lies; unused by `synthetic`
            masks_dir="",  # UCSD's official folder, when data_dir holds the jpg layout
            label_version="",  # "" is the data set's default; see docs/protocols.md
            protocol="one_class",
            holdout=0.2,  # share of the normal training clips that is never fitted
            num_folds=0,  # by_video: 0 is the data set's own (4 for Ped2, else 5)
            augment="none",  # published_shuffled: "rahmani_compat" copies abnormal frames, altered
            seed=0,  # synthetic: seed of the drawing
            num_train=0,  # synthetic: clips, frames a clip, and frame size; 0 is the default
            num_test=0,
            num_frames=0,
            height=0,
            width=0,
        )
    )
    config.features = ConfigDict(
        dict(
            backbone="tf_efficientnet_lite0",
            weights="",  # "" searches package and cache; a .safetensors or .pth file; "random"
            tap="features",  # pooled; or a stage's map, stored as float16: "map" is the last
            preprocess="checkpoint",  # "rahmani_compat": 224 bilinear, ImageNet statistics
            fit="stretch",  # the whole frame; "crop" is ImageNet's centre crop
            height=0,  # 0 is the checkpoint's size
            width=0,
            dtype="float32",
            standardize="channel",  # "place": maps of a fixed camera, each place by itself
            cache_dir="~/.cache/vadjax",
            batch_size=16,
        )
    )
    config.window = ConfigDict(dict(length=16, stride=1, dilation=1, label="last"))
    config.model = ConfigDict(
        dict(
            name="lstm",
            units=(128,),
            bidirectional=False,
            dropout=0.0,
            head="linear",
            embed=0,  # recurrent scanners: width of a ReLU layer on every row; 0 is none
            channels=(64, 32),  # conv_autoencoder: widths on the way down; other map models: all
            dtype="float32",
        )
    )
    config.objective = ConfigDict(
        dict(
            name="predict",
            activation="sigmoid",  # classify
            num_classes=2,  # classify under softmax; class 0 is normal
            class_weight="balanced",  # classify: "none", or a number a class such as "1,3"
            reduce="mean",  # feature maps: error over locations, mean or max
            target_gradient=False,  # let gradients flow through what is to be predicted too
        )
    )
    config.train = ConfigDict(
        dict(
            epochs=20,
            batch_size=64,
            batches="windows",  # "runs": of neighbours, faster for recurrent models; see runs.py
            optimizer="adam",
            learning_rate=1e-3,
            weight_decay=0.0,
            schedule="constant",
            plateau_patience=2,  # plateau: epochs without a better loss on held-out clips, after
            plateau_factor=0.1,  # which the learning rate falls by this factor
            warmup_epochs=0,
            clip_norm=1.0,  # 0 is off
            patience=5,  # epochs without a better loss on held-out clips; 0 is off
            parallel="shard_map",
            num_devices=0,  # 0: one on CPU, all elsewhere
            checkpoint_every=5,  # epochs
        )
    )
    config.score = ConfigDict(dict(aggregate="last", batch_size=256))
    config.evaluate = ConfigDict(
        dict(
            threshold="quantile",
            quantile=0.99,
            num_std=3.0,  # mean_std
            false_alarm_rate=0.01,  # pot, conformal: share of normal frames called abnormal
            num_bootstrap=2000,
            knn=5,
            oracle=False,  # thresholds that are best on the test labels: upper bounds
            legacy=False,  # figures as others compute them, to read published tables by
        )
    )
    config.explain = ConfigDict(
        dict(
            maps=True,  # of where each test frame is abnormal
            method="auto",  # "error" where the model's error has places, else "gradcam++"
            tap="",  # stage whose activations are explained; "" is the last that has places
            batch_size=32,  # frames or windows at once
            store_mb=256,  # activations of test frames are kept where they take no more
            num_judged=300,  # abnormal frames with masks by which maps are judged
            deletion_images=600,  # through the network at most; 3456 for windows of 16
            num_pictures=6,  # of the most abnormal frames, and of each kind of mistake; 0 is none
            videos=True,  # an annotated film of each test video
        )
    )
    config.report = ConfigDict(dict(title="", thumbnails=12))
    return config.lock()


def with_argument(config: ConfigDict, argument: str) -> ConfigDict:
    """Apply what follows the colon of --config=FILE:ARGUMENT; return `config`.

    Args:
        config: changed.
        argument: "key=value", several with commas: keys as in the config, dotted, or "backbone" for
            features.backbone; values as Python writes them, strings without quotes. A backbone
            that takes its own input size alone gets that.

    Raises:
        UserError: no key=value, an unknown key, a value of another type.
    """
    from vadjax import backbones

    known = flatten(config.to_dict())
    for part in filter(None, re.split(r",(?![^(]*\))", argument)):  # no commas in parentheses
        key, equals, text = part.partition("=")
        key = {"backbone": "features.backbone"}.get(key, key)
        if not equals:
            raise UserError(
                f"config argument {part!r} is no key=value; write, for instance, "
                "--config=configs/ped2_lstm.py:backbone=resnet50"
            )
        if key not in known:
            raise unknown("config key", key, known)
        value = text
        if not isinstance(known[key], str):
            try:
                value = ast.literal_eval(text)
            except (ValueError, SyntaxError):
                raise UserError(
                    f"config argument {part!r}: {key} wants a {type(known[key]).__name__}"
                ) from None
        try:
            config.update_from_flattened_dict({key: value})
        except TypeError:
            raise UserError(
                f"config argument {part!r}: {key} wants a {type(known[key]).__name__}"
            ) from None
        if key == "features.backbone" and not backbones.takes_any_size(text):
            config.features.height = config.features.width = 0
    return config


def identity(config: ConfigDict) -> dict[str, object]:
    """Return the flat keys that make a run what it is (DESIGN: identity keys)."""
    flat = flatten(config.to_dict())
    return {
        key: value
        for key, value in flat.items()
        if key.split(".")[0] not in FREE_SECTIONS and key not in FREE_KEYS
    }


def fingerprint(values: Mapping[str, object]) -> str:
    """Return a short, stable hash of a JSON-like mapping."""
    text = json.dumps(values, sort_keys=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def flatten(tree: Mapping, prefix: str = "") -> dict[str, object]:
    """Return `tree` as one flat dict with dotted keys."""
    flat: dict[str, object] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def validate(config: ConfigDict) -> ConfigDict:
    """Check choices, ranges and combinations; return `config` unchanged.

    Raises:
      UserError: one message that lists every fault.
    """
    flat = flatten(config.to_dict())
    known = flatten(default_config().to_dict())
    faults = [str(unknown("config key", key, known)) for key in flat if key not in known]
    for key, choices in CHOICES.items():
        if flat[key] not in choices:
            faults.append(str(unknown(key, flat[key], choices)))

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
    need(len(flat["model.units"]) > 0, "model.units is empty; give at least one layer's width.")
    need(
        all(u > 0 for u in flat["model.units"]),
        f"model.units is {tuple(flat['model.units'])}; every width must be above 0.",
    )
    for key in ("dataset.holdout", "model.dropout"):
        need(0 <= flat[key] < 1, f"{key} is {flat[key]}; it must be in [0, 1).")
    for key in ("evaluate.quantile", "evaluate.false_alarm_rate", "train.plateau_factor"):
        need(0 < flat[key] < 1, f"{key} is {flat[key]}; it must be in (0, 1).")
    size = (flat["features.height"], flat["features.width"])
    need(
        (size[0] > 0) == (size[1] > 0) and min(size) >= 0,
        f"features.height, width are {size}; give both in pixels, or 0 for both.",
    )
    if not faults:
        faults += _combinations(flat)
    if faults:
        raise UserError("\n".join(faults))
    return config


def _backbone(flat: Mapping[str, object]) -> list[str]:
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


def _classes(flat: Mapping[str, object]) -> list[str]:
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


def _combinations(flat: Mapping[str, object]) -> list[str]:
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
            "place_scanner too, motion_scanner those of features.backbone=flow, "
            "all others pooled features (features.tap=features)."
        )
    if (name == "motion_scanner") != (objective == "motion"):
        faults.append(
            f"model {name!r} does not go with objective {objective!r}: model.name=motion_scanner "
            "serves objective.name=motion and nothing else does."
        )
    if name == "place_scanner" and objective not in SUPERVISED_OBJECTIVES:
        faults.append(
            f"model {name!r} learns from labels; set objective.name=segment (masks) or classify "
            "(frames), and dataset.protocol=by_video."
        )
    if objective == "segment" and name != "place_scanner":
        faults.append(f"objective 'segment' wants model.name=place_scanner, not {name!r}.")
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
    if flat["dataset.name"] not in ("synthetic",) and not flat["dataset.data_dir"]:
        faults.append(
            f"dataset.data_dir is empty: say where {flat['dataset.name']} lies with "
            "--config.dataset.data_dir=FOLDER."
        )
    return faults


def _window_protocols(flat: Mapping[str, object]) -> list[str]:
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
    wanted = {"evaluate.threshold": "half"}  # no clip is held out that could give another
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
