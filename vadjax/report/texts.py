"""What pages say of rules, measures and baselines, in one place."""

from typing import NamedTuple

from vadjax.detectors import DETECTORS


class Baseline(NamedTuple):
    """A score that learns little or nothing, as metrics.json has it.

    Attributes:
        key: in `baselines`.
        name: title for a reader.
        group: heading above it.
    """

    key: str
    name: str
    group: str


BASELINES = tuple(
    Baseline(name, entry.title, entry.group)
    for name, entry in DETECTORS.items()
    if entry.group and entry.baseline
)

LEAKAGE = {  # share of the test windows that ...
    "exact": "contain a frame used for training, validation or calibration",
    "neighbour": "lie within one window of such a frame",
    "augmented": "contain a frame of which an augmented copy was used",
    "same_video": "come from a video of which other frames were used",
    "duplicate": "contain a frame with the same content as a used one",
    "shuffled": "are not in temporal order",
}

LEVELS = {  # of recognition -> what is counted
    "frame": "Frames",
    "chunk": "Chunks, one window behind the other",
    "video": "Videos, by mean probability",
    "window": "Windows, split at random",
    "abnormal video": "Abnormal videos, among the abnormal classes",
}

LEAKAGE_OF_IMAGES = {  # share of the test images that ...
    "exact": "were used for training, validation or calibration",
    "duplicate": "have the same content as one that was used",
}

BIAS = {  # of scene_bias -> which groups of clips are told apart
    "test_from_training": "normal test clips from training clips",
    "abnormal_from_normal": "abnormal frames from normal ones, by test clip",
}

CELLS = {  # confusion cell -> (what it is called, is it right)
    "tp": ("detected", True),
    "fn": ("missed", False),
    "fp": ("false alarm", False),
    "tn": ("correctly normal", True),
}


RULES = {
    "by_clip": "where held-out clips, left out one at a time, have the rate of {rate}",
    "alarms": "the lowest one with which held-out clips raise at most {alarms} an hour",
    "quantile": "the {quantile} quantile of held-out normal frames",
    "mean_std": "the mean plus {num_std} standard deviations of held-out normal frames",
    "f1": "the threshold of best F1 on held-out labelled clips",
    "youden": "the threshold of best recall minus false-positive rate on held-out labelled clips",
    "pot": "a generalised Pareto tail fitted to the peaks of held-out normal frames",
    "conformal": "conformal: the chosen false-alarm rate holds on held-out normal frames",
    "half": "a probability of one half",
    "fixed": "given by the user",
    "sensitivity": "where held-out clips have the rate of false alarms that was asked for",
}
RULE_NAMES = {
    "by_clip": "Rate by clip",
    "alarms": "False alarms an hour",
    "fixed": "Given",
    "quantile": "Quantile",
    "mean_std": "Mean + k deviations",
    "pot": "Peaks over threshold",
    "conformal": "Conformal",
    "half": "One half",
    "f1": "Best F1, validation",
    "youden": "Youden, validation",
}

ORACLE = {"f1": "Best F1", "youden": "Best Youden’s J", "accuracy": "Best accuracy"}

MOMENTS = {  # of the gallery: heading, what it shows
    "most_abnormal": ("Most abnormal", "the highest scores of all test frames"),
    "false_alarms": ("Worst false alarms", "the highest scores of truly normal frames"),
    "misses": ("Worst misses", "the lowest scores of truly abnormal frames"),
}


class Measure(NamedTuple):
    """A measure of maps: its key in metrics.json, its name, and what it is."""

    key: str
    name: str
    text: str


REGION = (
    Measure(
        "pixel_auc",
        "Pixel-level AUC",
        "a frame is detected with 40 % of its abnormal pixels; any pixel of a normal frame is a "
        "false positive",
    ),
    Measure(
        "pixel_auc_full_frame",
        "… of the same maps without location",
        "control: every pixel of a frame gets the frame’s maximum",
    ),
    Measure("pixel_eer", "Pixel-level equal error rate", "lower is better; chance 0.500"),
    Measure("rbdc", "RBDC", "region-based detection, up to one false region a frame"),
    Measure("tbdc", "TBDC", "track-based detection, up to one false region a frame"),
)
EXPLAIN = (
    Measure("pointing", "Pointing game", "the map’s maximum lies inside the mask"),
    Measure("energy", "Energy inside", "share of the map’s sum inside the mask"),
    Measure("map_auc", "AUC of the map", "cells inside the mask against those outside"),
    Measure(
        "deletion",
        "Deletion",
        "share of the score left without the map’s strongest cells; lower is better",
    ),
)
