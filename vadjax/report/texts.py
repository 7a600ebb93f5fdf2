"""What pages say of protocols, rules, measures and baselines, in one place."""

from typing import NamedTuple


class Protocol(NamedTuple):
    title: str
    text: str
    leaky: bool = False


PROTOCOLS = {
    "one_class": Protocol(
        "one class",
        "The detector was fitted on normal training clips only. Training clips it was never fitted "
        "on decided when to stop and where the threshold lies. The labels of the test clips were "
        "used for these figures and for nothing else.",
    ),
    "by_video": Protocol(
        "supervised, by video",
        "Labelled clips were divided clip by clip: each was scored by a model that had seen no "
        "frame of it, and other whole clips decided when to stop and where the threshold lies. "
        "The pooled scores come from several models.",
    ),
    "official": Protocol(
        "official split",
        "The split into training and test clips is the one its authors published. No test clip "
        "was seen while fitting.",
    ),
    "random_window": Protocol(
        "random windows",
        "Overlapping windows were divided at random, so nearly every test window shares frames "
        "with a window the model was fitted on. The figures measure memory, not detection.",
        leaky=True,
    ),
    "published_shuffled": Protocol(
        "shuffled, as published",
        "Frames were shuffled before windows were cut and divided, as some published studies do. "
        "Test windows hold frames the model was fitted on, and their order in time is lost. The "
        "figures serve comparison with those studies and say nothing about new video.",
        leaky=True,
    ),
}


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


BASELINES = (  # of metrics.json without `baseline_titles`
    Baseline("random", "Random numbers", "Looks at nothing"),
    Baseline("frame_index", "Position in the clip", "Looks at nothing"),
    Baseline("clip_centre", "Nearness to the clip’s centre", "Looks at nothing"),
    Baseline("motion_difference", "Frame difference", "Motion, nothing learned"),
    Baseline("motion_flow", "Optical flow", "Motion, nothing learned"),
    Baseline("knn", "Nearest neighbours", "Same features, no network"),
    Baseline("mahalanobis", "Mahalanobis distance", "Same features, no network"),
    Baseline("nearest_in_time", "Label nearest in time", "Looks at no picture"),
    Baseline("nearest_alike", "Most alike labelled frames", "Same features, no network"),
)

LEAKAGE = {  # share of the test windows that ...
    "exact": "hold a frame that was fitted or used for a choice",
    "neighbour": "lie within one window of such a frame",
    "augmented": "hold a frame of which an altered copy was used",
    "same_video": "come from a video of which other frames were used",
    "duplicate": "hold a picture equal to another, used one",
    "shuffled": "are not in the order of time",
}

CELLS = {  # confusion cell -> (what it is called, is it right)
    "tp": ("caught", True),
    "fn": ("missed", False),
    "fp": ("false alarm", False),
    "tn": ("rightly quiet", True),
}


RULES = {
    "quantile": "the {quantile} quantile of held-out normal frames",
    "mean_std": "the mean plus {num_std} standard deviations of held-out normal frames",
    "f1": "where F1 is best on held-out labelled clips",
    "youden": "where recall minus false-positive rate is best on held-out labelled clips",
    "pot": "a generalised Pareto tail fitted to the peaks of held-out normal frames",
    "conformal": "conformal: the chosen false-alarm rate holds on held-out normal frames",
    "half": "where a probability turns to the other side",
}
RULE_NAMES = {
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
    key: str
    name: str
    text: str


REGION = (
    Measure(
        "pixel_auc",
        "Pixel-level AUC",
        "a frame counts as found with 40 % of its abnormal pixels; any pixel makes a false alarm",
    ),
    Measure(
        "pixel_auc_full_frame",
        "… of the same maps painted over the whole frame",
        "control: what knowing when, but not where, gets",
    ),
    Measure("pixel_eer", "Pixel-level equal error rate", "lower is better; chance 0.500"),
    Measure("rbdc", "RBDC", "region-based detection, up to one false region a frame"),
    Measure("tbdc", "TBDC", "track-based detection, up to one false region a frame"),
)
EXPLAIN = (
    Measure("pointing", "Pointing game", "the map’s highest place lies within the truth"),
    Measure("energy", "Energy inside", "share of the map that lies within the truth"),
    Measure("map_auc", "AUC of the map", "places within the truth against those outside"),
    Measure(
        "deletion",
        "Deletion",
        "share of the score left without the map’s strongest places; lower is better",
    ),
)
