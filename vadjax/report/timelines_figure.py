"""The scores of each video over its frames, with truth, threshold and alarms."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.events import runs
from vadjax.report import plots
from vadjax.report.figure_style import ACCENT, BAR, INK, blank

MAX_TIMELINES = 24  # a figure of more could not be read


def timelines_figure(videos: Sequence[ScoredVideo]) -> Figure | None:
    """Draw the first videos on the scale of the page.

    Args:
        videos: scored ones.

    Returns:
        The figure; None where no video has a frame.
    """
    shown = [v for v in videos if len(v.scores)][:MAX_TIMELINES]
    if not shown:
        return None
    columns = 2 if len(shown) > 3 else 1
    rows = -(-len(shown) // columns)
    figure, grid = blank(7.2, 0.95 * rows + 0.3, rows, columns)
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
