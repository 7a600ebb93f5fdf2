"""A map of what is normal before a fixed camera: where something is seen, whereto it moves."""

import io
from typing import Any

import cv2
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from vadjax.detectors.normal_scene import Arrow, NormalScene

WIDTH, DPI = 1000, 200  # pixels of the picture
INCHES = 5.0  # width of the figure
QUALITY = 88  # of the jpeg
LOWEST = 1e-3  # share of frames at which the colour begins
COLOURS = ("#164a5b", "#2596a1", "#8fe3c4")  # rarely to often
LONGEST = 0.72  # of an arrow, in heights of a body
BESIDE = 0.15  # heights of a body that an arrow is beside its bodies
_ROUND = (0.1, 0.2, 0.3, 0.4, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
_NEVER = 0.42  # brightness of places where nothing was seen
_HALO = "#101817"
_SHADES = LinearSegmentedColormap.from_list("seen", COLOURS)


def shaded(normal: NormalScene, width: int = WIDTH) -> np.ndarray:
    """Return the background, dark where nothing was ever seen, coloured by how often something was.

    Args:
        normal: of the scene.
        width: of the picture in pixels.

    Returns:
        uint8 [h, w, 3] RGB.
    """
    rows, columns = normal.background.shape
    size = width, round(rows * width / columns)
    grey = cv2.resize(normal.background, size, interpolation=cv2.INTER_CUBIC)[..., None] / 255
    seen = cv2.resize(normal.seen, size, interpolation=cv2.INTER_LINEAR)
    strength = level(seen, most(normal))[..., None]
    colour = np.asarray(_SHADES(strength[..., 0]))[..., :3]
    there = np.clip(seen / LOWEST, 0, 1)[..., None]
    opacity = there * (0.2 + 0.35 * strength)
    lit = grey * (_NEVER + (0.85 - _NEVER) * there)
    return np.rint(255 * (lit * (1 - opacity) + colour * opacity)).clip(0, 255).astype(np.uint8)


def most(normal: NormalScene) -> float:
    """Return the share of frames at which the colour is full."""
    return max(float(normal.seen.max(initial=0.0)), 10 * LOWEST)


def level(seen: np.ndarray, highest: float) -> np.ndarray:
    """Return the strength of the colour, 0 .. 1 on a logarithmic scale.

    Args:
        seen: share of frames.
        highest: share at which it is 1.

    Returns:
        Of the same shape.
    """
    return np.log(np.maximum(seen, LOWEST) / LOWEST).clip(0) / np.log(highest / LOWEST)


def length_of_1(normal: NormalScene) -> float:
    """Return the length of an arrow of one body height a second, pixels of the background."""
    speeds = [float(np.hypot(*arrow.velocity)) for arrow in normal.arrows]
    return LONGEST * normal.body / max(speeds, default=1.0)


def speed_of_scale(normal: NormalScene) -> float:
    """Return a round speed whose arrow is not longer than the longest one of the map."""
    longest = max((float(np.hypot(*arrow.velocity)) for arrow in normal.arrows), default=1.0)
    return max((s for s in _ROUND if s <= longest), default=0.1)


def draw(axes: Axes, normal: NormalScene) -> None:
    """Draw the map.

    Args:
        axes: to draw on.
        normal: of the scene.
    """
    rows, columns = normal.background.shape
    axes.imshow(shaded(normal), extent=(0, columns, rows, 0), interpolation="antialiased")
    axes.set(xlim=(0, columns), ylim=(rows, 0), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
    for arrow in normal.arrows:
        _draw_arrow(axes, arrow, length_of_1(normal), normal.body)


def _draw_arrow(axes: Axes, arrow: Arrow, scale: float, body: float) -> None:
    velocity = np.array(arrow.velocity)
    speed = float(np.hypot(*velocity))
    way = velocity / speed
    side = np.array([-way[1], way[0]])  # each way keeps to its right: two of a place are apart
    middle = np.array(arrow.place) + BESIDE * body * side
    half = scale * velocity / 2
    room = np.array([axes.get_xlim()[1], axes.get_ylim()[0]]) - 0.1 * body - np.abs(half)
    middle = np.clip(middle, np.abs(half) + 0.1 * body, np.maximum(room, 0))  # all of it is seen
    tail, tip = middle - half, middle + half
    axes.add_patch(_shaft(tail, tip, "white", 0.7 + 1.1 * arrow.share, halo=True))
    if arrow.fastest is not None and arrow.fastest > speed:
        end = tail + scale * arrow.fastest * way
        axes.plot(*zip(tip, end, strict=True), color="white", linewidth=0.5, alpha=0.8)


def _shaft(
    tail: np.ndarray, tip: np.ndarray, colour: str, width: float, *, halo: bool = False
) -> FancyArrowPatch:
    around = [patheffects.withStroke(linewidth=3.0, foreground=_HALO, alpha=0.7)]
    return FancyArrowPatch(
        (float(tail[0]), float(tail[1])),
        (float(tip[0]), float(tip[1])),
        arrowstyle="-|>,head_length=3.2,head_width=1.7",
        mutation_scale=1.0,
        shrinkA=0,
        shrinkB=0,
        linewidth=width,
        color=colour,
        joinstyle="miter",
        path_effects=around if halo else None,
    )


def figure(normal: NormalScene, *, ink: str, soft: str) -> Figure:
    """Draw the map with its legend, for a file.

    Args:
        normal: of the scene.
        ink: colour of what is drawn on paper.
        soft: colour of words.

    Returns:
        The figure; the arrow of its legend is as long as one of the map.
    """
    rows, columns = normal.background.shape
    made = Figure((INCHES, INCHES * rows / columns + 0.9), layout="constrained")
    ratios = [rows / columns, 0.42 / INCHES]
    upper, lower = made.subplots(2, 1, gridspec_kw={"height_ratios": ratios})
    draw(upper, normal)
    lower.set(xlim=(0, columns), ylim=(2, 0), xticks=[], yticks=[])
    for spine in lower.spines.values():
        spine.set_visible(False)
    unit = columns / 100
    words: dict[str, Any] = {"fontsize": 7, "color": soft, "va": "center", "in_layout": False}
    lower.imshow(
        _SHADES(np.linspace(0, 1, 64))[None],
        extent=(0, 12 * unit, 0.7, 0.3),
        aspect="auto",
    )
    text = f"something is there {LOWEST:.1%} to {most(normal):.0%} of the time; dark: never"
    lower.text(14 * unit, 0.5, text.replace("%", " %"), **words)
    if normal.arrows:
        speed = speed_of_scale(normal)
        length = speed * length_of_1(normal)
        lower.add_patch(_shaft(np.array([0, 1.5]), np.array([length, 1.5]), ink, 1.3))
        text = f"{speed:g} body heights/s: usual way and mean speed"
        if any(arrow.fastest is not None for arrow in normal.arrows):
            text += "; thin line: what 99.9 % stay below"
        lower.text(max(14 * unit, length + 2 * unit), 1.5, text, **words)
    return made


def picture(normal: NormalScene) -> bytes:
    """Return the map alone as a jpeg."""
    rows, columns = normal.background.shape
    inches = WIDTH / DPI
    made = Figure((inches, inches * rows / columns), dpi=DPI)
    draw(made.add_axes((0, 0, 1, 1)), normal)
    written = io.BytesIO()
    made.savefig(written, format="jpg", pil_kwargs={"quality": QUALITY})
    return written.getvalue()
