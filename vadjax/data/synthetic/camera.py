"""The fixed surveillance camera: a pinhole looking down at a walkway."""

import math
from dataclasses import dataclass

import numpy as np

_EYE = np.array([-1.6, -14.0, 6.4])  # metres
_PAN, _TILT = math.radians(8.0), math.radians(22.0)  # to the right, downwards
_FOCAL = 1.9  # in frame heights: a person of 1.75 m is about a quarter of the frame high


def _rotation() -> np.ndarray:
    """Rows: right, up and forward of the camera in world coordinates."""
    sin_pan, cos_pan, sin_tilt, cos_tilt = (
        f(a) for a in (_PAN, _TILT) for f in (math.sin, math.cos)
    )
    right = [cos_pan, -sin_pan, 0.0]
    up = [sin_pan * sin_tilt, cos_pan * sin_tilt, cos_tilt]
    forward = [sin_pan * cos_tilt, cos_pan * cos_tilt, -sin_tilt]
    return np.array([right, up, forward])


@dataclass(frozen=True)
class Camera:
    """Projection for frames of `height` x `width` pixels; a wide frame sees more of the walkway."""

    height: int
    width: int

    @property
    def focal(self) -> float:
        return _FOCAL * self.height

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Project world points.

        Args:
            points: [..., 3] metres.

        Returns:
            [..., 2] pixels (column, row), [...] pixels per metre there, [...] depth in metres.
        """
        right, up, depth = np.moveaxis((points - _EYE) @ _rotation().T, -1, 0)
        depth = np.maximum(depth, 0.5)
        scale = self.focal / depth
        pixels = np.stack([self.width / 2 + right * scale, self.height / 2 - up * scale], -1)
        return pixels, scale, depth

    def hit(self, *, axis: int, value: float) -> np.ndarray:
        """Intersect the ray of every pixel with a plane.

        Args:
            axis: 1 for the upright plane y = value, 2 for the level plane z = value.
            value: metres.

        Returns:
            [height, width, 3] metres.
        """
        rows, columns = np.mgrid[: self.height, : self.width] + 0.5
        across = (columns - self.width / 2) / self.focal
        upward = (self.height / 2 - rows) / self.focal
        rays = np.stack([across, upward, np.ones_like(across)], -1) @ _rotation()
        along = rays[..., axis]
        if axis == 2:  # at and above the horizon: very far away
            along = np.minimum(along, -1e-3)
        return _EYE + rays * ((value - _EYE[axis]) / along)[..., None]

    def span(self, half_width: float, tall: float = 2.0) -> tuple[float, float]:
        """Compute which stretch of the walkway is in view.

        Args:
            half_width: of the walkway, metres.
            tall: height of the tallest object on it, metres.

        Returns:
            The lowest and the highest x in view, metres.
        """
        right, _, forward = _rotation()
        edges = []
        for edge in (-self.width / 2, self.width / 2):  # solve pixel(x, y, z) = edge for x
            normal = self.focal * right - edge * forward
            edges.append(
                [
                    _EYE[0] - (normal[1] * (y - _EYE[1]) + normal[2] * (z - _EYE[2])) / normal[0]
                    for y in (-half_width, half_width)
                    for z in (0.0, tall)
                ]
            )
        return min(edges[0]), max(edges[1])
