"""Where bodies are seen, and whereto and how fast they move: counts that are added clip by clip."""

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np

from vadjax.detectors.normal_scene import Arrow, NormalScene
from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import MOVING, Camera, Lesson
from vadjax.features.scene.meter import CHANNELS
from vadjax.features.scene.reference import CELL, Reference

PLACE = (0.6, 1.0)  # height and width of what has an arrow, in heights of a body
WAYS = 8  # from the right, clockwise, as the picture shows it
LEAST_BODIES = 5  # that move at a place, for an arrow
LEAST_SHARE = 0.2  # of the bodies that move at a place, for a second arrow
_SHARE = 0.2  # of a box nearly as large as a body that is foreground: something is there
_APART = 2  # ways between the two arrows of a place: a right angle


class Traffic:
    """Counts the bodies of a normal clip; see `cue.Learner`.

    Args:
        camera: of the clip.
    """

    def __init__(self, camera: Camera):
        grid = camera.reference.grid
        self._fps, self._frames = camera.fps, 0
        self._seen = np.zeros(grid, np.int32)
        self._moving = np.zeros((WAYS, *grid), np.int32)
        self._velocity = np.zeros((WAYS, *grid, 2), np.float32)

    def update(self, bodies: Bodies) -> None:
        """Take the next frame."""
        self._frames += 1
        self._seen += bodies.cells[..., CHANNELS.index("share")] > _SHARE
        speed = np.hypot(*bodies.velocity.T)
        moving = speed >= MOVING  # none does in the first frame
        if not moving.any():
            return
        x, y = bodies.velocity[moving].T
        ways = np.rint(np.arctan2(y, x) / (2 * np.pi / WAYS)).astype(int) % WAYS
        rows, columns = (
            each[moving].clip(0, size - 1)
            for each, size in zip(bodies.places, self._seen.shape, strict=True)
        )
        np.add.at(self._moving, (ways, rows, columns), 1)
        np.add.at(self._velocity, (ways, rows, columns), bodies.velocity[moving])

    def lesson(self) -> Lesson:
        """Return frames, seconds, seen [h, w], moving [ways, h, w], velocity [ways, h, w, 2]."""
        return {
            "frames": np.array(self._frames),
            "seconds": np.array(self._frames / self._fps),
            "seen": self._seen,
            "moving": self._moving,
            "velocity": self._velocity,
        }


def added(lessons: Iterable[Lesson]) -> Lesson:
    """Add what was learnt of several clips.

    Args:
        lessons: at least one; they are read one after the other.

    Returns:
        The sums, in dtypes that hold those of many clips.
    """
    total: Lesson = {}
    seconds: list[np.ndarray] = []
    for lesson in lessons:
        seconds.append(lesson["seconds"])
        whole = {name: _whole(array) for name, array in lesson.items()}
        total = {name: total[name] + array for name, array in whole.items()} if total else whole
    return {**total, "seconds": np.stack(seconds).sum(0)}


def _whole(array: np.ndarray) -> np.ndarray:
    """Return an array in which many clips can be added."""
    return array.astype(np.int64) if array.dtype.kind == "i" else array


def normal_scene(
    traffic: Mapping[str, np.ndarray], reference: Reference, usual_speed: np.ndarray | None
) -> NormalScene:
    """Say what is usual at each place.

    Args:
        traffic: what `added` returned.
        reference: of the camera.
        usual_speed: float32 [h, w], the usual maximum of cue speed, or None.

    Returns:
        The record.
    """
    body = float(np.median(reference.body))
    tall, wide = (max(2, round(part * body / CELL)) for part in PLACE)
    arrows: list[Arrow] = []
    for top in range(0, reference.grid[0], tall):
        for left in range(0, reference.grid[1], wide):
            at = np.s_[top : top + tall, left : left + wide]
            corner = np.array([left, top])
            for arrow in _arrows(traffic["moving"][:, *at], traffic["velocity"][:, *at], corner):
                column, row = (int(each // CELL) for each in arrow.place)
                fastest = None if usual_speed is None else float(usual_speed[row, column])
                arrows.append(dataclasses.replace(arrow, fastest=fastest))
    total = int(traffic["moving"].sum())
    speed = np.hypot(*np.moveaxis(traffic["velocity"], -1, 0)).sum() / total if total else None
    return NormalScene(
        background=np.clip(np.rint(reference.background), 0, 255).astype(np.uint8),
        seen=(traffic["seen"] / max(int(traffic["frames"]), 1)).astype(np.float32),
        arrows=tuple(arrows),
        body=body,
        frames=int(traffic["frames"]),
        seconds=float(traffic["seconds"]),
        speed=None if speed is None else float(speed),
    )


def _arrows(moving: np.ndarray, velocity: np.ndarray, corner: np.ndarray) -> list[Arrow]:
    """Return the commonest way of a part of the grid, and another one that is common too.

    Args:
        moving: int [WAYS, h, w], bodies that move each way.
        velocity: float [WAYS, h, w, 2], sums of their velocities.
        corner: column and row of the part's first cell.

    Returns:
        Arrows in the middle of the bodies that they are of.
    """
    counts, total = moving.sum((1, 2)), int(moving.sum())
    if total < LEAST_BODIES:
        return []
    near = (np.arange(WAYS)[:, None] + (-1, 0, 1)) % WAYS  # who goes between two ways is of both
    pooled = counts[near].sum(1)
    arrows: list[Arrow] = []
    chosen: list[int] = []
    for way in np.argsort(-(pooled + counts), kind="stable").tolist():
        share = float(pooled[way] / total)
        apart = min((min((way - c) % WAYS, (c - way) % WAYS) for c in chosen), default=WAYS)
        if apart <= _APART or share < LEAST_SHARE or pooled[way] < LEAST_BODIES:
            continue
        x, y = (velocity[near[way]].sum((0, 1, 2)) / pooled[way]).tolist()
        here = moving[near[way]].sum(0)
        rows, columns = np.nonzero(here)
        middle = np.average(np.stack([columns, rows], 1), axis=0, weights=here[rows, columns])
        left, top = (CELL * (corner + middle + 0.5)).tolist()
        arrows.append(Arrow((left, top), (x, y), share))
        chosen.append(way)
    return arrows[:2]
