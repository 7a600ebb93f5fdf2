"""Where bodies are seen, and whereto and how fast they move: counts that are added clip by clip."""

from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.detectors.normal_scene import Arrow, NormalScene
from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import MOVING, Camera, Lesson
from vadjax.features.scene.meter import CHANNELS
from vadjax.features.scene.reference import CELL, Reference

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


def added(lessons: Sequence[Lesson]) -> Lesson:
    """Add what was learnt of several clips."""
    return {name: np.stack([each[name] for each in lessons]).sum(0) for name in lessons[0]}


def normal_scene(
    traffic: Mapping[str, np.ndarray], reference: Reference, usual_speed: np.ndarray | None
) -> NormalScene:
    """Say what is usual at each place.

    Args:
        traffic: what `added` returned.
        reference: of the camera.
        usual_speed: float32 [h, w], the usual maximum of cue speed, or None.

    Returns:
        The record; a place of an arrow is about as large as a body.
    """
    body = float(np.median(reference.body))
    side = max(2, round(body / CELL))  # cells of a place
    height, width = reference.grid
    arrows: list[Arrow] = []
    for top in range(0, height, side):
        for left in range(0, width, side):
            at = np.s_[top : top + side, left : left + side]
            counts = traffic["moving"][:, *at].sum((1, 2))
            sums = traffic["velocity"][:, *at].sum((1, 2))
            middle = (
                CELL * (left + min(left + side, width)) / 2,
                CELL * (top + min(top + side, height)) / 2,
            )
            fastest = None if usual_speed is None else float(usual_speed[at].mean())
            arrows += _arrows(counts, sums, middle, fastest)
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


def _arrows(
    counts: np.ndarray, sums: np.ndarray, place: tuple[float, float], fastest: float | None
) -> list[Arrow]:
    """Return the commonest way at a place, and another one that is common too.

    Args:
        counts: int [WAYS], bodies that move each way.
        sums: float [WAYS, 2], of their velocities.
        place: (x, y) in pixels.
        fastest: usual maximum of the speed there.
    """
    total = int(counts.sum())
    if total < LEAST_BODIES:
        return []
    near = np.arange(-1, 2)  # a way and those beside it: who goes between two is one of both
    arrows: list[Arrow] = []
    chosen: list[int] = []
    pooled = np.array([counts[(way + near) % WAYS].sum() for way in range(WAYS)])
    for way in np.argsort(-(pooled + counts), kind="stable").tolist():
        share = float(pooled[way] / total)
        apart = min((min((way - c) % WAYS, (c - way) % WAYS) for c in chosen), default=WAYS)
        if apart <= _APART or share < LEAST_SHARE or pooled[way] < LEAST_BODIES:
            continue
        x, y = (sums[(way + near) % WAYS].sum(0) / pooled[way]).tolist()
        arrows.append(Arrow(place, (x, y), share, fastest))
        chosen.append(way)
    return arrows[:2]
