"""Motion by place as a recurrent scanner expects it: how unlikely what moves there is."""

import collections
from collections.abc import Sequence

import numpy as np

from vadjax.detectors.scene import place_rows
from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import (
    SPEED_UNIT,
    Camera,
    CueState,
    Learner,
    Lesson,
    Moving,
    Saying,
    in_words,
)
from vadjax.detectors.scene.place_rows import LENGTH, NUM_MOTION, POOL, Rows, Stretches
from vadjax.detectors.scene.whitening import whitening

NUM_COMPONENTS = 8  # of looks
NUM_WINDOWS = 192  # that it learns from, evenly spaced over all clips
_LEAST = 0.25  # of the deviation of the speed, which that of every direction has at least
_PLACE = 2 * POOL  # cells of the grid that a place is high and wide


class _Scanner:
    """Gives how unlikely the motion of each place is."""

    def __init__(self, state: CueState, camera: Camera):
        self._state, self._grid, self._begun = state, camera.reference.grid, False
        self._rows = Rows(camera)
        reach = min(LENGTH * self._rows.step, camera.frames(place_rows.MEMORY_S))
        self._past: collections.deque[np.ndarray] = collections.deque(maxlen=reach)
        self._seen = self._expected = np.zeros((1, 1, NUM_MOTION), np.float32)

    def update(self, bodies: Bodies) -> np.ndarray:
        if not self._begun or "variables" not in self._state:  # the first frame has no flow
            self._begun = True
            return np.zeros(self._grid, np.float32)
        state = self._state
        moved = self._rows.update(bodies)
        look = place_rows.of_bodies(bodies, state["mean"], state["axes"], NUM_COMPONENTS)
        self._past.append(_row(moved, look, state["scale"]))
        window = [*self._past][:: -self._rows.step][:LENGTH][::-1]
        window = [window[0]] * (LENGTH - len(window)) + window
        from vadjax.detectors.scene.scanner_network import scan  # JAX, without which others score

        found, seen, expected = scan(state, np.stack(window))
        self._seen, self._expected = seen * state["scale"], expected * state["scale"]
        return _enlarged(np.maximum(found, 0), self._grid)

    def say(self, cell: tuple[int, int], value: float, moving: Moving | None) -> Saying:
        seen, expected = (
            x[min(cell[0] // _PLACE, len(x) - 1), min(cell[1] // _PLACE, x.shape[1] - 1)]
            for x in (self._seen, self._expected)
        )
        ways = [Moving.of(float(x[0] - x[1]), float(x[2] - x[3])).way for x in (seen, expected)]
        speed, usual = float(seen[4]), float(expected[4])
        numbers = in_words(speed, usual)
        first, second = (f"{way} at {n}".strip() for way, n in zip(ways, numbers, strict=True))
        text = (
            f"moves {first} {SPEED_UNIT}; by how this place and those around it looked, the "
            f"recurrent scanner expected {second}"
        )
        return Saying(text, speed, usual, SPEED_UNIT)


class Scanner:
    """How far the motion of a place is from the density that a recurrent scanner gives it.

    It is the scanner of `models.recurrent_places`, one for all places, with biases of each.

    Args:
        seed: of the random numbers of its training.
    """

    name = "scanner"
    memory_s = place_rows.MEMORY_S
    follow = _Scanner

    def __init__(self, seed: int = 0):
        self.seed = seed

    def learner(self, camera: Camera) -> Learner:
        """Keep windows of rows; see `cue.Cue.learner`."""
        return Stretches(camera)

    def fit(self, lessons: Sequence[Lesson], camera: Camera) -> CueState:
        """Train the scanner on windows of all clips; see `cue.Cue.fit`.

        Args:
            lessons: moved and windows of each clip, see `place_rows.Stretches`.
            camera: that the clips are of.

        Returns:
            mean float32 [d] and axes float32 [d, k] of looks, scale float32 [NUM_MOTION], the
            recipe, and the variables; the last are absent where there is no row.
        """
        mean, axes = whitening(place_rows.looks_in(lessons), NUM_COMPONENTS)
        state: CueState = {"mean": mean, "axes": axes, "scale": np.ones(NUM_MOTION, np.float32)}
        windows = _chosen(lessons, mean, axes, camera.reference.grid)
        if windows is None:
            return state
        deviation = windows[..., :NUM_MOTION].std((0, 1, 2, 3), dtype=np.float64)
        scale = np.maximum(deviation, max(_LEAST * deviation[-1], 1e-3)).astype(np.float32)
        windows[..., :NUM_MOTION] /= scale
        from vadjax.detectors.scene.scanner_network import fitted

        return {**state, "scale": scale, **fitted(windows, seed=self.seed)}


def _row(moved: np.ndarray, look: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Put a row together: float16 [h, w, NUM_MOTION + 1 + NUM_COMPONENTS]."""
    found = np.concatenate([place_rows.channels(moved), look], -1)
    found[..., :NUM_MOTION] /= scale
    return found.astype(np.float16)


def _chosen(
    lessons: Sequence[Lesson], mean: np.ndarray, axes: np.ndarray, grid: tuple[int, int]
) -> np.ndarray | None:
    """Return `NUM_WINDOWS` windows, evenly spaced over all lessons, float16; None: there are none.

    Their number is always the same, some come repeatedly, so that one program trains all folds.
    """
    counts = [len(lesson["moved"]) for lesson in lessons]
    if not sum(counts):
        return None
    wanted = np.linspace(0, sum(counts) - 1, NUM_WINDOWS).round().astype(int)
    found, start, unit = [], 0, np.ones(NUM_MOTION, np.float32)
    for lesson, count in zip(lessons, counts, strict=True):
        for number in wanted[(wanted >= start) & (wanted < start + count)] - start:
            rows = zip(lesson["moved"][number], lesson["windows"][number], strict=True)
            found.append(
                [
                    _row(moved, place_rows.drawn(own, mean, axes, NUM_COMPONENTS, grid), unit)
                    for moved, own in rows
                ]
            )
        start += count
    return np.array(found)


def _enlarged(places: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Give each cell of the grid the value of its place, float32 [h, w]."""
    large = places.repeat(_PLACE, 0).repeat(_PLACE, 1)
    return np.asarray(large[: grid[0], : grid[1]], np.float32)
