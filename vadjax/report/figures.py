"""Figures of a run for papers and slides; the same run gives the same bytes."""

import os
import pathlib
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.normal_scene import NormalScene
from vadjax.evaluation.events import runs
from vadjax.evaluation.parts import pool
from vadjax.report import charts, normal_map, plots, wording
from vadjax.report.classes_figure import classes_figure
from vadjax.storage.files import atomic_write

INK, SOFT, ACCENT, BAR, RULE = "#1b1a18", "#635f59", "#b5380f", "#a9a49b", "#dedad3"
MAX_TIMELINES = 24  # a figure of more could not be read
STYLE: dict[Any, Any] = {  # matplotlib's own type names every key that there is
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelcolor": SOFT,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "hatch.color": BAR,
    "hatch.linewidth": 0.5,
    "svg.hashsalt": "vadjax",
    "pdf.fonttype": 42,
}
LEGEND = {
    "thresholds": "on the test data, not for choosing; vertical: the run’s threshold",
    "timelines": "score by frame; hatched: truly abnormal; dashed: threshold; bar below: alarm",
    "normal": "what is normal here; no test frame is read",
    "classes": "rows: true class; columns: call; shade: share of the row",
    "baselines": "band: 95 % interval of the detector; ▲: beats the detector",
}
METADATA = {  # what would differ from one writing to the next
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def write_figures(
    folder: os.PathLike | str,
    *,
    metrics: Mapping,
    videos: Sequence[ScoredVideo],
    history: Sequence[Sequence[Mapping]] = (),
    normal: NormalScene | None = None,
    formats: Sequence[str] = ("png",),
) -> list[pathlib.Path]:
    """Write roc, pr, thresholds, timelines, training, baselines, normal and classes, if there.

    Each bears what it was measured on, and a leaky protocol and the warnings, so that it cannot
    be quoted without.

    Args:
        folder: made where it does not exist.
        metrics: as for `page.write_report`.
        videos: as for `page.write_report`.
        history: as for `page.write_report`.
        normal: as for `page.write_report`.
        formats: of "png", "svg", "pdf".

    Returns:
        The paths written.

    Raises:
        UserError: they cannot be written there.
    """
    folder = pathlib.Path(folder)
    written = []
    with matplotlib.rc_context(STYLE):
        drawn = {
            "roc": _roc(metrics, videos),
            "pr": _pr(videos),
            "thresholds": _thresholds(metrics),
            "timelines": None if metrics.get("unit", "frame") != "frame" else _timelines(videos),
            "training": _training(history),
            "baselines": _baselines(metrics),
            "normal": _normal(normal),
            "classes": classes_figure(metrics),
        }
        for name, figure in drawn.items():
            if figure is None:
                continue
            sign(figure, _caption(metrics, len(videos), name))
            for form in formats:
                path = folder / f"{name}.{form}"
                with atomic_write(path) as beside:
                    figure.savefig(beside, dpi=200, metadata=METADATA[form])
                    if form == "svg":
                        _number_ids(beside)
                written.append(path)
    return written


def _number_ids(path: pathlib.Path) -> None:
    """Name what an SVG refers to by its order: Matplotlib's hashes hold the last bit of floats."""
    text = path.read_text(encoding="utf-8")
    found = dict.fromkeys(re.findall(r'id="([A-Za-z]\w*?[0-9a-f]{10})"', text))
    names = {name: f"part{number}" for number, name in enumerate(found)}
    if names:
        pattern = r"\b(?:" + "|".join(map(re.escape, names)) + r")\b"
        text = re.sub(pattern, lambda match: names[match[0]], text)
    path.write_text(text, encoding="utf-8")


def _caption(metrics: Mapping, num_videos: int, name: str) -> str:
    protocol = wording.protocol(metrics)
    words = [LEGEND.get(name), wording.dataset(metrics), wording.scope(metrics, num_videos)]
    words.append(wording.detector(metrics))
    if protocol:
        words.append(f"{'LEAKY PROTOCOL: ' if protocol.leaky else ''}{protocol.title}")
    return "  ·  ".join(w for w in (*words, *(metrics.get("warnings") or ())) if w)


def sign(figure: Figure, caption: str) -> None:
    """Write the caption below what is drawn, in as many lines as it needs.

    Args:
        figure: to write on; its layout is replaced.
        caption: one paragraph.
    """
    width, height = figure.get_size_inches()
    lines = textwrap.wrap(caption, int(22 * width))
    bottom = (0.06 + 0.115 * len(lines)) / height
    figure.set_layout_engine("constrained", rect=(0, bottom, 1, 1 - bottom))
    text = "\n".join(lines)
    figure.text(0.06 / width, 0.05 / height, text, fontsize=6, color=SOFT, va="bottom")


def _figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, list]:
    """Return a figure of so many inches and its axes in a flat list."""
    figure = Figure((width, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def _pr(videos: Sequence[ScoredVideo]) -> Figure | None:
    if (curve := plots.roc(*pool(videos))) is None:
        return None
    figure, (axes,) = _figure(3.6, 3.8)
    chance = curve["positives"] / (curve["positives"] + curve["negatives"])
    axes.axhline(chance, color=SOFT, linewidth=0.6, dashes=(3, 4))
    axes.plot(*zip(*curve["pr"], strict=True), color=ACCENT, linewidth=1.4)
    axes.set(xlim=(0, 1), ylim=(0, 1.005), aspect="equal", xlabel="recall", ylabel="precision")
    text = f"average precision {curve['ap']:.3f}\nchance {chance:.3f}"
    axes.text(0.03, 0.05, text, color=INK)
    return figure


def _thresholds(metrics: Mapping) -> Figure | None:
    """Rates above, false alarms below, against the threshold."""
    sweep = metrics.get("sweep") or {}
    x = sweep.get("threshold") or ()
    if len(x) < 2:
        return None
    alarms = sweep.get("false_alarms")
    figure, (upper, *lower) = _figure(5.0, 3.4 if alarms else 2.2, rows=2 if alarms else 1)
    styles = {
        "precision": ("precision", INK, "-", 0.9),
        "recall": ("recall", INK, (0, (5, 2)), 0.9),
        "f1": ("F1", ACCENT, "-", 1.4),
        "fpr": ("false-positive rate", SOFT, (0, (1, 2)), 1.2),
    }
    for key, (label, colour, dashes, width) in styles.items():
        values = np.array(sweep[key], float)  # None becomes a gap
        upper.plot(x, values, color=colour, linestyle=dashes, linewidth=width, label=label)
    upper.set(ylim=(0, 1.01), ylabel="share")
    for axes in lower:
        axes.step(x, np.array(alarms, float), where="post", color=INK, linewidth=0.9)
        axes.set(ylabel="false alarms")
        axes.set_ylim(bottom=0)
    (upper, *lower)[-1].set(xlabel="threshold")
    steep = min(x) > 0 and max(x) > plots.SKEW * np.median(x)
    for axes in (upper, *lower):
        axes.set(xscale="log" if steep else "linear", xlim=(min(x), max(x)))
        for value in wording.lookup(metrics, "threshold.values") or ():
            if value is not None:
                axes.axvline(value, color=INK, linewidth=0.6, dashes=(3, 2))
    upper.legend(frameon=False, fontsize=7, ncols=2)
    return figure


def _roc(metrics: Mapping, videos: Sequence[ScoredVideo]) -> Figure | None:
    if (curve := plots.roc(*pool(videos))) is None:
        return None
    figure, (axes,) = _figure(3.6, 3.8)
    fpr, tpr, _ = zip(*curve["points"], strict=True)
    axes.plot((0, 1), (0, 1), color=SOFT, linewidth=0.6, dashes=(3, 4))
    axes.fill_between(fpr, tpr, color=INK, alpha=0.05, linewidth=0)
    axes.plot(fpr, tpr, color=ACCENT, linewidth=1.4)
    axes.set(xlim=(0, 1), ylim=(0, 1.005), aspect="equal")
    axes.set(xlabel="false-positive rate", ylabel="true-positive rate")
    interval = wording.lookup(metrics, "frame.auc_micro_ci95")
    known = f"\n95 % interval {interval[0]:.3f} to {interval[1]:.3f}" if interval else ""
    axes.text(0.97, 0.05, f"micro AUC {curve['area']:.3f}{known}", ha="right", color=INK)
    return figure


def _timelines(videos: Sequence[ScoredVideo]) -> Figure | None:
    shown = [v for v in videos if len(v.scores)][:MAX_TIMELINES]
    if not shown:
        return None
    columns = 2 if len(shown) > 3 else 1
    rows = -(-len(shown) // columns)
    figure, grid = _figure(7.2, 0.95 * rows + 0.3, rows, columns)
    scale = plots.scale_of(videos)  # the one of the page
    for axes, video in zip(grid, shown, strict=False):
        _timeline(axes, video, scale)
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    return figure


def _timeline(axes: Axes, video: ScoredVideo, scale: plots.Scale) -> None:
    low, high = np.exp((scale.low, scale.high)) if scale.log else (scale.low, scale.high)
    total = len(video.scores)
    x, scores = plots.line(video.scores)
    axes.set_yscale("log" if scale.log else "linear")
    if video.labels is not None:
        for start, stop in runs(video.labels):
            axes.axvspan(start, stop, facecolor="#efedea", edgecolor=BAR, hatch="////", linewidth=0)
    axes.plot(x * total, scores, color=INK, linewidth=0.7)
    if video.threshold is not None:
        axes.axhline(video.threshold, color=INK, linewidth=0.6, dashes=(3, 2))
        above = np.maximum(scores, video.threshold)
        axes.fill_between(x * total, above, video.threshold, color=ACCENT, alpha=0.35, linewidth=0)
    for start, stop in video.alarms:
        axes.plot((start, stop), (low, low), color=ACCENT, linewidth=3, solid_capstyle="butt")
    axes.set(xlim=(0, total), ylim=(low, high), title=video.id)
    if not scale.log:
        axes.locator_params(axis="y", nbins=3)


def _normal(normal: NormalScene | None) -> Figure | None:
    return None if normal is None else normal_map.figure(normal, ink=INK, soft=SOFT)


def _training(history: Sequence[Sequence[Mapping]]) -> Figure | None:
    folds = [rows for rows in history if charts.training(rows)]
    if not folds:
        return None
    columns = min(len(folds), 2)
    rows = -(-len(folds) // columns)
    figure, grid = _figure(3.6 * columns, 2.1 * rows + 0.2, rows, columns)
    names = {
        "train_loss": ("training", SOFT, 0.9),
        "select_loss": ("validation", ACCENT, 1.4),
    }
    for index, (axes, fold) in enumerate(zip(grid, folds, strict=False)):
        for key, (label, colour, width) in names.items():
            points = [(r["epoch"], r[key]) for r in fold if r.get(key) is not None]
            if points:
                axes.plot(*zip(*points, strict=True), color=colour, linewidth=width, label=label)
        best = (charts.training(fold) or {}).get("best")
        if best is not None:
            axes.axvline(best, color=INK, linewidth=0.6, dashes=(3, 2), label="selected epoch")
        axes.set(xlabel="epoch", ylabel="loss", title=f"fold {index + 1}" if len(folds) > 1 else "")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False, fontsize=7)
    for axes in grid[len(folds) :]:
        axes.set_visible(False)
    return figure


def _baselines(metrics: Mapping) -> Figure | None:
    headline = wording.headline(metrics)
    own = wording.lookup(metrics, headline.path)
    rows = [("This detector", own)]
    named = wording.baselines(metrics)
    rows += [(row.name, wording.lookup(metrics, f"baselines.{row.key}")) for row in named]
    rows = [(name, value) for name, value in rows if value is not None]
    if own is None or len(rows) < 2:
        return None
    figure, (axes,) = _figure(5.0, 0.26 * len(rows) + 0.7)
    interval = wording.lookup(metrics, headline.interval)
    if interval:
        axes.axvspan(*interval, color=ACCENT, alpha=0.14, linewidth=0)
    axes.axvline(0.5, color=SOFT, linewidth=0.6)
    for place, (_, value) in enumerate(rows):
        beats = place > 0 and value > own
        colour = INK if beats else BAR if place else ACCENT
        axes.barh(place, value - 0.5, left=0.5, height=0.56, color=colour)
        axes.text(
            1.01,
            place,
            f"{value:.3f}{' ▲' if beats else ''}",
            va="center",
            fontweight="bold" if beats or not place else "normal",
            transform=axes.get_yaxis_transform(),
        )
    axes.set_yticks(range(len(rows)), [name for name, _ in rows], color=INK)
    axes.set(
        xlim=(min(0.4, min(v for _, v in rows) - 0.02), 1),
        xlabel=f"{headline.name} (0.5 is chance)",
    )
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.invert_yaxis()
    return figure
