"""Two plots: the methods side by side, and the chosen detector's score over the test clips."""

import pathlib
import statistics

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

BLUE, GREY, RED = "#1f5fa8", "#9aa3ad", "#d9663b"


def draw(results: dict, shown, folder: pathlib.Path) -> None:
    """Write methods.svg and timelines.png."""
    bars(results, folder / "methods.svg")
    timelines(shown, folder / "timelines.png")


def bars(results: dict, path: pathlib.Path) -> None:
    """Plot raw micro AUC with its interval over videos; a ring is the AUC after smoothing."""
    rows = results["rows"]
    names = sorted(rows, key=lambda m: statistics.mean(r["auc"] for r in rows[m]))
    figure, axes = plt.subplots(figsize=(8, 0.3 * len(names) + 1.2), layout="constrained")
    for y, name in enumerate(names):
        value = statistics.mean(r["auc"] for r in rows[name])
        low, high = rows[name][0]["ci95"]
        colour = RED if "chosen" in name else BLUE
        axes.plot([low, high], [y, y], color=GREY, lw=3, solid_capstyle="butt")
        axes.plot(value, y, "o", color=colour)
        smoothed = statistics.mean(r["smoothed"] for r in rows[name])
        axes.plot(smoothed, y, "o", mfc="none", color=colour, ms=9)
    axes.axvline(0.5, color=GREY, lw=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel(f"micro AUC: raw (dot), 95 % over videos (bar), {results['smoothing']} (ring)")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def timelines(shown, path: pathlib.Path) -> None:
    """Score of every test clip; abnormal frames shaded."""
    names = sorted(key[: -len("|labels")] for key in shown.files if key.endswith("|labels"))
    figure, grid = plt.subplots(4, 3, figsize=(10, 7), sharey=True, layout="constrained")
    for axes, name in zip(grid.flat, names, strict=True):
        scores, labels = shown[f"{name}|scores"], shown[f"{name}|labels"]
        axes.fill_between(
            range(len(labels)),
            0,
            1,
            where=labels > 0,
            color=RED,
            alpha=0.18,
            transform=axes.get_xaxis_transform(),
            lw=0,
        )
        axes.plot(scores, color=BLUE, lw=1)
        axes.set_title(f"test/{name}", fontsize=9)
    figure.supxlabel("frame (abnormal: shaded)")
    figure.supylabel("fused score")
    figure.savefig(path, dpi=80)
    plt.close(figure)
