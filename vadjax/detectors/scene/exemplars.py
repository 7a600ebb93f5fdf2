"""A bounded set of normal vectors that covers all that were seen, chosen greedily as they come.

A vector is kept where no kept one lies within a radius; when there are too many, the radius grows
and those that lie within it of another one go. The cover is at most a constant factor worse than
the best one of its size (Charikar et al., incremental clustering, STOC 1997).
"""

import dataclasses

import numpy as np

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
        if len(self.kept):
            new = nearest(self.kept, vectors)[0] > self.radius
            vectors, source = vectors[new], source[new]
        chosen = _cover(vectors, self.radius)
        self.kept = np.concatenate([self.kept, vectors[chosen]])
        self.source = np.concatenate([self.source, source[chosen]])

    def _thin(self) -> None:
        if not self.radius:
            apart = nearest(self.kept, self.kept[:: max(1, len(self.kept) // 500)], skip=True)[0]
            self.radius = max(float(np.quantile(apart, 0.1)), 1e-6)
        else:
            self.radius *= GROWTH
        chosen = _cover(self.kept, self.radius)
        self.kept, self.source = self.kept[chosen], self.source[chosen]


def nearest(
    kept: np.ndarray, vectors: np.ndarray, *, skip: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest kept vector of each vector.

    Args:
        kept: float32 [n, d], at least one.
        vectors: float32 [m, d].
        skip: leave out a kept vector at distance 0, such as itself.

    Returns:
        Euclidean distances float32 [m], and int [m], which kept vectors they are to.
    """
    squares = _squares(kept, vectors)
    if skip:
        squares = np.where(squares <= 1e-9, np.inf, squares)
    index = squares.argmin(1) if len(vectors) else np.zeros(0, int)
    found = squares[np.arange(len(vectors)), index]
    return np.sqrt(found).astype(np.float32), index


def _squares(kept: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    products = vectors @ kept.T
    lengths = np.einsum("nd,nd->n", vectors, vectors), np.einsum("nd,nd->n", kept, kept)
    return np.maximum(lengths[0][:, None] + lengths[1] - 2 * products, 0)


def _cover(vectors: np.ndarray, radius: float) -> np.ndarray:
    """Return numbers of vectors, in order, none of which is within the radius of an earlier one."""
    if not radius or len(vectors) < 2:
        return np.arange(len(vectors))
    chosen: list[int] = []
    left = np.arange(len(vectors))
    while len(left):
        chosen.append(int(left[0]))
        away = _squares(vectors[left[:1]], vectors[left])[:, 0]
        away[0] = 0
        left = left[away > radius**2]
    return np.array(chosen, int)
