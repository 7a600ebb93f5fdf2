"""How the figures of a run look: colours, fonts, and an empty sheet."""

import textwrap
from typing import Any

from matplotlib.figure import Figure

INK, SOFT, ACCENT, BAR, RULE = "#1b1a18", "#635f59", "#b5380f", "#a9a49b", "#dedad3"
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
METADATA = {  # what would differ from one writing to the next
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def blank(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, list]:
    """Return an empty figure.

    Args:
        width: in inches.
        height: in inches.
        rows: of axes.
        columns: of axes.

    Returns:
        The figure, and its axes in a flat list.
    """
    figure = Figure((width, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


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
