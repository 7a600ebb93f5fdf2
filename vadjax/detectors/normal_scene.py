"""What is normal before a fixed camera, place by place: the record that figures are drawn from."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Arrow:
    """How bodies usually move at a place.

    Attributes:
        place: (x, y), pixels of the background.
        velocity: mean to the right and down, heights of a body a second.
        share: of the bodies that move there, those that move this way.
        fastest: usual maximum of the speed there, heights of a body a second; None where unknown.
    """

    place: tuple[float, float]
    velocity: tuple[float, float]
    share: float
    fastest: float | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class NormalScene:
    """What was learnt of a scene.

    Attributes:
        background: uint8 [h, w], grey levels.
        seen: float32 [rows, columns], of a grid over the background: share of the frames in which
            something was there.
        arrows: of places where bodies move.
        body: typical height of a body, pixels of the background.
        frames: from which it was learnt.
        seconds: that these last.
        speed: mean of the bodies that move, heights of a body a second; None where none does.
    """

    background: np.ndarray
    seen: np.ndarray
    arrows: tuple[Arrow, ...]
    body: float
    frames: int
    seconds: float
    speed: float | None
