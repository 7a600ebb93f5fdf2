"""Ways in which a copy of a clip may be changed, as changes of what is known of its frames.

A clip is compared with another after one of the two has been changed in one of these ways: where
the one is a mirrored copy of the other, the mirrored one is a plain copy. Only the grey levels of
blocks are changed; hashes stay, and are not compared.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from vadjax.data.frames.content import GRID, ROW
from vadjax.data.leakage.changed_rows import ChangedRows, Look, Rows

SPEEDS = (1.25, 1.5, 2.0, 3.0, 4.0)  # of a copy that plays faster; the slower ones mirror them


class Variant(NamedTuple):
    """One way of changing a copy.

    Attributes:
        kind: in the words of the audit; of two changes both, "mirrored, sped up".
        look: makes rows `content.ROW` [n] of the test clip look as those of the used one.
        pace: of the used clip one frame in so many is compared.
        speed: frames of the used clip for one of the test clip; below 0 it plays backwards.
    """

    kind: str
    look: Look
    pace: float = 1.0
    speed: float = 1.0

    def change(self, rows: np.ndarray) -> Rows:
        """Return what the test clip's rows [t] are in the used clip, but for its pace."""
        every = max(1.0, 1 / abs(self.speed))
        if every == 1 and self.speed > 0 and self.look is plain:
            return rows
        return ChangedRows(rows, self.look, every=every, backwards=self.speed < 0)


def paced(rows: np.ndarray, pace: float) -> Rows:
    """Let a clip play faster.

    Args:
        rows: `content.ROW` [t].
        pace: of its frames one in so many is kept, 1 or more.

    Returns:
        The rows that are kept, the nearest ones.
    """
    return rows if pace == 1 else ChangedRows(rows, plain, every=pace)


def plain(rows: np.ndarray) -> np.ndarray:
    """Return the rows as they are."""
    return rows


def mirrored(rows: np.ndarray) -> np.ndarray:
    """Return the rows with left and right exchanged."""
    return _of_grid(rows, lambda grid: grid[:, :, ::-1])


def upside_down(rows: np.ndarray) -> np.ndarray:
    """Return the rows with top and bottom exchanged."""
    return _of_grid(rows, lambda grid: grid[:, ::-1])


def turned(rows: np.ndarray) -> np.ndarray:
    """Return the rows turned by 180 degrees."""
    return _of_grid(rows, lambda grid: grid[:, ::-1, ::-1])


def negative(rows: np.ndarray) -> np.ndarray:
    """Return the rows with dark and bright exchanged."""
    return _of_grid(rows, lambda grid: 255 - grid)


SPACE: tuple[tuple[str, Look], ...] = (
    ("mirrored", mirrored),
    ("upside down", upside_down),
    ("turned", turned),
)


def variants() -> list[Variant]:
    """Return all ways that are looked for but crops, ordered by `pace`.

    Of two changes one is of space or time, the other of another sort: of space, of grey levels
    (negative), of the direction in time, of speed.
    """
    looks = [("", plain), *SPACE, ("negative", negative)]
    looks += [(f"{name}, negative", _both(look, negative)) for name, look in SPACE]
    found = [Variant(name, look) for name, look in looks if name]
    ways = [*(look for look in looks if ", " not in look[0])]
    for name, look in ways:
        kind = f"{name}, backwards" if name else "backwards"
        found.append(Variant(kind, look, speed=-1.0))
    ways.append(("backwards", plain))
    for speed in SPEEDS:
        for name, look in ways:
            kind = f"{name}, slowed down" if name else "slowed down"
            sign = -1 if name == "backwards" else 1
            found.append(Variant(kind, look, speed=sign / speed))
    for speed in SPEEDS:
        for name, look in ways:
            kind = f"{name}, sped up" if name else "sped up"
            sign = -1 if name == "backwards" else 1
            found.append(Variant(kind, look, pace=speed, speed=sign * speed))
    return found


def _both(first: Look, second: Look) -> Look:
    return lambda rows: second(first(rows))


def _of_grid(rows: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    changed = np.empty(len(rows), ROW)
    changed["hash"] = rows["hash"]
    grid = change(rows["grid"].reshape(-1, GRID, GRID))
    changed["grid"] = grid.reshape(len(rows), GRID * GRID)
    return changed


def cropped(top: float, left: float, share: float) -> Look:
    """Return a look that cuts out a part of the frame.

    Args:
        top: of the part, as a share of the frame.
        left: the same.
        share: width and height of the part.

    Returns:
        The look: `content.ROW` [t] to the same of the part.
    """
    weights = _overlap(top, share), _overlap(left, share)

    def change(rows: np.ndarray) -> np.ndarray:
        grid = rows["grid"].reshape(-1, GRID, GRID).astype(np.float32)
        seen = np.einsum("ai,tij,bj->tab", weights[0], grid, weights[1], optimize=True)
        changed = np.empty(len(rows), ROW)
        changed["hash"] = rows["hash"]
        changed["grid"] = np.rint(seen).reshape(len(rows), GRID * GRID).astype(np.uint8)
        return changed

    return change


def _overlap(start: float, share: float) -> np.ndarray:
    """Return float32 [GRID, GRID], the share of each new block that lies in each old one."""
    edges = GRID * (start + share * np.arange(GRID + 1) / GRID)
    low, high = edges[:-1, None], edges[1:, None]
    old = np.arange(GRID)
    inside = np.clip(np.minimum(high, old + 1) - np.maximum(low, old), 0, None)
    return (inside / inside.sum(1, keepdims=True)).astype(np.float32)
