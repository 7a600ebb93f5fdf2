"""A bounded set of normal vectors that covers all that were seen, chosen greedily as they come.

A vector is kept where no kept one lies within a radius; when there are too many, the radius grows
and those that lie within it of another one go. The cover is at most a constant factor worse than
the best one of its size (Charikar et al., incremental clustering, STOC 1997).
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.cue import Lesson

GATHERED = 20_000  # vectors of one clip at most
GROWTH = 1.25  # of the radius, when there are too many
_BLOCK = 512  # vectors that are compared at a time


@dataclasses.dataclass
class Exemplars:
    """Kept vectors.

    Attributes:
        kept: float32 [n, d].
        source: int64 [n, s], whatever numbers were given with each vector.
        radius: distance within which a vector counts as known.
    """

    kept: np.ndarray
    source: np.ndarray
    radius: float = 0.0

    @classmethod
    def empty(cls, width: int, sources: int = 3) -> "Exemplars":
        """Return a set without vectors.

        Args:
            width: d.
            sources: s.

        Returns:
            The set.
        """
        return cls(np.zeros((0, width), np.float32), np.zeros((0, sources), np.int32))

    def add(self, vectors: np.ndarray, source: np.ndarray, *, limit: int) -> None:
        """Add vectors, in order.

        Args:
            vectors: float32 [m, d].
            source: int [m, s], kept with them.
            limit: vectors kept at most.
        """
        for start in range(0, len(vectors), _BLOCK):
            self._add(vectors[start : start + _BLOCK], source[start : start + _BLOCK])
            while len(self.kept) > limit:
                self._thin()

    def _add(self, vectors: np.ndarray, source: np.ndarray) -> None:
        if len(self.kept) and len(vectors):
            new = nearest(self.kept, vectors)[0] > self.radius
            vectors, source = vectors[new], source[new]
        chosen = _cover(vectors, self.radius)
        self.kept = np.concatenate([self.kept, vectors[chosen]])
        self.source = np.concatenate([self.source, source[chosen]])

    def _thin(self) -> None:
        """Enlarge the radius, and keep only what covers the rest."""
        kept, source = self.kept, self.source
        if not self.radius:
            sample = kept[:: max(1, len(kept) // 500)]
            apart = np.sort(_squares(kept, sample), axis=1)[:, 1]  # 0 is to itself
            self.radius = max(float(np.sqrt(np.quantile(apart, 0.1))), 1e-6)
        else:
            self.radius *= GROWTH
        self.kept, self.source = kept[:0], source[:0]
        for start in range(0, len(kept), _BLOCK):
            self._add(kept[start : start + _BLOCK], source[start : start + _BLOCK])


class Gathering:
    """Gathers the vectors of one clip's bodies; see `cue.Learner`.

    Args:
        vectors: frame -> [n, d], of its bodies.
        first: frame to begin with.
        step: frames from one that is read to the next; doubled whenever there are too many.
    """

    def __init__(self, vectors: Callable[[Bodies], np.ndarray], *, first: int = 0, step: int = 1):
        self._vectors, self._first, self._step = vectors, first, step
        self._frame, self._count = 0, 0
        self._gathered: list[tuple[np.ndarray, np.ndarray]] = []

    def update(self, bodies: Bodies) -> None:
        """Take the next frame."""
        frame, self._frame = self._frame, self._frame + 1
        if frame < self._first or frame % self._step:
            return
        place = np.rint(bodies.centres).astype(np.int32)
        source = np.insert(place, 0, frame, axis=1)
        self._gathered.append((self._vectors(bodies), source))
        self._count += len(bodies)
        if self._count > GATHERED:
            self._step *= 2
            self._gathered = [each for each in self._gathered if self._read(each[1])]
            self._count = sum(len(vectors) for vectors, _ in self._gathered)

    def _read(self, source: np.ndarray) -> bool:
        return len(source) > 0 and not source[0, 0] % self._step

    def lesson(self) -> Lesson:
        """Return vectors [n, d], and source int32 [n, 3]: frame, x and y of each."""
        vectors, source = zip(*self._gathered, strict=True) if self._gathered else ((), ())
        return {
            "vectors": np.concatenate(vectors or [np.zeros((0, 1), np.float32)]),
            "source": np.concatenate(source or [np.zeros((0, 3), np.int32)]),
        }


def nearest(kept: np.ndarray, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest kept vector of each vector.

    Args:
        kept: float32 [n, d], at least one.
        vectors: float32 [m, d].

    Returns:
        Euclidean distances float32 [m], and int [m], which kept vectors they are to.
    """
    if not len(vectors):
        return np.zeros(0, np.float32), np.zeros(0, int)
    squares = _squares(kept, vectors)
    index = squares.argmin(1)
    return np.sqrt(squares[np.arange(len(vectors)), index]).astype(np.float32), index


def _squares(kept: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    lengths = np.einsum("nd,nd->n", vectors, vectors), np.einsum("nd,nd->n", kept, kept)
    squares = vectors @ kept.T
    squares *= -2
    squares += lengths[0][:, None]
    squares += lengths[1]
    return np.maximum(squares, 0, out=squares)


def _cover(vectors: np.ndarray, radius: float) -> np.ndarray:
    """Return numbers of vectors, in order, none of which is within the radius of an earlier one."""
    if not radius or len(vectors) < 2:
        return np.arange(len(vectors))
    near = _squares(vectors, vectors) <= radius**2
    chosen, covered = [], np.zeros(len(vectors), bool)
    for number, row in enumerate(near):
        if not covered[number]:
            chosen.append(number)
            covered |= row
    return np.array(chosen, int)
