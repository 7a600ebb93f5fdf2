"""Plain words and number formats, the same on the page, in the figures and in the terminal."""

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from vadjax import data
from vadjax.data.splits.protocols import PROTOCOLS, Protocol
from vadjax.detectors import DETECTORS, WINDOW_MODEL, by_gradient
from vadjax.models.registry import OBJECTIVES
from vadjax.report.texts import BASELINES, RULES, Baseline

WHOLE = "whole data set"


def lookup(tree: Any, path: str) -> Any:
    """Look up a value of nested mappings.

    Args:
        tree: nested mappings.
        path: dotted.

    Returns:
        The value, None where any part of the path is missing.
    """
    for key in path.split("."):
        if not isinstance(tree, Mapping) or key not in tree:
            return None
        tree = tree[key]
    return tree


def reason(metrics: Mapping, path: str) -> str:
    """Say why the value at `path` is null: its own reason, else that of the part it is in.

    >>> reason({"reasons": {"frame": "no labels"}}, "frame.auc_micro")
    'no labels'

    Args:
        metrics: the dict of metrics.json.
        path: dotted.

    Returns:
        The reason, "not computed" where none is given.
    """
    reasons = metrics.get("reasons") or {}
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        if text := reasons.get(".".join(parts[:length])):
            return in_unit(str(text), metrics)
    return "not computed"


def in_unit(text: str, metrics: Mapping) -> str:
    """Speak of images in place of clips and frames, where the metrics are of images.

    >>> in_unit("held-out normal frames", {"unit": "image"})
    'held-out normal images'

    Args:
        text: about video.
        metrics: the dict of metrics.json.

    Returns:
        The text.
    """
    if metrics.get("unit") != "image":
        return text
    return re.sub(r"\b(clip|frame|video)(s?)\b", r"image\2", text)


class Headline(NamedTuple):
    """The figure that a page begins with, and with which baselines are compared.

    Attributes:
        path: dotted, in metrics.json.
        interval: path of its interval.
        name: for a reader.
    """

    path: str
    interval: str
    name: str


def headline(metrics: Mapping) -> Headline:
    """Return what the headline of a run is: of images their AUROC, else the micro AUC."""
    if metrics.get("image"):
        several = len(metrics["image"]["categories"]) > 1
        name = "Image AUROC" + (", mean over categories," if several else "")
        return Headline("image.auroc", "image.intervals.auroc", name)
    return Headline("frame.auc_micro", "frame.auc_micro_ci95", "Micro AUC")


def dataset(metrics: Mapping) -> str:
    """Return the data set's name, "" where there is none."""
    name = str(metrics.get("dataset") or "")
    return "" if name == "unlabelled" else data.title(name)


def detector(metrics: Mapping) -> str:
    """Name the detector, e.g. "lstm predicting tf_efficientnet_lite0 features"."""
    found = {k: str(v) for k, v in (metrics.get("detector") or {}).items() if v is not None}
    name, objective = found.get("name", WINDOW_MODEL), found.get("objective", "")
    if not by_gradient(name):
        return DETECTORS[name].title if name in DETECTORS else name
    words = (
        found.get("model"),
        OBJECTIVES[objective].title if objective in OBJECTIVES else objective,
        found.get("backbone"),
        found.get("tap"),
    )
    return " ".join(w for w in words if w)


def protocol(metrics: Mapping) -> Protocol | None:
    """Return the protocol in plain words; an unknown one is named only."""
    name = metrics.get("protocol")
    return PROTOCOLS.get(name, Protocol(str(name), str(name), "")) if name else None


def coverage(metrics: Mapping) -> str:
    """Say how much of the data set the numbers are of."""
    return metrics.get("coverage") or WHOLE


def scope(metrics: Mapping, num_videos: int) -> str:
    """Say over what the numbers are.

    Args:
        metrics: the dict of metrics.json.
        num_videos: of the run.

    Returns:
        The coverage, or else how many videos.
    """
    return metrics.get("coverage") or in_unit(plural(num_videos, "video"), metrics)


def rule(metrics: Mapping, config: Mapping) -> str:
    """Say where the threshold comes from.

    Args:
        metrics: the dict of metrics.json.
        config: of the run, nested.

    Returns:
        A part of a sentence.
    """
    name = lookup(metrics, "threshold.rule")
    keys = {"quantile": "quantile", "num_std": "num_std", "rate": "false_alarm_rate"}
    keys["alarms"] = "alarms_per_hour"
    given = {k: lookup(config, f"evaluate.{key}") for k, key in keys.items()}
    if given["alarms"]:
        given["alarms"] = f"{given['alarms']:g} alarm{'' if given['alarms'] == 1 else 's'}"
    unnamed = {"quantile": "given", "num_std": "some", "rate": "that was asked for"}
    unnamed["alarms"] = "so many alarms"
    given = unnamed | {k: v for k, v in given.items() if v}
    text = RULES.get(name, str(name or "of a rule that was not named")).format_map(given)
    return in_unit(text, metrics)


def number(value: Any, digits: int = 3) -> str:
    """Format a value for reading: floats to `digits` places, integers grouped by thousands.

    >>> number(0.94149), number(12345), number(None)
    ('0.941', '12,345', '–')

    Args:
        value: a number, None, or anything else as text.
        digits: places of a float.

    Returns:
        The text, "–" for None.
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
    r"""Format a share as a percentage.

    >>> percent(0.1234)
    '12.3\xa0%'

    Args:
        value: a share from 0 to 1, or None.
        digits: places.

    Returns:
        The text, "–" for None.
    """
    return "–" if value is None else f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%"


def clock(seconds: float, digits: int = 1) -> str:
    """Format a moment of a video.

    >>> clock(75.25), clock(3675.0, 0)
    ('1:15.2', '1:01:15')

    Args:
        seconds: since the start.
        digits: places of the seconds.

    Returns:
        Hours where there are any, minutes and seconds.
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


def plural(count: int, noun: str, many: str = "") -> str:
    """Count things.

    >>> plural(1, "clip"), plural(1200, "clip"), plural(2, "category", "categories")
    ('1 clip', '1,200 clips', '2 categories')

    Args:
        count: how many.
        noun: in the singular.
        many: in the plural, where it is not the noun with an s.

    Returns:
        Number and noun.
    """
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def baselines(metrics: Mapping) -> list[Baseline]:
    """Return every baseline of the metrics with its title and group, known ones in their order."""
    known = {row.key: row for row in BASELINES}
    for key, words in (metrics.get("baseline_titles") or {}).items():
        known[key] = Baseline(key, words["title"], words["group"])
    names = [key for key in metrics.get("baselines") or () if key != "majority_accuracy"]
    for key in names:
        known.setdefault(key, Baseline(key, key.replace("_", " ").capitalize(), "Other scores"))
    return [row for key, row in known.items() if key in names]


def rivals(metrics: Mapping) -> list[tuple[str, float]]:
    """Return the baselines that have an AUC, (name, AUC), best first."""
    found = [(row.name, lookup(metrics, f"baselines.{row.key}")) for row in baselines(metrics)]
    return sorted(((n, v) for n, v in found if v is not None), key=lambda r: -r[1])


def treatment(metrics: Mapping) -> list[str]:
    """Say what was done to the scores, and how far they look ahead."""
    if metrics.get("unit") == "image":
        return []
    ahead = metrics.get("lookahead_frames")
    words = list(lookup(metrics, "detector.adapts") or ["raw scores, not smoothed"])
    if ahead is not None:
        none = "no look-ahead"
        if lookup(metrics, "accounting.filled"):  # the nearest scored frame comes later
            none = "no look-ahead but in filled frames"
        words.append(f"looks {plural(ahead, 'frame')} ahead" if ahead else none)
    windows = lookup(metrics, "unit") == "window"  # drawn whole: none is short
    if lookup(metrics, "detector.first_frames") == "short" and not windows:
        words.append("the first frames of a video scored by shorter windows")
    if augment := lookup(metrics, "detector.augment"):
        words.append(f"trained on altered copies too: {augment}")
    if objects := lookup(metrics, "detector.objects"):
        words.append(f"objects named in normal clips: {objects}")
    return words
