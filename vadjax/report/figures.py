"""Figures of a run for papers and slides; the same run gives the same bytes."""

import os
import pathlib
import re
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.normal_scene import NormalScene
from vadjax.evaluation.parts import pool
from vadjax.report import charts, normal_map, plots, wording
from vadjax.report.classes_figure import classes_figure
from vadjax.report.figure_style import ACCENT, BAR, INK, METADATA, SOFT, STYLE, blank, sign
from vadjax.report.timelines_figure import timelines_figure
from vadjax.storage.files import atomic_write

LEGEND = {
    "thresholds": "on the test data, not for choosing; vertical: the run’s threshold",
    "timelines": "score by frame; hatched: truly abnormal; dashed: threshold; bar below: alarm",
    "normal": "what is normal here; no test frame is read",
    "classes": "rows: true class; columns: call; shade: share of the row",
    "baselines": "band: 95 % interval of the detector; ▲: beats the detector",
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
            "timelines": None
            if metrics.get("unit", "frame") != "frame"
            else timelines_figure(videos),
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


def _pr(videos: Sequence[ScoredVideo]) -> Figure | None:
    if (curve := plots.roc(*pool(videos))) is None:
        return None
    figure, (axes,) = blank(3.6, 3.8)
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
    figure, (upper, *lower) = blank(5.0, 3.4 if alarms else 2.2, rows=2 if alarms else 1)
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
    figure, (axes,) = blank(3.6, 3.8)
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


def _normal(normal: NormalScene | None) -> Figure | None:
    return None if normal is None else normal_map.figure(normal, ink=INK, soft=SOFT)


def _training(history: Sequence[Sequence[Mapping]]) -> Figure | None:
    folds = [rows for rows in history if charts.training(rows)]
    if not folds:
        return None
    columns = min(len(folds), 2)
    rows = -(-len(folds) // columns)
    figure, grid = blank(3.6 * columns, 2.1 * rows + 0.2, rows, columns)
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
    figure, (axes,) = blank(5.0, 0.26 * len(rows) + 0.7)
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
