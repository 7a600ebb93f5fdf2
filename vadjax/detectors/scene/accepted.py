"""What a person has called normal: bodies of events, and what is so like them that it is the same.

Each region of a map that reaches the threshold is put down to the body nearest to its highest
value. A body is known where one accepted body has its look, its place and its way at once: the
postman who comes again, not whoever walks where he walked, nor he where he never was. The regions
of known bodies count for nothing; all other values stay what they are.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from vadjax.detectors.scene.bodies import Bodies
from vadjax.detectors.scene.exemplars import nearest

MOST = 400  # bodies of one event
NEAR = 2.0  # heights of a body: what is farther away is another place
ALIKE = (
    0.5  # heights of a body a second, or a third of the speed: what differs more moves otherwise
)
WIDER = 1.3  # times the usual distance of one body's looks from one moment to another
_APART_S = 0.4  # between two looks of a body that count as two moments
_LEAST_LOOKS = 8  # of one event, from which their distance is known
_REACH = 6.0  # cells from a peak to the body that it is put down to: maps follow bodies late


@dataclasses.dataclass(frozen=True, eq=False)
class Seen:
    """Bodies that made a score high.

    Attributes:
        at: float64 [n], seconds.
        centres: float32 [n, 2], (x, y), pixels of the working frame.
        velocity: float32 [n, 2], heights of a body a second.
        looks: float32 [n, d], embeddings.
    """

    at: np.ndarray
    centres: np.ndarray
    velocity: np.ndarray
    looks: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the fields, for a file."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @classmethod
    def joined(cls, parts: Sequence["Seen"]) -> "Seen":
        """Put several together; of too many as many as `MOST`, evenly."""
        names = [field.name for field in dataclasses.fields(cls)]
        whole = [np.concatenate([getattr(part, name) for part in parts]) for name in names]
        count = len(whole[0])
        kept = np.unique(np.linspace(0, count - 1, min(count, MOST)).round().astype(int))
        return cls(*(values[kept] for values in whole))


def regions(bodies: Bodies, heat: np.ndarray, level: float) -> list[tuple[np.ndarray, int]]:
    """Return the regions of a map that reach a level, with the body that each is put down to.

    Args:
        bodies: of a frame.
        heat: float [h, w], its map.
        level: from which on a region is high.

    Returns:
        (bool [h, w], number of the body); regions without a body near them are left out.
    """
    count, labels = cv2.connectedComponents((heat >= level).astype(np.uint8))
    found = []
    for number in range(1, count):
        region = labels == number
        peak = np.unravel_index(int(np.where(region, heat, -np.inf).argmax()), heat.shape)
        body, away = bodies.nearest((int(peak[0]), int(peak[1])))
        if body is not None and away <= _REACH:
            found.append((region, body))
    return found


def responsible(bodies: Bodies, heat: np.ndarray, at: float, level: float) -> Seen:
    """Return the bodies that the high regions of a map are put down to.

    Args:
        bodies: of a frame.
        heat: float [h, w], its map.
        at: seconds.
        level: from which on a region is high.

    Returns:
        Those bodies.
    """
    who = sorted({body for _, body in regions(bodies, heat, level)})
    times = np.full(len(who), at)
    return Seen(times, bodies.centres[who], bodies.velocity[who], bodies.looks[who])


class Accepted:
    """The accepted bodies of one camera.

    Args:
        events: what was seen in each event that a person has called normal.
        level: of the maps, from which on a region is high.
        look: state of the cue look, whose components looks are compared in; None compares place
            and way alone.
        never: what was seen in events that matter; what is like it is never hidden.
    """

    def __init__(
        self,
        events: Sequence[Seen],
        level: float,
        look: Mapping[str, Any] | None,
        *,
        never: Sequence[Seen] = (),
    ):
        self._level = level
        self._look = look if look is not None and len(look["mean"]) else None
        self._events, self._never = (
            [(one, self._vectors(one.looks), self._radius(one)) for one in seen]
            for seen in (events, never)
        )

    def known(self, bodies: Bodies) -> np.ndarray:
        """Return which bodies are accepted ones, bool [n]."""
        return self._alike(bodies, self._events) & ~self._alike(bodies, self._never)

    def _alike(self, bodies: Bodies, events: Sequence[tuple]) -> np.ndarray:
        """Return which bodies are like one that was seen in some events, bool [n]."""
        found = np.zeros(len(bodies), bool)
        if not len(bodies) or not events:
            return found
        vectors = self._vectors(bodies.looks)
        for seen, looks, radius in events:
            away = np.linalg.norm(bodies.centres[:, None] - seen.centres[None], axis=2)
            near = away <= NEAR * bodies.height[:, None]  # [bodies, seen]
            turn = np.linalg.norm(bodies.velocity[:, None] - seen.velocity[None], axis=2)
            speed = np.linalg.norm(seen.velocity, axis=1)[None]
            alike = turn <= np.maximum(ALIKE, speed / 3)
            same = near & alike
            if self._look is not None:
                for number in np.flatnonzero(same.any(1)):
                    those = looks[same[number]]
                    same[number, :] = nearest(those, vectors[number][None])[0][0] <= radius
            found |= same.any(1)
        return found

    def left_of(self, bodies: Bodies, heat: np.ndarray) -> np.ndarray:
        """Return a map without the regions of known bodies.

        Args:
            bodies: of the frame.
            heat: float [h, w], its map.

        Returns:
            float [h, w]; the same array where none is known. Hidden cells have what lies below
            the level at most, so that they raise no alarm and are seen to be hidden.
        """
        high = regions(bodies, heat, self._level)
        if not high:
            return heat
        known, left = self.known(bodies), heat
        for region, body in high:
            if known[body]:
                left = np.where(region, heat.min(), left)
        return left

    def _vectors(self, looks: np.ndarray) -> np.ndarray:
        if self._look is None:
            return np.asarray(looks, np.float32)
        whitened = (np.asarray(looks, np.float32) - self._look["mean"]) @ self._look["axes"]
        return np.asarray(whitened, np.float32)

    def _radius(self, seen: Seen) -> float:
        """Return within which distance a look is that of the same body.

        It is how far the body's own looks lie apart from one moment to another; where too few
        were seen, how far normal exemplars lie from their nearest.
        """
        vectors, away = self._vectors(seen.looks), []
        for number, at in enumerate(seen.at):
            others = vectors[np.abs(seen.at - at) >= _APART_S]
            if len(others):
                away.append(float(nearest(others, vectors[number][None])[0][0]))
        if len(away) >= _LEAST_LOOKS:
            return WIDER * float(np.quantile(away, 0.9))
        return float(self._look["base"]) * 2 if self._look is not None else np.inf
