"""Plain words and number formats, the same on the page, in the figures and in the terminal."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from vadjax import data

WHOLE = "whole data set"


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


OBJECTIVES = {
    "predict": "predicting",
    "reconstruct": "reconstructing",
    "motion": "telling motion",
    "classify": "classifying",
    "segment": "segmenting",
}


class Baseline(NamedTuple):
    key: str
    name: str
    group: str


BASELINES = (
    Baseline("random", "Random numbers", "Looks at nothing"),
    Baseline("frame_index", "Position in the clip", "Looks at nothing"),
    Baseline("clip_centre", "Nearness to the clip’s centre", "Looks at nothing"),
    Baseline("motion_difference", "Frame difference", "Motion, nothing learned"),
    Baseline("motion_flow", "Optical flow", "Motion, nothing learned"),
    Baseline("knn", "Nearest neighbours", "Same features, no network"),
    Baseline("mahalanobis", "Mahalanobis distance", "Same features, no network"),
)

WINDOW_BASELINES = (  # of windows dealt out at random
    BASELINES[0],
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


def lookup(tree: Any, path: str) -> Any:
    """Return the value at a dotted `path`, None where any part of it is missing."""
    for key in path.split("."):
        if not isinstance(tree, Mapping) or key not in tree:
            return None
        tree = tree[key]
    return tree


def reason(metrics: Mapping, path: str) -> str:
    """Say why the value at `path` is null: its own reason, else that of the part it is in.

    >>> reason({"reasons": {"frame": "no labels"}}, "frame.auc_micro")
    'no labels'
    """
    reasons = metrics.get("reasons") or {}
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        if text := reasons.get(".".join(parts[:length])):
            return str(text)
    return "not computed"


def dataset(metrics: Mapping) -> str:
    """Return the data set's name, "" where there is none."""
    name = str(metrics.get("dataset") or "")
    return "" if name == "unlabelled" else data.title(name)


def detector(metrics: Mapping) -> str:
    """Name the detector, e.g. "lstm predicting tf_efficientnet_lite0 features"."""
    found = {k: str(v) for k, v in (metrics.get("detector") or {}).items() if v is not None}
    objective = found.get("objective", "")
    words = (
        found.get("model"),
        OBJECTIVES.get(objective, objective),
        found.get("backbone"),
        found.get("tap"),
    )
    return " ".join(w for w in words if w)


def protocol(metrics: Mapping) -> Protocol | None:
    """Return the protocol in plain words; an unknown one is named only."""
    name = metrics.get("protocol")
    return PROTOCOLS.get(name, Protocol(str(name), "")) if name else None


def coverage(metrics: Mapping) -> str:
    """Say how much of the data set the numbers are of."""
    return metrics.get("coverage") or WHOLE


def scope(metrics: Mapping, num_videos: int) -> str:
    """Say over what the numbers are: the coverage, or else how many videos."""
    return metrics.get("coverage") or plural(num_videos, "video")


def rule(metrics: Mapping, config: Mapping) -> str:
    """Say where the threshold comes from."""
    name = lookup(metrics, "threshold.rule")
    given = {k: lookup(config, f"evaluate.{k}") for k in ("quantile", "num_std")}
    given = {"quantile": "given", "num_std": "some"} | {k: v for k, v in given.items() if v}
    return RULES.get(name, str(name or "of a rule that was not named")).format_map(given)


def number(value: Any, digits: int = 3) -> str:
    """Format a value for reading: floats to `digits` places, integers grouped by thousands.

    >>> number(0.94149), number(12345), number(None)
    ('0.941', '12,345', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return str(value)
    if value and (abs(value) < 10**-digits or abs(value) >= 1e6):
        return f"{value:.{digits}g}"
    return f"{value:.{digits}f}".replace("-", "−")


def percent(value: float | None, digits: int = 1) -> str:
    """Format a share as a percentage.

    >>> percent(0.1234)
    '12.3\\xa0%'
    """
    return "–" if value is None else f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%"


def clock(seconds: float, digits: int = 1) -> str:
    """Format a moment of a video.

    >>> clock(75.25), clock(3675.0, 0)
    ('1:15.2', '1:01:15')
    """
    unit = 10**digits
    ticks = round(seconds * unit)
    whole, part = divmod(ticks, unit)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    text = f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
    return f"{text}.{part:0{digits}d}" if digits else text


def duration(seconds: float) -> str:
    """Format a length of time for reading.

    >>> duration(0.42), duration(75.0), duration(4000.0)
    ('0.42 s', '1 min 15 s', '1 h 6 min')
    """
    if seconds < 10:
        return f"{seconds:.2f} s"
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def plural(count: int, noun: str) -> str:
    """Count things.

    >>> plural(1, "clip"), plural(1200, "clip")
    ('1 clip', '1,200 clips')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def baselines(metrics: Mapping) -> tuple[Baseline, ...]:
    """Return the scores without learning that go with what the metrics count."""
    return WINDOW_BASELINES if metrics.get("unit") == "window" else BASELINES


def rivals(metrics: Mapping) -> list[tuple[str, float]]:
    """Return the baselines that have an AUC, (name, AUC), best first."""
    found = [(row.name, lookup(metrics, f"baselines.{row.key}")) for row in baselines(metrics)]
    return sorted(((n, v) for n, v in found if v is not None), key=lambda r: -r[1])


def smoothing(metrics: Mapping) -> list[str]:
    """Say what was done to the scores, and how far they look ahead."""
    done = metrics.get("smoothing")
    ahead = metrics.get("lookahead_frames")
    words = ["raw scores, not smoothed" if done in (None, "", "none") else f"smoothed: {done}"]
    if ahead is not None:
        words.append(f"looks {plural(ahead, 'frame')} ahead" if ahead else "no look-ahead")
    return words
