"""Objects by place: what an object detector names where normal clips hardly showed such a thing."""

import collections
from collections.abc import Sequence

import cv2
import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import Camera, CueState, Learner, Lesson, Moving, Saying
from vadjax.features.scene.reference import CELL
from vadjax.features.scene.seen_objects import RATE

LOOKS = 3  # over which the score of a class is averaged: a single look errs
LEAST = 0.2  # score that is usual anywhere, for every class
_ELSEWHERE = 0.5  # of a class's largest score, what is usual of it at any place
_AROUND = np.ones((5, 5), np.uint8)  # cells that a place shares its scores with


class _Scores:
    """Maps of the mean score of each class over the last looks."""

    def __init__(self, grid: tuple[int, int]):
        self._grid = grid
        self._last: collections.deque[dict[int, np.ndarray]] = collections.deque(maxlen=LOOKS)
        self.maps: dict[int, np.ndarray] = {}

    def update(self, bodies: Bodies) -> bool:
        """Take the next frame; return whether it was looked at."""
        if bodies.objects is None:
            return False
        seen: dict[int, np.ndarray] = {}
        for x0, y0, x1, y1, number, score in bodies.objects.tolist():
            drawn = seen.setdefault(int(number), np.zeros(self._grid, np.float32))
            part = drawn[_cells(y0, y1, self._grid[0]), _cells(x0, x1, self._grid[1])]
            np.maximum(part, score, out=part)
        self._last.append(seen)
        numbers = sorted({number for look in self._last for number in look})
        none = np.zeros(self._grid, np.float32)
        self.maps = {
            number: np.sum([look.get(number, none) for look in self._last], axis=0) / LOOKS
            for number in numbers
        }
        return True


def _cells(low: float, high: float, count: int) -> slice:
    """Return the cells between two places in pixels of the working frame, at least one."""
    first = int(np.clip(low // CELL, 0, count - 1))
    return slice(first, max(first + 1, min(count, int(np.ceil(high / CELL)))))


class _Learning:
    """Keeps the largest score of each class at each cell; see `cue.Learner`."""

    def __init__(self, grid: tuple[int, int]):
        self._scores, self._grid = _Scores(grid), grid
        self._most: dict[int, np.ndarray] = {}

    def update(self, bodies: Bodies) -> None:
        if self._scores.update(bodies):
            for number, scores in self._scores.maps.items():
                before = self._most.setdefault(number, np.zeros(self._grid, np.float32))
                np.maximum(before, scores, out=before)

    def lesson(self) -> Lesson:
        numbers = sorted(self._most)
        empty = np.zeros((0, *self._grid), np.float32)
        most = np.stack([self._most[n] for n in numbers]) if numbers else empty
        return {"classes": np.array(numbers, np.int32), "most": most}


class _Objects:
    """Gives the largest score of any class over what is usual of it at the place."""

    def __init__(self, state: CueState, camera: Camera):
        self._scores, self._state = _Scores(camera.reference.grid), state
        self._limits = dict(zip(state["classes"].tolist(), state["usual"], strict=True))
        self._values = np.zeros(camera.reference.grid, np.float32)
        self._strongest = np.full(camera.reference.grid, -1)

    def update(self, bodies: Bodies) -> np.ndarray:
        if self._scores.update(bodies):
            self._values = np.zeros_like(self._values)
            self._strongest = np.full(self._values.shape, -1)
            for number, scores in self._scores.maps.items():
                ratio = scores / self._limits.get(number, LEAST)
                larger = ratio > self._values
                self._values[larger], self._strongest[larger] = ratio[larger], number
        return self._values

    def say(self, cell: tuple[int, int], value: float, moving: Moving | None) -> Saying:
        number = int(self._strongest[cell])
        limit = float(np.broadcast_to(self._limits.get(number, LEAST), self._values.shape)[cell])
        known = self._state["classes"][self._state["most"][:, cell[0], cell[1]] >= LEAST]
        seen = ", ".join(name_of(self._state, n) for n in known.tolist()) or "nothing"
        score, most = f"{value * limit:.2f}", f"{limit:.2f}"
        text = (
            f"is called {name_of(self._state, number)} by the object detector, score {score} "
            f"(usual here up to {most}); normal clips showed {seen} at this place"
        )
        return Saying(text, value * limit, limit, "score")


def known_classes(state: CueState | None) -> str:
    """Return the names of what normal clips showed, or why nobody knows.

    Args:
        state: of the cue; None where there is no object detector.
    """
    if state is None:
        return "off: scene.objects names no weights"
    shown = state["classes"][(state["most"] >= LEAST).any((1, 2))].tolist()
    return ", ".join(name_of(state, number) for number in shown) or "none"


def name_of(state: CueState, number: int) -> str:
    """Return the name of a class.

    Args:
        state: of the cue.
        number: of the class.

    Returns:
        Its name; "class 7" where the detector has none.
    """
    names = state.get("names", ())
    return names[number] if 0 <= number < len(names) else f"class {number}"


class Objects:
    """Score of a class over the largest that normal clips showed of it near the place."""

    name = "objects"
    memory_s = (LOOKS + 1) / RATE
    follow = _Objects

    def learner(self, camera: Camera) -> Learner:
        """Keep the largest score of each class at each cell; see `cue.Cue.learner`."""
        return _Learning(camera.reference.grid)

    def fit(self, lessons: Sequence[Lesson], camera: Camera) -> CueState:
        """Take the largest scores of all clips; see `cue.Cue.fit`.

        Args:
            lessons: classes int32 [k] and most float32 [k, h, w] of each clip.
            camera: that the clips are of.

        Returns:
            classes int32 [k] that were seen, most float32 [k, h, w], and usual float32 [k, h, w]:
            the largest score of the cells around, at least `LEAST` and half of the class's largest.
        """
        grid = camera.reference.grid
        numbers = sorted({n for lesson in lessons for n in lesson["classes"].tolist()})
        most = np.zeros((len(numbers), *grid), np.float32)
        for lesson in lessons:
            for number, scores in zip(lesson["classes"].tolist(), lesson["most"], strict=True):
                own = most[numbers.index(number)]
                np.maximum(own, scores, out=own)
        usual = [
            np.maximum(cv2.dilate(own, _AROUND), max(LEAST, _ELSEWHERE * float(own.max())))
            for own in most
        ]
        return {
            "classes": np.array(numbers, np.int32),
            "most": most,
            "usual": np.stack(usual) if usual else most,
        }

    def extend(self, state: CueState, lesson: Lesson, *, number: int, camera: Camera) -> CueState:
        """Take the larger scores of one more clip; see `cue.Extendable.extend`.

        Args:
            state: what `fit` returned.
            lesson: classes and most of the clip.
            number: not used.
            camera: that the clips are of.

        Returns:
            As `fit` of all clips.
        """
        return {**state, **self.fit([state, lesson], camera)}
