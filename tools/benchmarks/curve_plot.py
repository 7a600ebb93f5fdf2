"""Plots of the scaling curves, one for each axis."""

import pathlib
from collections.abc import Mapping

import numpy as np

from tools.benchmarks import curves, report
from vadjax.errors import UserError

ACROSS = 3  # plots in a row


def draw(found: Mapping, path: pathlib.Path) -> None:
    """Draw the curves: median and range of the rounds.

    Args:
        found: the report of `curves.run`.
        path: .svg or .png.

    Raises:
        UserError: the report has no point.
    """
    from matplotlib.figure import Figure

    axes = {axis: curve for axis in curves.AXES if (curve := curves.points(found, axis))}
    if not axes:
        raise UserError("no curve has a point: there is nothing to draw.")
    across = min(ACROSS, len(axes))
    rows = -(-len(axes) // across)
    figure = Figure(figsize=(3.1 * across, 2.8 * rows), layout="constrained")
    all_axes = figure.subplots(rows, across, squeeze=False).flat
    for panel in all_axes[len(axes) :]:
        panel.remove()
    for panel, (axis, curve) in zip(all_axes, axes.items(), strict=False):
        values = [value for value, _ in curve]
        middles = [float(np.median(rates)) for _, rates in curve]
        ranges = [
            [m - min(r) for (_, r), m in zip(curve, middles, strict=True)],
            [max(r) - m for (_, r), m in zip(curve, middles, strict=True)],
        ]
        panel.errorbar(values, middles, yerr=ranges, marker="o", markersize=4, capsize=2)
        panel.set_xscale("log", base=2 if axis != "videos" else 10)
        panel.set_xticks(values, [f"{value:,}" for value in values], rotation=45, minor=False)
        panel.minorticks_off()
        panel.set_ylim(bottom=0)
        panel.set_xlabel(axis)
        panel.set_ylabel(curves.LABELS[axis])
        panel.grid(alpha=0.3)
    figure.suptitle(report.machine(found).split(";")[0], fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
