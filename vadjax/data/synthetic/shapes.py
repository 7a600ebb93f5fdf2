"""Solid parts in the world, and their drawing as flat strokes.

A `Figure` is a moving thing: world points for all frames of a clip at once, and parts
(rods and faces) that refer to them. `Strokes` projects a figure once for the whole
clip, so that the loop over frames does nothing but draw.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from vadjax.data.synthetic.camera import Camera

Colour = tuple[float, float, float]  # red, green, blue, 0-255
_SHIFT = 3  # OpenCV's fixed-point bits: an eighth of a pixel
_ROUND = 5  # corners of a round end
FURNITURE = 255  # the id of everything that belongs to the scene


def shade(colour: Colour, factor: float) -> Colour:
    """Darken or lighten a colour.

    Args:
        colour: red, green, blue, 0-255.
        factor: below 1 darkens.

    Returns:
        The colour, at most 255.
    """
    red, green, blue = (min(255.0, channel * factor) for channel in colour)
    return red, green, blue


@dataclass(frozen=True)
class Part:
    """One convex piece: a rod with round ends, or a flat face."""

    at: tuple[int, ...]  # rows of the figure's points: the ends of a rod, the corners of a face
    colour: Colour
    radius: tuple[float, ...]  # of a rod at both ends, metres; () for a face
    nearer: float  # metres by which the part is moved to the front when parts are sorted
    shown: np.ndarray | None  # bool [t]; None = always


class Figure:
    """World points [t, p, 3] of all frames, and the parts drawn between them.

    Every part takes the options `nearer` (metres) and `shown` (bool [t]).
    """

    def __init__(self, num_frames: int):
        self._num_frames = num_frames
        self._points: list[np.ndarray] = []
        self.parts: list[Part] = []

    @property
    def points(self) -> np.ndarray:
        return np.stack(self._points, 1)

    def _add(self, points, colour, radius=(), nearer=0.0, shown=None):
        first = len(self._points)
        self._points += [np.broadcast_to(p, (self._num_frames, 3)) for p in points]
        at = tuple(range(first, first + len(points)))
        self.parts.append(Part(at, colour, radius, nearer, shown))

    def cone(self, start, stop, radii: tuple[float, float], colour: Colour, **options) -> None:
        """Add a tapered rod with round ends.

        Args:
            start: [t, 3] metres.
            stop: [t, 3] metres.
            radii: at both ends, metres.
            colour: of the rod.
            options: as for every part.
        """
        self._add((start, stop), colour, radii, **options)

    def limb(self, start, stop, radius: float, colour: Colour, **options) -> None:
        """Add a rod of even thickness.

        Args:
            start: [t, 3] metres.
            stop: [t, 3] metres.
            radius: metres.
            colour: of the rod.
            options: as for every part.
        """
        self.cone(start, stop, (radius, radius), colour, **options)

    def disc(self, centre, radius: float, colour: Colour, **options) -> None:
        """Add a ball.

        Args:
            centre: [t, 3] metres.
            radius: metres.
            colour: of the ball.
            options: as for every part.
        """
        self.limb(centre, centre, radius, colour, **options)

    def face(self, corners, colour: Colour, **options) -> None:
        """Add a flat convex polygon.

        Args:
            corners: points [t, 3], metres.
            colour: of the face.
            options: as for every part.
        """
        self._add(tuple(corners), colour, **options)

    def box(self, corner, length, width, height, colour: Colour, **options) -> None:
        """Add the five visible sides of a box.

        Args:
            corner: maps (metres forward, metres to the left, metres up) to points [t, 3].
            length: (low, high) in metres along the first.
            width: (low, high) along the second.
            height: (low, high) along the third.
            colour: of the upright sides; the top is lighter.
            options: as for every part.
        """
        (a, b), (c, d), (e, f) = length, width, height
        sides = [((a, c), (b, c)), ((a, d), (b, d)), ((a, c), (a, d)), ((b, c), (b, d))]
        for tone, ((a0, c0), (a1, c1)) in zip((0.9, 0.9, 0.75, 0.75), sides, strict=True):
            loop = ((a0, c0, e), (a1, c1, e), (a1, c1, f), (a0, c0, f))
            self.face([corner(*p) for p in loop], shade(colour, tone), **options)
        top = ((a, c, f), (b, c, f), (b, d, f), (a, d, f))
        options["nearer"] = options.get("nearer", 0.0) + 0.1
        self.face([corner(*p) for p in top], shade(colour, 1.15), **options)


class Strokes:
    """A figure as seen by a camera, ready to be drawn frame by frame as convex polygons.

    Args:
        figure: what to draw.
        camera: its frame size is that of the canvas; draw large and shrink for smooth edges.
        sun: [2] metres that the shadow of a point moves per metre of its height; with it, the
            strokes are the figure's shadow on the ground, else the figure itself.
    """

    def __init__(self, figure: Figure, camera: Camera, sun: np.ndarray | None = None):
        points, self._parts = figure.points, figure.parts
        thickness = 1.0
        if sun is not None:
            ground = points[..., :2] + points[..., 2:] * sun
            points = np.concatenate([ground, np.zeros_like(points[..., 2:])], -1)
            thickness = 0.6  # a ball's shadow lies flat: from the side it is thinner than the ball
        pixels, scale, depth = camera.project(points)
        margin = 0.15 * camera.height
        low, high = pixels.min(1) - margin, pixels.max(1) + margin
        self.in_view = ((high > 0) & (low < (camera.width, camera.height))).all(1)  # [t]
        self.depth = depth.mean(1)  # [t]
        seen = np.flatnonzero(self.in_view)
        self._first, last = (int(seen[0]), int(seen[-1]) + 1) if len(seen) else (0, 0)
        pixels, scale, depth = (a[self._first : last] for a in (pixels, scale, depth))
        near = np.stack([depth[:, p.at].mean(1) - p.nearer for p in self._parts], 1)
        self._order = np.argsort(-near, 1, kind="stable").tolist()
        self._polygons = _polygons(self._parts, pixels, thickness * scale)

    def draw(self, canvas: np.ndarray, t: int, identity: int) -> None:
        """Draw frame `t`, one that is `in_view`.

        Args:
            canvas: uint8 [h, w, 4] (colour and id) or [h, w] (one value: `identity`).
            t: frame.
            identity: value of the last channel, 1-255.
        """
        row, plain = t - self._first, canvas.ndim == 2
        for index in self._order[row]:
            part = self._parts[index]
            if part.shown is None or part.shown[t]:
                ink = identity if plain else (*part.colour, identity)
                cv2.fillConvexPoly(canvas, self._polygons[index][row], ink, cv2.LINE_8, _SHIFT)


def _polygons(parts: list[Part], pixels: np.ndarray, scale: np.ndarray) -> list[list[np.ndarray]]:
    """The outline of every part in every frame, int32 [n, 2] in fixed point: [part][frame]."""
    rods = [p for p in parts if p.radius]
    start, stop = (pixels[:, [p.at[end] for p in rods]] for end in (0, 1))  # [t, k, 2]
    radii = (
        np.maximum(0.6, scale[:, [p.at[end] for p in rods]] * [p.radius[end] for p in rods])
        for end in (0, 1)
    )
    along = stop - start
    angle = np.arctan2(along[..., 1], along[..., 0])
    half = np.linspace(-np.pi / 2, np.pi / 2, _ROUND)
    outline = []
    for centre, radius, turn in zip((stop, start), radii, (0, np.pi), strict=True):
        around = angle[..., None] + half + turn  # [t, k, n]
        circle = np.stack([np.cos(around), np.sin(around)], -1)
        outline.append(centre[:, :, None] + radius[..., None, None] * circle)
    outlines = iter(_fixed(np.concatenate(outline, 2).swapaxes(0, 1)))
    return [list(next(outlines) if part.radius else _fixed(pixels[:, part.at])) for part in parts]


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.rint(points * (1 << _SHIFT)), np.int32)
