"""The confusion matrices of a detector that tells classes apart, one a level."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from vadjax.report import wording
from vadjax.report.texts import LEVELS

INCH = 0.32  # of one class
BESIDE = 1.6  # inches for the names of the classes


def classes_figure(metrics: Mapping) -> Figure | None:
    """Draw them side by side; None where no item has a known class.

    Args:
        metrics: the dict of metrics.json.

    Returns:
        The figure, not signed.
    """
    levels = [one for one in wording.lookup(metrics, "recognition.levels") or () if one["support"]]
    if not levels:
        return None
    sides = [INCH * len(one["names"]) + BESIDE for one in levels]
    figure = Figure((max(3.6, sum(sides)), max(sides) + 0.4), layout="constrained")
    row = figure.subplots(1, len(levels), squeeze=False, width_ratios=sides)[0]
    for axes, one in zip(row, levels, strict=True):
        counts = np.array(one["confusion"], float)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Greys", vmin=0, vmax=2)  # black text stays readable
        for (i, j), count in np.ndenumerate(counts):
            if count:
                axes.text(j, i, f"{count:.0f}", ha="center", va="center", fontsize=5)
        ticks = range(len(one["names"]))
        axes.set_xticks(ticks, one["names"], rotation=90, fontsize=6)
        axes.set_yticks(ticks, one["names"], fontsize=6)
        share = f"accuracy {100 * one['accuracy']:.1f} %"
        axes.set_title(f"{LEVELS[one['level']].split(',')[0]}\n{share}", fontsize=7)
    return figure
