"""A map of what is normal before a fixed camera: where something is seen, whereto it moves."""

import io

import cv2
import matplotlib
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from vadjax.detectors.normal_scene import Arrow, NormalScene

WIDTH = 1000  # pixels of the picture
QUALITY = 88  # of the jpeg
LOWEST = 1e-3  # share of frames at which the colour begins
COLOURS = ("#164a5b", "#2596a1", "#8fe3c4")  # rarely to often
LONGEST = 0.8  # of an arrow, in heights of a body
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
    opacity = there * (0.25 + 0.45 * strength)
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
    return max((s for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0) if s <= longest), default=0.1)


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
    middle = np.array(arrow.place) + 0.14 * body * side
    tail, tip = middle - scale * velocity / 2, middle + scale * velocity / 2
    halo = [patheffects.withStroke(linewidth=3.0, foreground=_HALO, alpha=0.7)]
    axes.add_patch(
        FancyArrowPatch(
            tuple(tail),
            tuple(tip),
            arrowstyle="-|>,head_length=3.2,head_width=1.7",
            mutation_scale=1.0,
            shrinkA=0,
            shrinkB=0,
            linewidth=0.7 + 1.1 * arrow.share,
            color="white",
            path_effects=halo,
            joinstyle="miter",
        )
    )
    if arrow.fastest is not None and arrow.fastest > speed:
        end = tail + scale * arrow.fastest * way
        axes.plot(*zip(tip, end, strict=True), color="white", linewidth=0.5, alpha=0.8)


def picture(normal: NormalScene) -> bytes:
    """Return the map alone as a jpeg."""
    rows, columns = normal.background.shape
    inches = WIDTH / 200
    with matplotlib.rc_context({"path.simplify": False}):
        figure = Figure((inches, inches * rows / columns), dpi=200)
        axes = figure.add_axes((0, 0, 1, 1))
        draw(axes, normal)
        written = io.BytesIO()
        figure.savefig(written, format="jpg", pil_kwargs={"quality": QUALITY})
    return written.getvalue()
