"""One picture: AUC of each detector under each protocol, beside what was published."""

import pathlib
from collections.abc import Callable, Sequence

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

COLOURS = ("#1f5fa8", "#d9663b", "#2f8f6b", "#8a5ea8")
GREY = "#9aa3ad"
WORDS = {
    "published_shuffled with copies": "published_shuffled\nwith copies (leaky)",
    "published_shuffled": "published_shuffled\n(leaky)",
    "random_window": "random_window\n(leaky)",
    "by_video": "by_video",
}


def draw(
    rows: Sequence[dict],
    path: pathlib.Path,
    *,
    name: Callable[[dict], str] = lambda row: row["dataset"],
) -> None:
    """Draw a panel a data set, as `name` calls it; dots are means over seeds, bars deviations."""
    datasets = list(dict.fromkeys(name(row) for row in rows))
    backbones = list(dict.fromkeys(row["backbone"] for row in rows))
    figure, grid = plt.subplots(
        1, len(datasets), figsize=(5.2 * len(datasets), 4.2), squeeze=False, layout="constrained"
    )
    for axes, dataset in zip(grid[0], datasets, strict=True):
        _panel(axes, [row for row in rows if name(row) == dataset], backbones)
        axes.set_title(dataset)
    grid[0][0].set_ylabel("AUC (leaky: of windows; by_video: of frames)")
    figure.legend(
        *grid[0][-1].get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=5
    )
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _panel(axes, rows: Sequence[dict], backbones: Sequence[str]) -> None:
    protocols = [name for name in WORDS if any(row["protocol"] == name for row in rows)]
    lows = [row["published_auc_low"] for row in rows if row["published_auc_low"] is not None]
    highs = [row["published_auc_high"] for row in rows if row["published_auc_high"] is not None]
    if lows:
        axes.axhspan(
            min(lows), max(highs), color=GREY, alpha=0.6, label="published, 6 other backbones"
        )
    for place, protocol in enumerate(protocols):
        here = [row for row in rows if row["protocol"] == protocol]
        lookups = [row["nearest_in_time"] for row in here if row["nearest_in_time"] is not None]
        if lookups:
            label = "label nearest in time, no picture" if place == 0 else None
            level = sum(lookups) / len(lookups)
            axes.plot([place - 0.4, place + 0.4], [level] * 2, "k--", lw=1, label=label)
        if all(row["auc_mean"] is None for row in here):
            axes.text(place, 0.52, f"no figure:\n{here[0]['reason']}", ha="center", fontsize=7)
        for index, row in enumerate(here):
            if row["auc_mean"] is None:
                continue
            colour = COLOURS[backbones.index(row["backbone"]) % len(COLOURS)]
            x = place - 0.3 + 0.6 * index / max(len(here) - 1, 1)
            axes.errorbar(x, row["auc_mean"], yerr=row["auc_sd"] or 0, fmt="o", ms=4, color=colour)
    for name in backbones:
        axes.plot(
            [], [], "o", ms=4, color=COLOURS[backbones.index(name) % len(COLOURS)], label=name
        )
    axes.axhline(0.5, color=GREY, lw=0.8)
    axes.set_ylim(min(0.45, axes.get_ylim()[0]), 1.02)  # whatever is drawn is seen
    axes.set_xticks(range(len(protocols)), [WORDS[name] for name in protocols], fontsize=8)
    axes.set_xlim(-0.6, len(protocols) - 0.4)
