"""What every cue is: a map of what is unusual in one way, learnt from normal frames."""

import collections
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.features.scene.reference import Reference

REACH = 2  # cells that a body covers on either side
MOVING = 0.2  # heights of a body a second from which on it moves somewhere
SPEED_UNIT = "body heights/s"
WAYS = (  # from the right, clockwise, as the picture shows it
    *("to the right", "to the right and down", "down", "to the left and down"),
    *("to the left", "to the left and up", "up", "to the right and up"),
)

CueState = dict[str, Any]  # arrays and plain values
Lesson = dict[str, np.ndarray]  # what a cue has learnt of one clip
Frames = Callable[[], Iterator[Bodies]]  # the frames of one clip, read anew at each call


class Camera(NamedTuple):
    """What all cues know of the camera.

    Attributes:
        reference: background, bodies, grid.
        fps: frames a second.
    """

    reference: Reference
    fps: float

    def frames(self, seconds: float) -> int:
        """Return how many frames a time has, at least 2."""
        return max(2, round(seconds * self.fps))


class Learner(Protocol):
    """Learns from one normal clip, frame by frame, in bounded memory."""

    def update(self, bodies: Bodies) -> None:
        """Take the next frame."""
        ...

    def lesson(self) -> Lesson:
        """Return what was learnt."""
        ...


class Moving(NamedTuple):
    """How a body moves.

    Attributes:
        way: in words, "to the right and up"; "" where it hardly moves.
        speed: heights of a body a second.
    """

    way: str
    speed: float

    @classmethod
    def of(cls, right: float, down: float) -> "Moving":
        """Put a velocity into words.

        >>> Moving.of(-1.0, 0.1).way, Moving.of(0.1, 0.0).way
        ('to the left', '')

        Args:
            right: heights of a body a second.
            down: the same.

        Returns:
            The words.
        """
        speed = float(np.hypot(right, down))
        way = WAYS[round(np.arctan2(down, right) / (np.pi / 4)) % len(WAYS)]
        return cls(way if speed >= MOVING else "", speed)


class Saying(NamedTuple):
    """What a cue says of a place.

    Attributes:
        text: a sentence without a full stop.
        value: what was measured.
        usual: the number that it is compared with.
        unit: of both.
    """

    text: str
    value: float
    usual: float
    unit: str


class Follower(Protocol):
    """A cue on one video, frame by frame, in memory that does not grow."""

    def update(self, bodies: Bodies) -> np.ndarray:
        """Take the next frame; return the cue's map, float32 [h, w], in its own unit."""
        ...

    def say(self, cell: tuple[int, int], value: float, moving: Moving | None) -> Saying:
        """Say what was seen in the last frame and what is normal there, with numbers.

        Args:
            cell: row and column of the map.
            value: of the map there.
            moving: how the body nearest to the cell moves; None where none is near.

        Returns:
            The sentence and its numbers.
        """
        ...


class Cue(Protocol):
    """A way in which something can be unusual.

    Attributes:
        name: as registered in `cues.CUES`.
        memory_s: seconds before a frame that its map depends on; None or absent: all of them.
    """

    name: str

    def learner(self, camera: Camera) -> "Learner":
        """Begin to learn from one normal clip."""
        ...

    def fit(self, lessons: Sequence[Lesson], camera: Camera) -> CueState:
        """Put what was learnt of several clips together.

        Args:
            lessons: of each clip, what its learner gave.
            camera: that the clips are of.

        Returns:
            Arrays and plain values.
        """
        ...

    def follow(self, state: CueState, camera: Camera) -> Follower:
        """Begin a video. A cue names its class of followers here: `follow = _Followers`.

        Args:
            state: what `fit` returned.
            camera: that the video is of.

        Returns:
            The follower.
        """
        ...


@runtime_checkable
class Extendable(Protocol):
    """A cue that goes on from its state when a further clip comes."""

    def extend(self, state: CueState, lesson: Lesson, *, number: int, camera: Camera) -> CueState:
        """Learn one more clip.

        Args:
            state: what `Cue.fit` or this has returned; it is not changed.
            lesson: of the clip, what a learner of the cue gave.
            number: of the lesson, counted on from those of `Cue.fit`.
            camera: that all clips are of.

        Returns:
            As `Cue.fit`.
        """
        ...


def in_words(value: float, usual: float) -> tuple[str, str]:
    """Write two numbers with one digit after the point; two where one does not tell them apart.

    >>> in_words(1.23, 0.44), in_words(0.312, 0.262)
    (('1.2', '0.4'), ('0.31', '0.26'))

    Args:
        value: what was measured.
        usual: what it is compared with.

    Returns:
        The two.
    """
    short = f"{value:.1f}", f"{usual:.1f}"
    return short if short[0] != short[1] else (f"{value:.2f}", f"{usual:.2f}")


class CausalMean:
    """The mean of the last arrays.

    Args:
        length: how many; of fewer where fewer have come.
    """

    def __init__(self, length: int):
        self._last: collections.deque[np.ndarray] = collections.deque(maxlen=length)

    def update(self, values: np.ndarray) -> np.ndarray:
        """Take an array; return the mean, float32, of the same shape."""
        self._last.append(np.asarray(values, np.float32))
        return np.asarray(np.mean(np.stack(self._last), axis=0, dtype=np.float32))


def paint(bodies: Bodies, values: np.ndarray, base: float) -> np.ndarray:
    """Write the values of bodies onto the cells around them, the larger one where two overlap.

    Args:
        bodies: n of them.
        values: float32 [n].
        base: value of cells without a body.

    Returns:
        float32 [h, w].
    """
    grid = np.full(bodies.cells.shape[:2], base, np.float32)
    height, width = bodies.cells.shape[:2]
    for row, column, value in zip(*bodies.places, values, strict=True):
        near = np.s_[
            max(row - REACH, 0) : min(row + REACH + 1, height),
            max(column - REACH, 0) : min(column + REACH + 1, width),
        ]
        np.maximum(grid[near], value, out=grid[near])
    return grid
