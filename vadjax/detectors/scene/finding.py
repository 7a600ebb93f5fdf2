"""What was seen in one frame: which cue, where, in words and numbers, and what resembles it."""

from collections.abc import Mapping

import cv2
import numpy as np

from vadjax.data.scored_video import Finding
from vadjax.detectors.abilities import Kept
from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import Camera, Follower, Moving, Saying
from vadjax.detectors.scene.exemplar_pictures import ExemplarPictures
from vadjax.detectors.scene.fused import fused
from vadjax.detectors.scene.places import body_box
from vadjax.features.scene.reference import CELL

_NEAR = 4.0  # cells within which a body is that of a cell
_ALSO = 2.0  # surprise from which a second cue is told too: rarer than 1 normal frame in 100
_EQUAL = 1e-6  # share of the largest value by which others may be below it: the same body's


class Finder:
    """Says what was seen in a frame.

    Args:
        camera: see `follower.camera_of`.
        followers: of each cue, which have seen the frame.
        pictures: of normal bodies; None where there are none.
    """

    def __init__(
        self,
        camera: Camera,
        followers: Mapping[str, Follower],
        pictures: ExemplarPictures | None = None,
    ):
        self._camera, self._followers, self._pictures = camera, followers, pictures

    def __call__(
        self,
        number: int,
        maps: Mapping[str, np.ndarray],
        raw: Mapping[str, np.ndarray],
        bodies: Bodies,
        kept: Kept | None = None,
    ) -> Finding:
        """Say what the strongest cue saw where the fused map is largest, and the next one.

        Args:
            number: of the frame.
            maps: of each cue, surprises float32 [h, w].
            raw: of each cue, values in its own unit, float32 [h, w].
            bodies: of the frame.
            kept: what counts of the fused map; None: all.

        Returns:
            The finding; its box is that of the body there, or as large as a body there. Cue and
            values are those of the strongest; the next cue is told where it is surprised by
            `_ALSO` or more.
        """
        total = fused(maps)
        if kept is not None:
            total = kept(number, total)
        row, column = _middle_of_peak(total)
        there = {name: float(values[row, column]) for name, values in maps.items()}
        cue, *others = sorted(there, key=lambda name: -there[name])

        def say(name: str) -> tuple[tuple[int, int], Saying]:
            place = _source(raw[name], row, column)
            value = float(raw[name][place])
            return place, self._followers[name].say(place, value, _moving(bodies, place))

        place, said = say(cue)
        text = said.text
        if others and there[others[0]] >= _ALSO:
            text += f". It also {say(others[0])[1].text}"
        nearest, away = bodies.nearest(place)
        centre, normal = (np.array(place[::-1]) + 0.5) * CELL, None
        if nearest is not None and away <= _NEAR:
            centre = bodies.centres[nearest]
            if self._pictures is not None:
                normal = self._pictures.nearest(bodies.looks[nearest])
        box = body_box(self._camera.reference, centre)
        return Finding(number, cue, text, box, said.value, said.usual, said.unit, normal=normal)


def _middle_of_peak(values: np.ndarray) -> tuple[int, int]:
    """Return the cell in the middle of the region of largest values: bodies are painted flat."""
    peak = np.unravel_index(int(values.argmax()), values.shape)
    top = (values >= values[peak] - _EQUAL * abs(values[peak])).astype(np.uint8)
    regions = cv2.connectedComponents(top)[1]
    rows, columns = np.nonzero(regions == regions[peak])
    middle = np.abs(rows - rows.mean()) + np.abs(columns - columns.mean())
    return int(rows[middle.argmin()]), int(columns[middle.argmin()])


def _source(raw: np.ndarray, row: int, column: int) -> tuple[int, int]:
    """Return the cell around another one that its dilated value came from, itself if it may be."""
    around = np.s_[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    near = np.full_like(raw, -np.inf)
    near[around] = raw[around]
    if raw[row, column] >= near.max():
        return row, column
    found = np.unravel_index(int(near.argmax()), raw.shape)
    return int(found[0]), int(found[1])


def _moving(bodies: Bodies, cell: tuple[int, int]) -> Moving | None:
    """Say how the body nearest to a cell moves; None where none is near."""
    nearest, away = bodies.nearest(cell)
    if nearest is None or away > _NEAR:
        return None
    return Moving.of(*bodies.velocity[nearest].tolist())
