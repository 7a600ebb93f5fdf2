"""What `vadjax robustness` found: a table for the terminal, and curves."""

import pathlib
from collections.abc import Mapping
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from vadjax.report.figure_style import ACCENT, BAR, METADATA, SOFT, STYLE, sign
from vadjax.storage.files import atomic_write

TITLES = {
    "noise": "Gaussian noise",
    "darker": "darker",
    "brighter": "brighter",
    "blur": "Gaussian blur",
    "jpeg": "JPEG",
    "fgsm": "FGSM attack",
}
COLUMNS = 3


def table(result: Mapping[str, Any]) -> Any:
    """Return the figures as a table for the terminal.

    Args:
        result: what robustness.json holds.

    Returns:
        A table of rich.
    """
    from rich.table import Table

    shown = Table(title="test videos, altered")
    shown.add_column("alteration", no_wrap=True)
    for name in ("strength", "AUC", "difference, 95 %", "abnormal called", "normal called"):
        shown.add_column(name, justify="right")
    shown.add_row("as they are", "", *_cells(result["as_it_is"], difference=False))
    for kind, curve in result["kinds"].items():
        for row in curve["strengths"]:
            shown.add_row(TITLES[kind], f"{row['strength']:g}", *_cells(row))
    return shown


def _cells(row: Mapping[str, Any], *, difference: bool = True) -> list[str]:
    change = ""
    if difference and row["difference"] is not None:
        change = f"{row['difference']:+.3f}"
        if row["low"] is not None:
            change += f" [{row['low']:+.3f}, {row['high']:+.3f}]"
    called = [row["abnormal_called"], row["normal_called"]]
    return [
        f"{row['auc']:.3f}",
        change,
        *("–" if x is None else f"{100 * x:.1f} %" for x in called),
    ]


def write(path: pathlib.Path, result: Mapping[str, Any]) -> None:
    """Draw the AUC, and the share of normal frames called abnormal, against the strength.

    Args:
        path: of a .png file.
        result: what robustness.json holds.
    """
    kinds = result["kinds"]
    rows = -(-len(kinds) // COLUMNS)
    with matplotlib.rc_context(STYLE):
        figure = Figure((2.3 * min(COLUMNS, len(kinds)), 1.9 * rows + 0.5))
        axes = figure.subplots(rows, min(COLUMNS, len(kinds)), squeeze=False, sharey=True).flat
        for each in axes:
            each.set_visible(False)
        for each, (kind, curve) in zip(axes, kinds.items(), strict=False):
            each.set_visible(True)
            points = [result["as_it_is"], *curve["strengths"]]
            names = ["none", *(f"{row['strength']:g}" for row in curve["strengths"])]
            each.plot(names, [row["auc"] for row in points], color=ACCENT, marker="o", markersize=3)
            if points[0]["normal_called"] is not None:
                each.plot(
                    names, [row["normal_called"] for row in points], color=BAR, linestyle="--"
                )
            each.axhline(0.5, color=SOFT, linewidth=0.5, linestyle=":")
            each.set_ylim(0, 1)
            each.set_title(TITLES[kind])
            each.set_xlabel(curve["unit"])
        sign(figure, _caption(result))
        with atomic_write(path) as beside:
            figure.savefig(beside, dpi=200, metadata=METADATA["png"])


def _caption(result: Mapping[str, Any]) -> str:
    return (
        "line: micro frame AUC of the altered test videos (dotted: chance); dashed: share of "
        "normal frames called abnormal at the run’s threshold  ·  "
        f"{result['dataset']}, detector {result['detector']}"
    )
